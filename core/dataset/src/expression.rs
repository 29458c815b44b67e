//! What can be said about a rule's expression before any document is looked at.
//!
//! CEL is dynamically typed here, so the check is one of shapes: it refuses what can never be a boolean, calls
//! of unknown functions and broken literal patterns, and it finds the names that the expression uses.

use std::collections::{BTreeMap, BTreeSet};

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use codetune_validate::nearest;

use super::cost;
use super::defect::Defect;

/// Functions of the standard library that rules may call, besides operators and macros.
const FUNCTIONS: [&str; 13] = [
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "size",
    "int",
    "uint",
    "double",
    "string",
    "bool",
    "bytes",
    "type",
    "dyn",
];

/// Names that an expression uses, each with the node of its first use: variables as one name, members as two or
/// more, so that `findings.secrets["api-key"]` is `findings`, `secrets`, `api-key`.
pub(super) type Uses = BTreeMap<Vec<String>, u64>;

/// Checks an expression and finds the names in it. It may be nested no deeper than [`cost::check_depth`] lets through.
pub(super) fn inspect(root: &IdedExpr) -> Result<Uses, Defect> {
    let mut uses = Uses::default();
    let mut bound = BTreeSet::new();
    walk(root, &mut |node| visit(node, &mut uses, &mut bound))?;
    uses.retain(|path, _| path.first().is_some_and(|name| !bound.contains(name)));
    boolean(root)?;
    cost::check(root)?;
    Ok(uses)
}

fn visit(node: &IdedExpr, uses: &mut Uses, bound: &mut BTreeSet<String>) -> Result<(), Defect> {
    match &node.expr {
        Expr::Comprehension(inner) => {
            bound.extend([inner.iter_var.clone(), inner.accu_var.clone()]);
            bound.extend(inner.iter_var2.clone());
        }
        Expr::Call(call) => check_call(node.id, call)?,
        _ => {}
    }
    if let Some(path) = path(node) {
        uses.entry(path).or_insert(node.id);
    }
    Ok(())
}

fn check_call(node: u64, call: &CallExpr) -> Result<(), Defect> {
    let name = call.func_name.as_str();
    // Operators are named with signs and expanded macros with an '@'.
    let operator = name.contains(|c: char| !c.is_ascii_alphanumeric());
    if !operator && !FUNCTIONS.contains(&name) {
        let hint = nearest(name, FUNCTIONS).map_or_else(
            || format!("known are {}", FUNCTIONS.join(", ")),
            |near| format!("did you mean {near}?"),
        );
        return Err(Defect { node, cause: format!("there is no function {name}; {hint}") });
    }
    if name == "matches"
        && let Some(pattern) = call.args.last().and_then(literal_string)
        && let Err(error) = regex::Regex::new(pattern)
    {
        return Err(Defect { node, cause: format!("the pattern of matches is not valid: {error}") });
    }
    Ok(())
}

/// The names of `a.b["c"]`; nothing where one of them is computed.
fn path(node: &IdedExpr) -> Option<Vec<String>> {
    let member = |operand, name: &str| {
        let mut path = path(operand)?;
        path.push(name.to_owned());
        Some(path)
    };
    match &node.expr {
        Expr::Ident(name) => Some(vec![name.clone()]),
        Expr::Select(select) => member(&select.operand, &select.field),
        Expr::Call(call) if call.func_name == operators::INDEX => match call.args.as_slice() {
            [operand, key] => member(operand, literal_string(key)?),
            _ => None,
        },
        _ => None,
    }
}

fn literal_string(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

/// Refuses an expression that can never be a boolean, here or below a logical operator.
fn boolean(node: &IdedExpr) -> Result<(), Defect> {
    let never = |what: &str| {
        let cause = format!("{what} where a boolean is needed; compare it, for example with == or <");
        Err(Defect { node: node.id, cause })
    };
    match &node.expr {
        Expr::Literal(LiteralValue::Boolean(_)) => Ok(()),
        Expr::Literal(_) => never("a literal"),
        Expr::List(_) => never("a list"),
        Expr::Map(_) | Expr::Struct(_) => never("a map"),
        Expr::Ident(name) if super::vocabulary::BUILT_IN.contains(&name.as_str()) => {
            never(&format!("{name} is"))
        }
        Expr::Comprehension(inner) => match (&inner.accu_init.expr, &inner.result.expr) {
            (Expr::List(_), Expr::Ident(_)) => never("a list"),
            _ => Ok(()),
        },
        Expr::Call(call) => match call.func_name.as_str() {
            operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT => {
                call.args.iter().try_for_each(boolean)
            }
            operators::CONDITIONAL => call.args.iter().try_for_each(boolean),
            operators::ADD
            | operators::SUBSTRACT
            | operators::MULTIPLY
            | operators::DIVIDE
            | operators::MODULO
            | operators::NEGATE => never("a number or a text"),
            name @ ("size" | "int" | "uint" | "double" | "string" | "bytes" | "type") => {
                never(&format!("the result of {name}"))
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

fn walk(node: &IdedExpr, visit: &mut dyn FnMut(&IdedExpr) -> Result<(), Defect>) -> Result<(), Defect> {
    visit(node)?;
    match &node.expr {
        Expr::Call(call) => {
            call.target.iter().try_for_each(|target| walk(target, visit))?;
            call.args.iter().try_for_each(|argument| walk(argument, visit))
        }
        Expr::Comprehension(inner) => {
            let parts =
                [&inner.iter_range, &inner.accu_init, &inner.loop_cond, &inner.loop_step, &inner.result];
            parts.into_iter().try_for_each(|part| walk(part, visit))
        }
        Expr::List(list) => list.elements.iter().try_for_each(|element| walk(element, visit)),
        Expr::Select(select) => walk(&select.operand, visit),
        Expr::Map(map) => map.entries.iter().try_for_each(|entry| walk_entry(&entry.expr, visit)),
        Expr::Struct(map) => map.entries.iter().try_for_each(|entry| walk_entry(&entry.expr, visit)),
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Ok(()),
    }
}

fn walk_entry(
    entry: &EntryExpr,
    visit: &mut dyn FnMut(&IdedExpr) -> Result<(), Defect>,
) -> Result<(), Defect> {
    match entry {
        EntryExpr::StructField(field) => walk(&field.value, visit),
        EntryExpr::MapEntry(pair) => {
            walk(&pair.key, visit)?;
            walk(&pair.value, visit)
        }
    }
}
