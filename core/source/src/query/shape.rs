//! How much work tree-sitter's analysis of a pattern may be, told from its text alone.
//!
//! When tree-sitter compiles a query it walks, for each node of the pattern that has children, every way in
//! which the grammar may derive those children, and keeps a state for each parse state and step that it
//! reaches. Siblings, branches and optional parts multiply these states: forty siblings in some nodes of C++
//! take 17 seconds, ten with four branches each more than a minute. Nothing stops it on the way, so the
//! shape is judged first.

/// The text of a pattern in the parts that tree-sitter makes steps of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Steps: nodes, strings, wildcards and repetitions.
    pub steps: u64,
    /// Patterns, one after the other.
    pub patterns: u64,
    /// Captures, repeated names included.
    pub captures: u64,
    /// Strings and names that predicates are given.
    pub arguments: u64,
    /// The regular expressions of predicates.
    pub regexes: Vec<String>,
    /// What the analysis of the whole costs, in steps of a simple one.
    pub cost: u64,
    /// The part of [`Shape::cost`] that the costliest list of siblings has.
    pub costliest: u64,
    /// Where that list begins, in bytes.
    pub costliest_at: usize,
    /// Where something that may be nothing is asked for once or more, in bytes: tree-sitter follows such a
    /// repetition in a circle without end.
    pub endless_at: Option<usize>,
}

/// What a step weighs that may match any node, against one that names a kind of node.
const ANY: u64 = 4;

/// What each list of siblings costs at least: the walk begins in every parse state where its parent can.
const LIST: u64 = 20;

/// What each step costs with which a pattern may begin inside a node that the pattern does not name: a walk
/// through every hidden symbol of the grammar.
const LOOSE_STEP: u64 = 30;

/// Siblings in a row, as far as they were read.
#[derive(Debug, Clone, Copy)]
struct Siblings {
    /// The most that can stand side by side.
    positions: u64,
    /// All steps, those of every branch included.
    steps: u64,
    /// The steps by how many nodes they may match: [`ANY`] for what matches all, 1 for what names a node.
    weight: u64,
    /// Those that may be left out.
    skips: u64,
    /// Whether all of them may be left out, as tree-sitter follows them: of branches it asks the last.
    may_be_none: bool,
}

impl Siblings {
    const NONE: Self = Siblings { positions: 0, steps: 0, weight: 0, skips: 0, may_be_none: true };

    /// A single node.
    fn one(any: bool) -> Self {
        let weight = if any { ANY } else { 1 };
        Siblings { positions: 1, steps: 1, weight, skips: 0, may_be_none: false }
    }

    fn then(self, next: Self) -> Self {
        Siblings {
            positions: self.positions + next.positions,
            steps: self.steps + next.steps,
            weight: self.weight + next.weight,
            skips: self.skips + next.skips,
            may_be_none: self.may_be_none && next.may_be_none,
        }
    }

    fn or(self, other: Self) -> Self {
        Siblings {
            positions: self.positions.max(other.positions),
            may_be_none: other.may_be_none,
            ..self.then(other)
        }
    }

    /// Measured on the grammars of nine languages, with the nodes of each that are worst: the cost grows with
    /// the square of the steps, of which one that names a node counts a quarter, by half with each position, and with each part that may be left out.
    fn cost(self) -> u64 {
        let growth = 1_u64.checked_shl(u32::try_from(self.positions / 2).unwrap_or(u32::MAX));
        let growth = growth.unwrap_or(u64::MAX).saturating_mul(if self.positions % 2 == 1 { 3 } else { 2 });
        let squared = self.weight.saturating_mul(self.weight).div_ceil(ANY * ANY);
        squared.saturating_mul(growth / 2).saturating_mul(self.skips + 1)
    }
}

/// What is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Patterns,
    /// `loose` where the pattern may begin inside of it, `any` where it may match any node.
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
    /// The last part, to which quantifiers may still be added, and what it is with those that it has.
    last: Option<(Siblings, Siblings)>,
}

impl Open {
    fn new(kind: Kind, at: usize) -> Self {
        Open { kind, at, inside: Siblings::NONE, last: None }
    }
}

impl Shape {
    /// Measures a pattern. A text that is no pattern has some shape as well; tree-sitter then says why.
    /// `is_any` tells names of nodes that stand for several kinds, as `_` does.
    pub(super) fn of(pattern: &str, is_any: impl Fn(&str) -> bool) -> Self {
        let mut reader = Reader { shape: Shape::default(), open: vec![Open::new(Kind::Patterns, 0)] };
        let mut rest = Tokens { text: pattern, at: 0 };
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
                        // Errors and missing tokens may stand anywhere.
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
        // A repeated branch of an alternation gets up to two more.
        self.shape.steps += 3 * steps;
    }

    /// Takes the last part as it is by now.
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
        let loose = if loose { siblings.steps.saturating_mul(LOOSE_STEP) } else { 0 };
        let cost = siblings.cost().saturating_add(LIST).saturating_add(loose);
        self.shape.cost = self.shape.cost.saturating_add(cost);
        if cost > self.shape.costliest {
            (self.shape.costliest, self.shape.costliest_at) = (cost, at);
        }
    }
}

enum Token {
    Open,
    OpenAlternation,
    /// `)` or `]`: tree-sitter refuses a pattern in which they do not pair.
    Close,
    /// A string or a `_`, which matches any node, outside of brackets of its own.
    Part {
        any: bool,
    },
    Optional,
    Star,
    Plus,
    Capture,
}

struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    fn peek(&mut self) -> Option<char> {
        loop {
            let next = self.text.get(self.at..)?.chars().next()?;
            if next == ';' {
                self.take_while(|c| c != '\n');
            } else if next.is_whitespace() {
                self.at += next.len_utf8();
            } else {
                return Some(next);
            }
        }
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let taken = rest.get(..rest.find(|c| !wanted(c)).unwrap_or(rest.len())).unwrap_or_default();
        self.at += taken.len();
        taken
    }

    /// The name that comes next, which may be none.
    fn word(&mut self) -> &'a str {
        self.peek();
        self.take_while(is_word)
    }

    fn next(&mut self) -> Option<(usize, Token)> {
        loop {
            let next = self.peek()?;
            let at = self.at;
            if is_word(next) && !matches!(next, '_' | '.') {
                // The name of a field, or what tree-sitter refuses.
                self.word();
                continue;
            }
            self.at += next.len_utf8();
            let token = match next {
                // Where a node is expected, `___` is three of them.
                '_' => Token::Part { any: true },
                '(' => Token::Open,
                '[' => Token::OpenAlternation,
                ')' | ']' => Token::Close,
                '?' => Token::Optional,
                '*' => Token::Star,
                '+' => Token::Plus,
                '@' => {
                    self.take_while(is_word);
                    Token::Capture
                }
                '"' => {
                    self.string();
                    Token::Part { any: false }
                }
                '!' => {
                    self.word();
                    continue;
                }
                _ => continue,
            };
            return Some((at, token));
        }
    }

    /// The string whose first quote was taken, and goes past its end.
    fn string(&mut self) -> String {
        let mut text = String::new();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut characters = rest.chars();
        while let Some(next) = characters.next() {
            match next {
                '"' => break,
                '\\' => text.extend(characters.next().map(|escaped| match escaped {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    '0' => '\0',
                    other => other,
                })),
                other => text.push(other),
            }
        }
        self.at += rest.len() - characters.as_str().len();
        text
    }

    /// A predicate whose bracket was taken, and goes past its end.
    fn predicate(&mut self) -> Predicate<'a> {
        let name = self.take_while(|c| is_word(c) || matches!(c, '#' | '?' | '!'));
        let mut predicate = Predicate { name, arguments: 0, last_string: None };
        while let Some(next) = self.peek() {
            if is_word(next) {
                self.word();
                predicate.arguments += 1;
                continue;
            }
            self.at += next.len_utf8();
            match next {
                ')' => break,
                '"' => {
                    predicate.last_string = Some(self.string());
                    predicate.arguments += 1;
                }
                _ => {}
            }
        }
        predicate
    }
}

/// A predicate, as far as its cost goes.
struct Predicate<'a> {
    name: &'a str,
    arguments: u64,
    last_string: Option<String>,
}

/// What names of nodes, fields and captures consist of.
fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '.')
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
