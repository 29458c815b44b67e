//! What evaluating a rule may cost, found before any document is looked at.
//!
//! CEL ends always, and takes as long as its loops are nested: eight `all` over ten numbers are a hundred million steps
//! for every document, and `[s + s].all(…)` within another doubles a text each time. So steps and sizes are bounded from
//! the expression alone. What a document brings (its attributes, findings and errors) counts as [`DOCUMENT`].

use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use super::defect::Defect;

/// The deepest nesting of an expression: evaluating recurses, on stacks of 2 MiB.
const DEPTH: usize = 200;

/// The most steps of evaluating a rule for one document, some tens of milliseconds.
const STEPS: u64 = 100_000;

/// The most bytes of a value.
const BYTES: u64 = 1 << 20;

/// What a variable of a document counts as: 64 items, 4 KiB in all.
const DOCUMENT: Value = Value { bytes: 4 << 10, items: 64, item: 4 << 10 };

/// Bytes that are copied or compared in one step.
const BYTES_PER_STEP: u64 = 64;

/// Steps of compiling a pattern, which `matches` does each time.
const PATTERN: u64 = 2_000;

/// Operators and functions that give a number or a boolean, whatever they are given.
const SCALAR: [&str; 23] = [
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::LESS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::GREATER_EQUALS,
    operators::IN,
    operators::SUBSTRACT,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::NEGATE,
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "size",
    "int",
    "uint",
    "double",
];

/// Bounds of a value.
#[derive(Debug, Clone, Copy, Default)]
struct Value {
    /// Of all of it.
    bytes: u64,
    /// What a loop over it would see.
    items: u64,
    /// Of its largest item.
    item: u64,
}

impl Value {
    const SCALAR: Value = Value { bytes: 8, items: 0, item: 0 };

    fn text(bytes: usize) -> Self {
        Value { bytes: bytes as u64, ..Value::SCALAR }
    }

    /// Both, one after the other.
    fn with(self, other: Self) -> Self {
        Value {
            bytes: self.bytes.saturating_add(other.bytes),
            items: self.items.saturating_add(other.items),
            item: self.item.max(other.item),
        }
    }

    /// Either.
    fn or(self, other: Self) -> Self {
        Value {
            bytes: self.bytes.max(other.bytes),
            items: self.items.max(other.items),
            item: self.item.max(other.item),
        }
    }

    /// Part of a list or a map.
    fn add_item(self, item: Self) -> Self {
        self.with(Value { bytes: item.bytes.saturating_add(8), items: 1, item: item.bytes })
    }
}

/// Refuses an expression that is nested too deeply to be walked or evaluated. This itself recurses as deeply as that is.
pub(super) fn check_depth(root: &IdedExpr) -> Result<(), Defect> {
    fn deeper(node: &IdedExpr, depth: usize) -> Result<(), Defect> {
        if depth > DEPTH {
            return Err(Defect { node: node.id, cause: too_deep() });
        }
        let mut below = Vec::new();
        for_each_part(node, &mut |part| below.push(part));
        below.into_iter().try_for_each(|part| deeper(part, depth + 1))
    }
    deeper(root, 0)
}

/// Why an expression is refused that is nested more deeply than it may be.
pub(super) fn too_deep() -> String {
    "it is nested too deeply here; split it into several rules, all of which have to hold, or write long sums and chains \
     shorter"
        .to_owned()
}

/// Refuses an expression that may take too many steps, or make a value that is too large.
pub(super) fn check(root: &IdedExpr) -> Result<(), Defect> {
    let mut count = Count { steps: 0, largest: 0, bound: Vec::new() };
    count.value(root);
    let defect = |cause: String| Err(Defect { node: root.id, cause });
    let remedy =
        "nest fewer loops, over shorter lists, or split it into several rules, all of which have to hold";
    if count.steps > STEPS {
        return defect(format!(
            "it may take {} steps for each file, and {STEPS} are allowed; {remedy}",
            shown(count.steps)
        ));
    }
    if count.largest > BYTES {
        return defect(format!(
            "it may make a value of {} bytes, and {BYTES} are allowed; {remedy}",
            shown(count.largest)
        ));
    }
    Ok(())
}

fn shown(number: u64) -> String {
    if number == u64::MAX { "countless".to_owned() } else { number.to_string() }
}

struct Count {
    steps: u64,
    largest: u64,
    /// Variables of the loops around, the innermost last.
    bound: Vec<(String, Value)>,
}

impl Count {
    fn step(&mut self, steps: u64) {
        self.steps = self.steps.saturating_add(steps);
    }

    fn value(&mut self, node: &IdedExpr) -> Value {
        self.step(1);
        let value = match &node.expr {
            Expr::Literal(LiteralValue::String(text)) => Value::text(text.inner().len()),
            Expr::Literal(LiteralValue::Bytes(bytes)) => Value::text(bytes.inner().len()),
            Expr::Unspecified | Expr::Literal(_) => Value::SCALAR,
            Expr::Ident(name) => {
                self.bound.iter().rev().find(|(bound, _)| bound == name).map_or(DOCUMENT, |(_, value)| *value)
            }
            // A part is no larger than the whole.
            Expr::Select(select) => self.value(&select.operand),
            Expr::List(_) | Expr::Map(_) | Expr::Struct(_) => {
                let mut parts = Vec::new();
                for_each_part(node, &mut |part| parts.push(part));
                parts.into_iter().fold(Value::SCALAR, |all, part| all.add_item(self.value(part)))
            }
            Expr::Call(call) => {
                let mut given: Vec<Value> = Vec::new();
                for part in call.target.as_deref().into_iter().chain(&call.args) {
                    given.push(self.value(part));
                }
                let all = given.iter().fold(Value::default(), |all, value| all.with(*value));
                self.step(all.bytes / BYTES_PER_STEP);
                match call.func_name.as_str() {
                    "matches" => {
                        self.step(PATTERN.saturating_add(given.last().map_or(0, |pattern| pattern.bytes)));
                        Value::SCALAR
                    }
                    name if SCALAR.contains(&name) => Value::SCALAR,
                    operators::INDEX => given.first().copied().unwrap_or_default(),
                    operators::CONDITIONAL => given.into_iter().fold(Value::default(), Value::or),
                    _ => all,
                }
            }
            Expr::Comprehension(inner) => self.comprehension(inner),
        };
        self.largest = self.largest.max(value.bytes);
        value
    }

    /// A loop, which `all`, `exists`, `map` and the like are: for every item of the range its step makes of what was
    /// accumulated the next.
    fn comprehension(&mut self, inner: &ComprehensionExpr) -> Value {
        let range = self.value(&inner.iter_range);
        let start = self.value(&inner.accu_init);
        let outer = self.bound.len();
        // An item may itself be a list, of no more than what is in it.
        let item = Value { bytes: range.item, items: range.item.min(range.bytes / 8), item: range.item };
        self.bound.push((inner.iter_var.clone(), item));
        self.bound.extend(inner.iter_var2.iter().map(|name| (name.clone(), item)));
        self.bound.push((inner.accu_var.clone(), start));
        let before = std::mem::take(&mut self.steps);
        self.value(&inner.loop_cond);
        let next = self.value(&inner.loop_step);
        // Nobody can name what is accumulated but the macros, which add to it once in a step.
        let times = |next: u64, start: u64| {
            start.saturating_add(next.saturating_sub(start).saturating_mul(range.items))
        };
        let end = Value {
            bytes: times(next.bytes, start.bytes),
            items: times(next.items, start.items),
            item: next.item.max(start.item),
        };
        let each = self.steps.saturating_add(end.bytes / BYTES_PER_STEP);
        self.steps = before.saturating_add(each.saturating_mul(range.items));
        if let Some((_, value)) = self.bound.last_mut() {
            *value = end;
        }
        let result = self.value(&inner.result);
        self.bound.truncate(outer);
        result
    }
}

/// Visits what a node consists of.
fn for_each_part<'a>(node: &'a IdedExpr, visit: &mut dyn FnMut(&'a IdedExpr)) {
    let entry = |entry: &'a EntryExpr, visit: &mut dyn FnMut(&'a IdedExpr)| match entry {
        EntryExpr::StructField(field) => visit(&field.value),
        EntryExpr::MapEntry(pair) => {
            visit(&pair.key);
            visit(&pair.value);
        }
    };
    match &node.expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).for_each(visit),
        Expr::Comprehension(inner) => {
            [&inner.iter_range, &inner.accu_init, &inner.loop_cond, &inner.loop_step, &inner.result]
                .into_iter()
                .for_each(visit);
        }
        Expr::List(list) => list.elements.iter().for_each(visit),
        Expr::Select(select) => visit(&select.operand),
        Expr::Map(map) => map.entries.iter().for_each(|item| entry(&item.expr, visit)),
        Expr::Struct(map) => map.entries.iter().for_each(|item| entry(&item.expr, visit)),
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
    }
}
