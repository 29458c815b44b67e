//! What can be said about a rule's expression before any document is looked at.
//!
//! CEL is dynamically typed here, so the check is one of shapes: it refuses what can never be a boolean, calls
//! of unknown functions, broken literal patterns and names that no document has, and it finds the findings
//! that the expression counts.

use std::collections::{BTreeMap, BTreeSet};

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use crate::validate::nearest;

/// Functions of the standard library that rules may call, besides operators and macros.
const FUNCTIONS: [&str; 15] = [
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
    "min",
    "max",
];

/// A defect, at a node of the expression.
pub(super) struct Defect {
    pub(super) node: u64,
    pub(super) cause: String,
}

/// Names that an expression uses: variables with the node of their first use, and the findings it counts.
#[derive(Default)]
pub(super) struct Uses {
    pub(super) variables: BTreeMap<String, u64>,
    /// (plugin, rule)
    pub(super) findings: BTreeSet<(String, String)>,
}

/// Checks an expression and finds the names in it.
pub(super) fn inspect(root: &IdedExpr) -> Result<Uses, Defect> {
    let mut uses = Uses::default();
    let mut bound = BTreeSet::new();
    walk(root, &mut |node| visit(node, &mut uses, &mut bound))?;
    uses.variables.retain(|name, _| !bound.contains(name));
    boolean(root)?;
    Ok(uses)
}

fn visit(node: &IdedExpr, uses: &mut Uses, bound: &mut BTreeSet<String>) -> Result<(), Defect> {
    match &node.expr {
        Expr::Ident(name) => {
            uses.variables.entry(name.clone()).or_insert(node.id);
        }
        Expr::Comprehension(inner) => {
            bound.extend([inner.iter_var.clone(), inner.accu_var.clone()]);
            bound.extend(inner.iter_var2.clone());
        }
        Expr::Call(call) => {
            check_call(node.id, call)?;
            if let (operators::INDEX, [operand, key]) = (call.func_name.as_str(), call.args.as_slice())
                && let Some(rule) = literal_string(key)
            {
                uses.findings.extend(findings_plugin(operand).map(|plugin| (plugin, rule.to_owned())));
            }
        }
        Expr::Select(select) if !select.test => {
            let plugin = findings_plugin(&select.operand);
            uses.findings.extend(plugin.map(|plugin| (plugin, select.field.clone())));
        }
        _ => {}
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

/// The plugin of `findings.PLUGIN` or `findings["PLUGIN"]`.
fn findings_plugin(node: &IdedExpr) -> Option<String> {
    let is_findings = |node: &IdedExpr| matches!(&node.expr, Expr::Ident(name) if name == "findings");
    match &node.expr {
        Expr::Select(select) if !select.test && is_findings(&select.operand) => Some(select.field.clone()),
        Expr::Call(call) if call.func_name == operators::INDEX => match call.args.as_slice() {
            [operand, key] if is_findings(operand) => literal_string(key).map(str::to_owned),
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
        Expr::Ident(name) if super::mix::BUILT_IN.contains(&name.as_str()) => never(&format!("{name} is")),
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
    entry: &cel::common::ast::EntryExpr,
    visit: &mut dyn FnMut(&IdedExpr) -> Result<(), Defect>,
) -> Result<(), Defect> {
    match entry {
        cel::common::ast::EntryExpr::StructField(field) => walk(&field.value, visit),
        cel::common::ast::EntryExpr::MapEntry(pair) => {
            walk(&pair.key, visit)?;
            walk(&pair.value, visit)
        }
    }
}
