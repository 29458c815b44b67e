//! Functions that call themselves, or one another in a circle, as far as one file tells.

use std::collections::HashMap;
use std::ops::Range;

use crate::function::Function;
use crate::language::Language;

/// A call from within a function.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub caller: usize,
    /// The path to the called function, as written.
    pub path: Range<usize>,
}

/// Paths longer than this are expressions.
const MOST_PATH: usize = 256;

/// Names around a call that are tried, from the inside.
const MOST_SCOPES: usize = 16;

/// Bytes of a call that are read to count its arguments.
const MOST_ARGUMENTS: usize = 4_096;

/// Says of each function whether it is in a cycle of calls.
///
/// Names are looked up in the scopes around the call; `self.f()` and the like in the type around. What is imported,
/// inherited or passed as a value is not known.
pub(crate) fn recursive(
    text: &str,
    language: &Language,
    functions: &[Function],
    calls: &[Call],
) -> Vec<bool> {
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, function) in functions.iter().enumerate() {
        by_name.entry(&function.name).or_default().push(index);
    }
    let names = Names { text, language, functions, by_name };
    let mut edges = vec![Vec::new(); functions.len()];
    for call in calls {
        if let (Some(called), Some(edges)) = (names.resolve(call), edges.get_mut(call.caller)) {
            edges.push(called);
        }
    }
    in_cycles(&edges)
}

struct Names<'a> {
    text: &'a str,
    language: &'a Language,
    functions: &'a [Function],
    by_name: HashMap<&'a str, Vec<usize>>,
}

impl Names<'_> {
    fn resolve(&self, call: &Call) -> Option<usize> {
        let caller = self.functions.get(call.caller)?;
        let path = self.text.get(call.path.clone()).filter(|path| path.len() <= MOST_PATH)?;
        // Of `f<T>` only the name.
        let path = path.split('<').next().unwrap_or(path).trim_end();
        let separator = self.language.separator;
        let path = path.trim_end_matches(separator);
        if let Some(name) = self.on_itself(caller, path) {
            // A function that is defined outside its type says in its name what it belongs to.
            let outside = caller.name.rfind(separator).and_then(|at| caller.name.get(..at));
            let owner = caller.owner.as_deref().or(outside).filter(|owner| !owner.is_empty());
            return match owner {
                Some(owner) => self.named(&[owner, separator, name].concat(), call),
                None => self.named(name, call),
            };
        }
        let bare = !path.contains(separator);
        let mut scope: &str = &caller.name;
        for _ in 0..MOST_SCOPES {
            let full = [scope, separator, path].concat();
            let found = if scope.is_empty() { self.named(path, call) } else { self.named(&full, call) };
            let callable = |index: &usize| {
                let method = self.functions.get(*index).is_some_and(|function| function.method);
                !(bare && method) || self.language.bare_methods
            };
            if let Some(index) = found.filter(callable) {
                return Some(index);
            }
            if scope.is_empty() {
                return None;
            }
            scope = scope.rfind(separator).map_or("", |at| scope.get(..at).unwrap_or_default());
        }
        None
    }

    /// The name of what is called on the caller's own value or type.
    fn on_itself<'p>(&self, caller: &Function, path: &'p str) -> Option<&'p str> {
        let receiver = caller.receiver.clone().and_then(|span| self.text.get(span));
        let named = receiver.and_then(|name| path.strip_prefix(name)?.strip_prefix(self.language.separator));
        named.or_else(|| self.language.receivers.iter().find_map(|prefix| path.strip_prefix(prefix)))
    }

    /// The function of that name; of several, or where others of that name may be elsewhere, the one that takes as
    /// many arguments.
    fn named(&self, name: &str, call: &Call) -> Option<usize> {
        let found = self.by_name.get(name)?;
        if !self.language.overloads {
            return found.last().copied();
        }
        let arguments = self.arguments(call.path.end)?;
        let takes = |function: &Function| {
            function.required <= arguments && (arguments <= function.parameters || function.variadic)
        };
        let mut fitting = found.iter().copied().filter(|&index| self.functions.get(index).is_some_and(takes));
        fitting.next().filter(|_| fitting.next().is_none())
    }

    /// How many arguments the call whose path ends at `at` has.
    fn arguments(&self, at: usize) -> Option<usize> {
        let rest = self.text.get(at..)?;
        let rest = rest.get(..rest.floor_char_boundary(MOST_ARGUMENTS))?;
        let (mut depth, mut count, mut empty) = (0_usize, 0, true);
        let mut characters = rest.chars();
        while let Some(character) = characters.next() {
            match character {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth <= 1 => return Some(count + usize::from(!empty)),
                ')' | ']' | '}' => depth -= 1,
                ',' if depth == 1 => count += 1,
                '"' | '\'' => {
                    while let Some(inside) = characters.next().filter(|inside| *inside != character) {
                        if inside == '\\' {
                            characters.next();
                        }
                    }
                }
                _ => {}
            }
            if depth > 1 || depth == 1 && !character.is_whitespace() && character != '(' {
                empty = false;
            }
        }
        None
    }
}

/// Which nodes of a graph lie on a cycle (Tarjan, *Depth-first search and linear graph algorithms*, 1972).
fn in_cycles(edges: &[Vec<usize>]) -> Vec<bool> {
    const UNSEEN: usize = usize::MAX;
    let count = edges.len();
    let (mut order, mut low) = (vec![UNSEEN; count], vec![UNSEEN; count]);
    let (mut on_stack, mut cyclic) = (vec![false; count], vec![false; count]);
    let (mut stack, mut next) = (Vec::new(), 0);
    let mut path: Vec<(usize, usize)> = Vec::new();
    for root in 0..count {
        if order[root] != UNSEEN {
            continue;
        }
        path.push((root, 0));
        while let Some(&mut (node, ref mut edge)) = path.last_mut() {
            if *edge == 0 && order[node] == UNSEEN {
                (order[node], low[node]) = (next, next);
                next += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            if let Some(&target) = edges[node].get(*edge) {
                *edge += 1;
                if order[target] == UNSEEN {
                    path.push((target, 0));
                } else if on_stack[target] {
                    cyclic[node] |= target == node;
                    low[node] = low[node].min(order[target]);
                }
                continue;
            }
            path.pop();
            if let Some(&(parent, _)) = path.last() {
                low[parent] = low[parent].min(low[node]);
            }
            if low[node] == order[node] {
                let start = stack.iter().rposition(|&other| other == node).unwrap_or_default();
                let several = stack.len() - start > 1;
                for member in stack.drain(start..) {
                    on_stack[member] = false;
                    cyclic[member] |= several;
                }
            }
        }
    }
    cyclic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_are_those_of_the_graph() {
        let edges = [vec![1], vec![2], vec![0, 3], vec![4], vec![4], vec![3]];
        assert_eq!(in_cycles(&edges), [true, true, true, false, true, false]);
    }

    #[test]
    fn a_long_chain_takes_no_stack() {
        let mut edges: Vec<Vec<usize>> = (0..200_000).map(|node| vec![node + 1]).collect();
        edges.push(vec![0]);
        assert!(in_cycles(&edges).iter().all(|&cyclic| cyclic));
    }
}
