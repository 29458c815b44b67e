//! Branches of `#if`, where they cut a statement, an expression or a list in two.

use std::ops::Range;

use super::edits::Edits;
use super::tokens::{Token, TokenKind};

/// What may stand before and at the end of whole statements and declarations.
const ENDS: [&str; 4] = [";", "{", "}", ":"];

/// Brackets and ends of some tokens.
#[derive(Clone, Copy, Debug, Default)]
struct Shape {
    /// Brackets that are opened and not closed.
    net: isize,
    /// The lowest that count gets.
    low: isize,
    /// The first and the last token that is code.
    first: Option<usize>,
    last: Option<usize>,
}

impl Shape {
    fn add(&mut self, token: usize, net: isize) {
        self.net += net;
        self.low = self.low.min(self.net);
        self.first.get_or_insert(token);
        self.last = Some(token);
    }

    fn append(&mut self, other: Shape) {
        self.low = self.low.min(self.net + other.low);
        self.net += other.net;
        self.first = self.first.or(other.first);
        self.last = other.last.or(self.last);
    }

    fn is_balanced(&self) -> bool {
        self.net == 0 && self.low == 0
    }
}

/// A branch: its directive, and what it holds.
#[derive(Debug)]
struct Branch {
    directive: usize,
    shape: Shape,
}

/// An `#if` with what follows it, up to its `#endif`.
#[derive(Debug)]
struct Group {
    /// The token of code before it.
    before: Option<usize>,
    branches: Vec<Branch>,
}

/// Takes the directives away, and all branches but one, of conditionals that are not around whole statements.
///
/// The branch that stays is the one that a preprocessor takes that knows no macro but the language's own. What stands
/// in `#if` without another branch stays, unless that is known to be false.
pub(super) fn flatten(text: &str, tokens: &[Token], cpp: bool, edits: &mut Edits) {
    let word = |token: usize| tokens.get(token).and_then(|t| text.get(t.span.clone())).unwrap_or_default();
    let next = next_code(tokens, edits);
    let mut groups: Vec<Group> = Vec::new();
    let mut top = Shape::default();
    for (index, token) in tokens.iter().enumerate() {
        if token.kind != TokenKind::Directive {
            if !edits.is_blank(token.span.clone()) {
                let net = match word(index) {
                    "(" | "[" | "{" => 1,
                    ")" | "]" | "}" => -1,
                    _ => 0,
                };
                current(&mut groups, &mut top).add(index, net);
            }
            continue;
        }
        match directive(word(index)).0 {
            "if" | "ifdef" | "ifndef" => {
                let before = before(&groups, &top);
                let branch = Branch { directive: index, shape: Shape::default() };
                groups.push(Group { before, branches: vec![branch] });
            }
            "elif" | "else" | "elifdef" | "elifndef" => {
                if let Some(group) = groups.last_mut() {
                    group.branches.push(Branch { directive: index, shape: Shape::default() });
                }
            }
            "endif" => {
                let Some(group) = groups.pop() else { continue };
                let after = next.get(index).copied().flatten();
                let is_end = |token: Option<usize>| {
                    token.is_none_or(|token| {
                        ENDS.contains(&word(token))
                            || tokens.get(token).is_some_and(|t| t.kind == TokenKind::Directive)
                    })
                };
                let whole = is_end(group.before)
                    && after.is_none_or(|after| word(after) != "else")
                    && group.branches.iter().all(|branch| {
                        branch.shape.is_balanced()
                            && branch.shape.first.is_none_or(|first| word(first) != "else")
                    });
                // One that ends otherwise beside others that do not ends with a macro.
                let ends = |branch: &Branch| branch.shape.last.is_some() && is_end(branch.shape.last);
                let whole = whole
                    && (group.branches.iter().any(ends)
                        || group.branches.iter().all(|branch| branch.shape.last.is_none()));
                let truth = |branch: &Branch| truth(directive(word(branch.directive)), cpp);
                let several = group.branches.len() > 1;
                let taken = if whole {
                    None
                } else if several {
                    let taken = group.branches.iter().position(|branch| truth(branch) == Some(true));
                    let open = group.branches.iter().position(|branch| truth(branch).is_none());
                    Some(taken.or(open).or(Some(0)))
                } else {
                    // What only some other language has, or nobody, is away; what is optional is there.
                    let away = |branch: &&Branch| {
                        let line = word(branch.directive);
                        let certain = line.contains("__cplusplus") || directive(line).1 == "0";
                        certain && truth(branch) == Some(false)
                    };
                    Some(group.branches.first().filter(|branch| !away(branch)).map(|_| 0))
                };
                // What is never compiled is often no code.
                let dead = |branch: &Branch| directive(word(branch.directive)) == ("if", "0");
                let ends: Vec<usize> =
                    group.branches.iter().skip(1).map(|branch| branch.directive).chain([index]).collect();
                let mut kept = Shape::default();
                for (place, (branch, &end)) in group.branches.iter().zip(&ends).enumerate() {
                    let body = body(tokens, branch.directive, end);
                    let stays = taken.map_or(!dead(branch), |taken| taken == Some(place));
                    if !stays {
                        edits.blank(body);
                    } else if taken.is_some() {
                        kept.append(branch.shape);
                    }
                    if taken.is_some() {
                        blank_token(tokens, branch.directive, edits);
                    }
                }
                if taken.is_some() {
                    blank_token(tokens, index, edits);
                } else {
                    // Whole statements, as one.
                    kept.last = Some(index);
                    kept.first = Some(index);
                }
                current(&mut groups, &mut top).append(kept);
            }
            _ => {}
        }
    }
}

fn current<'a>(groups: &'a mut [Group], top: &'a mut Shape) -> &'a mut Shape {
    match groups.last_mut().and_then(|group| group.branches.last_mut()) {
        Some(branch) => &mut branch.shape,
        None => top,
    }
}

/// The last token of code, of those that stand together.
fn before(groups: &[Group], top: &Shape) -> Option<usize> {
    match groups.last() {
        Some(group) => group.branches.last().and_then(|branch| branch.shape.last).or(group.before),
        None => top.last,
    }
}

/// The first token of code behind each token.
fn next_code(tokens: &[Token], edits: &Edits) -> Vec<Option<usize>> {
    let mut next = vec![None; tokens.len()];
    let mut found = None;
    for (index, token) in tokens.iter().enumerate().rev() {
        if let Some(next) = next.get_mut(index) {
            *next = found;
        }
        if token.kind != TokenKind::Directive && !edits.is_blank(token.span.clone()) {
            found = Some(index);
        }
    }
    next
}

fn body(tokens: &[Token], from: usize, to: usize) -> Range<usize> {
    let start = tokens.get(from).map_or(0, |token| token.span.end);
    start..tokens.get(to).map_or(start, |token| token.span.start)
}

fn blank_token(tokens: &[Token], index: usize, edits: &mut Edits) {
    if let Some(token) = tokens.get(index) {
        edits.blank(token.span.clone());
    }
}

/// The name of a directive, and the rest of it.
pub(super) fn directive(line: &str) -> (&str, &str) {
    let line = line.trim_start_matches('#').trim_start();
    let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    (name, rest.trim())
}

/// Whether the branch of this directive is taken where no macro is defined but the language's own; `None` where that
/// is not plain to see.
fn truth((name, condition): (&str, &str), cpp: bool) -> Option<bool> {
    let condition = condition.split("/*").next().unwrap_or(condition).trim();
    let defined = |name: &str| name == "__cplusplus" && cpp;
    let of = |condition: &str| {
        let inner = condition.strip_prefix("defined").map(|name| name.trim().trim_matches(['(', ')']).trim());
        match inner {
            Some(name) if is_word(name) => Some(defined(name)),
            Some(_) => None,
            None if condition.bytes().all(|byte| byte.is_ascii_digit()) => Some(condition != "0"),
            None if is_word(condition) => Some(defined(condition)),
            None => None,
        }
    };
    match name {
        "else" => Some(true),
        "ifdef" | "elifdef" => Some(defined(condition)),
        "ifndef" | "elifndef" => Some(!defined(condition)),
        _ => {
            let condition =
                condition.strip_prefix('(').and_then(|c| c.strip_suffix(')')).unwrap_or(condition).trim();
            match condition.strip_prefix('!') {
                Some(rest) => of(rest.trim()).map(|truth| !truth),
                None => {
                    // A conjunction of which a part is false, or a disjunction of which one is true.
                    if let Some((left, right)) =
                        condition.split_once("&&").filter(|_| !condition.contains("||"))
                    {
                        let parts = [of(left.trim()), of(right.trim())];
                        return if parts.contains(&Some(false)) { Some(false) } else { None };
                    }
                    of(condition)
                }
            }
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}
