//! Estimates the cost of tree-sitter's query analysis from the text of a pattern.
//!
//! To compile a query, tree-sitter explores all derivations of the children of each node in the pattern, with a state
//! for each parse state and step reached. Siblings, branches and optional parts multiply these states: forty siblings
//! in some C++ nodes take 17 seconds, and ten with four branches each over a minute. The analysis cannot be
//! interrupted, so the shape is checked first.

use super::siblings::Siblings;
use super::tokens::{Token, Tokens};

/// The parts of a pattern that become steps in tree-sitter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Steps: nodes, strings, wildcards and repetitions.
    pub steps: u64,
    /// Number of patterns.
    pub patterns: u64,
    /// Captures, including repeated names.
    pub captures: u64,
    /// Strings and names in predicates.
    pub arguments: u64,
    /// Regular expressions in predicates.
    pub regexes: Vec<String>,
    /// Cost of the analysis, in units of a simple step.
    pub cost: u64,
    /// The largest share of [`Shape::cost`] by one list of siblings.
    pub costliest: u64,
    /// The offset of that list.
    pub costliest_at: usize,
    /// The offset of a repetition of something that may be empty: tree-sitter follows it in an endless loop.
    pub endless_at: Option<usize>,
}

/// The open brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Patterns,
    /// `loose` if the pattern may start inside of it, `any` if it may match any node.
    Node {
        loose: bool,
        any: bool,
    },
    Group,
    Alternation,
}

#[derive(Debug)]
struct Open {
    kind: Kind,
    at: usize,
    inside: Siblings,
    /// The last part, which quantifiers may still extend.
    last: Option<(Siblings, Siblings)>,
}

impl Open {
    fn new(kind: Kind, at: usize) -> Self {
        Open { kind, at, inside: Siblings::NONE, last: None }
    }
}

impl Shape {
    /// Measures a pattern. Invalid patterns have a shape as well; tree-sitter reports their error. `is_any` identifies
    /// node names that stand for several kinds, like `_`.
    pub(super) fn of(pattern: &str, is_any: impl Fn(&str) -> bool) -> Self {
        let mut reader = Reader { shape: Shape::default(), open: vec![Open::new(Kind::Patterns, 0)] };
        let mut rest = Tokens::of(pattern);
        while let Some((at, token)) = rest.next() {
            match token {
                Token::Open if matches!(rest.peek(), Some('#' | '.')) => {
                    let predicate = rest.predicate();
                    reader.shape.arguments += predicate.arguments;
                    if predicate.name.ends_with("match?") {
                        reader.shape.regexes.extend(predicate.last_string);
                    }
                }
                Token::Open => match rest.peek() {
                    Some('(' | '[' | '"') => reader.open(Kind::Group, at),
                    _ => {
                        let name = rest.word();
                        let loose = name == "_" || is_any(name);
                        // Errors and missing tokens may occur anywhere.
                        reader.open(
                            Kind::Node { loose, any: loose || matches!(name, "ERROR" | "MISSING") },
                            at,
                        );
                    }
                },
                Token::OpenAlternation => reader.open(Kind::Alternation, at),
                Token::Close => reader.close(),
                Token::Part { any } => {
                    reader.shape.steps += 1;
                    reader.part(Siblings::one(any));
                }
                Token::Optional => reader.quantify(at, 0, 1),
                Token::Star => reader.quantify(at, 1, 1),
                Token::Plus => reader.quantify(at, 1, 0),
                Token::Capture => reader.shape.captures += 1,
            }
        }
        while reader.open.len() > 1 {
            reader.close();
        }
        reader.flush();
        reader.shape
    }
}

struct Reader {
    shape: Shape,
    open: Vec<Open>,
}

impl Reader {
    fn open(&mut self, kind: Kind, at: usize) {
        self.flush();
        self.open.push(Open::new(kind, at));
    }

    fn part(&mut self, part: Siblings) {
        self.flush();
        if let Some(open) = self.open.last_mut() {
            open.last = Some((part, part));
        }
    }

    fn quantify(&mut self, at: usize, steps: u64, skips: u64) {
        if let Some((bare, last)) = self.open.last_mut().and_then(|open| open.last.as_mut()) {
            last.steps += steps;
            last.weight += steps;
            last.skips += skips;
            last.may_be_none |= skips > 0;
            if bare.may_be_none && skips == 0 {
                self.shape.endless_at.get_or_insert(at);
            }
        }
        // A repeated branch of an alternation adds up to two more.
        self.shape.steps += 3 * steps;
    }

    /// Adds the last part.
    fn flush(&mut self) {
        let Some(open) = self.open.last_mut() else { return };
        let Some((_, last)) = open.last.take() else { return };
        let at = open.at;
        match open.kind {
            Kind::Alternation => open.inside = open.inside.or(last),
            Kind::Node { .. } | Kind::Group => open.inside = open.inside.then(last),
            Kind::Patterns => {
                self.shape.patterns += 1;
                // Siblings without a parent.
                if last.positions > 1 {
                    self.charge(last, true, at);
                }
            }
        }
    }

    fn close(&mut self) {
        self.flush();
        if self.open.len() == 1 {
            return;
        }
        let Some(Open { kind, at, inside, .. }) = self.open.pop() else { return };
        match kind {
            Kind::Node { loose, any } => {
                self.shape.steps += 1;
                if inside.steps > 0 {
                    self.charge(inside, loose, at);
                }
                self.part(Siblings::one(any));
            }
            _ => self.part(inside),
        }
    }

    fn charge(&mut self, siblings: Siblings, loose: bool, at: usize) {
        let cost = siblings.cost(loose);
        self.shape.cost = self.shape.cost.saturating_add(cost);
        if cost > self.shape.costliest {
            (self.shape.costliest, self.shape.costliest_at) = (cost, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(pattern: &str) -> Shape {
        Shape::of(pattern, |name| name == "expression")
    }

    #[test]
    fn counts_what_tree_sitter_makes_of_a_pattern() {
        let shape = shape(
            "; ((((\n(call function: (identifier) @f arguments: (_ \"(\" [(a) (b)]+ \")\")?) @c\n\
             ((identifier) @i (#match? @i \"^[A-Z]\\\\w\"))\n___",
        );
        assert_eq!((shape.patterns, shape.captures), (5, 3));
        assert_eq!((shape.regexes, shape.arguments), (vec!["^[A-Z]\\w".to_owned()], 2));
        // call, identifier, _, (, a, b, the repetition, ), identifier, and three wildcards in a row.
        assert_eq!(shape.steps, 11 + 3);
    }

    #[test]
    fn siblings_branches_and_optional_parts_raise_the_cost() {
        let cost = |pattern: &str| shape(pattern).costliest;
        assert_eq!(cost("(a)"), 0);
        assert!(cost("(a (b))") < cost("(a (b) (c))"));
        assert!(cost("(a (b) (c))") < cost("(a (b) (c)?)"));
        assert!(cost("(a _ (c))") < cost("(a [_ (d)] (c))"));
        assert!(cost("(a (b) (c) (d))") < cost("(a (_) _ (ERROR))"), "what may match any node");
        assert!(cost("(a (b (c) (d)))") < cost("(a (b) (c) (d))"), "children of different nodes");
        assert!(cost("(a ((b) (c)) (d))") == cost("(a (b) (c) (d))"), "a group is no node");
        assert!(cost("(a (b) (c))") < cost("(expression (b) (c))"), "a pattern may begin at such children");
        assert_eq!(shape("(x) (y (a) (b) (c) (d))").costliest_at, 4);
        assert_eq!(cost(&format!("(a {})", "(b)? ".repeat(10_000))), u64::MAX);
    }

    #[test]
    fn finds_repetitions_of_nothing() {
        for (pattern, at) in [
            ("(a ((b)?)+ (c))", Some(9)),
            ("(a [(b) (c)?]+ (d))", Some(13)),
            ("(a [(b) ((c)* (d)?)]+ (e))", Some(20)),
            ("(a [(b)? (c)]+ (d))", None),
            ("(a ((b) (c)?)+ (d))", None),
            ("(a ((b)?)* (c))", None),
            ("(a (b)+ (c)?)", None),
        ] {
            assert_eq!(shape(pattern).endless_at, at, "{pattern}");
        }
    }
}
