//! A pattern to a compiled query, or to an error that says where and why.

use std::sync::Arc;

use codetune_validate::nearest;
use tree_sitter::{Query, QueryErrorKind};

use super::query_error::QueryError;
use super::shape::Shape;
use crate::language::Language;
use crate::syntax::ParseError;

/// The longest pattern there is, in bytes.
pub(super) const MAX_PATTERN_BYTES: usize = 64 * 1024;

/// The deepest nesting there is. The compiler of patterns recurses, and its stack is the thread's.
pub(super) const MAX_PATTERN_DEPTH: usize = 64;

/// The most that the analysis of one list of siblings may cost, as [`Shape`] counts it. The costliest list of the
/// editor queries of nvim-treesitter and of the grammars themselves costs 144, of our own analyzers 560; what costs
/// 2,000 took 0.2 s at most, in the worst node of the worst grammar, C++.
pub(super) const MAX_LIST_COST: u64 = 2_000;

/// The most that the analysis of a whole query may cost: seven times the costliest of those queries, and a
/// second in the worst case.
pub(super) const MAX_COST: u64 = 16_000;

/// The most steps, patterns, captures and arguments of predicates. Tree-sitter numbers steps with 16 bits, and
/// looks for names of captures and arguments from the first on.
const MAX_PARTS: u64 = 4_096;

/// The most regular expressions in the predicates of a query.
pub(super) const MAX_REGEXES: u64 = 128;

/// The most memory of one compiled regular expression, in bytes. `\w` alone takes a tenth, as it knows every
/// letter of Unicode.
const MAX_REGEX_BYTES: usize = 256 << 10;

/// The predicates that are obeyed. Tree-sitter itself lets others pass without any effect.
const PREDICATES: [&str; 10] = [
    "eq?",
    "not-eq?",
    "any-eq?",
    "any-not-eq?",
    "match?",
    "not-match?",
    "any-match?",
    "any-not-match?",
    "any-of?",
    "not-any-of?",
];

/// A query that is ready to run, on any thread.
#[derive(Debug)]
pub(crate) struct CompiledQuery {
    pub(super) query: Query,
    pub(super) names: Arc<[String]>,
}

/// Compiles a pattern for a language.
pub(super) fn compile(language: Language, pattern: &str) -> Result<CompiledQuery, QueryError> {
    let grammar = language.grammar().ok_or(QueryError::NoTree(ParseError::NoGrammar { language }))?;
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(QueryError::TooLong { bytes: pattern.len(), limit: MAX_PATTERN_BYTES });
    }
    if depth(pattern) > MAX_PATTERN_DEPTH {
        return Err(QueryError::TooDeep { limit: MAX_PATTERN_DEPTH });
    }
    judge(language, pattern, &shape(&grammar, pattern))?;
    let query = Query::new(&grammar, pattern).map_err(|error| {
        let (line, column) = match error.kind {
            // Of a predicate tree-sitter tells only the line on which its pattern begins.
            QueryErrorKind::Predicate => (error.row as u32 + 1, 1),
            _ => line_and_column(pattern, error.offset),
        };
        QueryError::Invalid { language, line, column, problem: problem(&grammar, pattern, &error) }
    })?;
    refuse_idle_parts(language, pattern, &query)?;
    let names = query.capture_names().iter().map(ToString::to_string).collect();
    Ok(CompiledQuery { query, names })
}

/// The shape of a pattern for a grammar.
pub(super) fn shape(grammar: &tree_sitter::Language, pattern: &str) -> Shape {
    Shape::of(pattern, |name| {
        let id = grammar.id_for_node_kind(name, true);
        id != 0 && grammar.node_kind_is_supertype(id)
    })
}

/// Refuses what would take tree-sitter too long or too much memory to compile, which nothing can stop.
fn judge(language: Language, pattern: &str, shape: &Shape) -> Result<(), QueryError> {
    if let Some(offset) = shape.endless_at {
        let (line, column) = line_and_column(pattern, offset);
        let problem =
            "what this + repeats may be nothing; use *, or let its last part be no optional one".into();
        return Err(QueryError::Invalid { language, line, column, problem });
    }
    for (what, count, limit) in [
        ("steps", shape.steps, MAX_PARTS),
        ("patterns", shape.patterns, MAX_PARTS),
        ("captures", shape.captures, MAX_PARTS),
        ("arguments of predicates", shape.arguments, MAX_PARTS),
        ("regular expressions", shape.regexes.len() as u64, MAX_REGEXES),
    ] {
        if count > limit {
            return Err(QueryError::TooManyParts { what, count, limit });
        }
    }
    if shape.costliest > MAX_LIST_COST {
        let (line, column) = line_and_column(pattern, shape.costliest_at);
        return Err(QueryError::TooManySiblings { line, column });
    }
    if shape.cost > MAX_COST {
        return Err(QueryError::TooManyLists { cost: shape.cost, limit: MAX_COST });
    }
    for regex in &shape.regexes {
        let built = regex::bytes::RegexBuilder::new(regex).size_limit(MAX_REGEX_BYTES).build();
        // What else is wrong with one is told by tree-sitter, with the line of its pattern.
        if let Err(regex::Error::CompiledTooBig(_)) = built {
            let (line, column) = line_and_column(pattern, pattern.find(regex.as_str()).unwrap_or(0));
            let problem = format!(
                "the regular expression {:?} takes more than {} KiB; repeat less in it",
                regex.chars().take(40).collect::<String>(),
                MAX_REGEX_BYTES >> 10
            );
            return Err(QueryError::Invalid { language, line, column, problem });
        }
    }
    Ok(())
}

/// Refuses what would have no effect: predicates that are not obeyed, and a query without captures.
fn refuse_idle_parts(language: Language, pattern: &str, query: &Query) -> Result<(), QueryError> {
    for index in 0..query.pattern_count() {
        let general = query.general_predicates(index).iter().map(|predicate| predicate.operator.as_ref());
        let properties = query.property_predicates(index).iter();
        let properties = properties.map(|(_, positive)| if *positive { "is?" } else { "is-not?" });
        let settings = query.property_settings(index).iter().map(|_| "set!");
        if let Some(name) = general.chain(properties).chain(settings).next() {
            let (line, column) = line_and_column(pattern, query.start_byte_for_pattern(index));
            let nearest = nearest(name, PREDICATES).map(|p| format!("the nearest is #{p}"));
            let remedy = nearest.unwrap_or_else(|| format!("use one of #{}", PREDICATES.join(", #")));
            let problem = format!("the predicate #{name} of this pattern has no effect here; {remedy}");
            return Err(QueryError::Invalid { language, line, column, problem });
        }
    }
    if query.capture_names().is_empty() {
        let problem = "it captures nothing, so it cannot answer anything; name a node with @name".into();
        return Err(QueryError::Invalid { language, line: 1, column: 1, problem });
    }
    Ok(())
}

fn problem(grammar: &tree_sitter::Language, pattern: &str, error: &tree_sitter::QueryError) -> String {
    let name = error.message.trim_matches('"');
    let suggest =
        |nearest: Option<&str>| nearest.map_or(String::new(), |n| format!("; the nearest is {n:?}"));
    match error.kind {
        QueryErrorKind::NodeType => {
            let kinds = (0..grammar.node_kind_count() as u16)
                .filter(|id| grammar.node_kind_is_visible(*id) || grammar.node_kind_is_supertype(*id))
                .filter_map(|id| grammar.node_kind_for_id(id));
            format!("the grammar has no node {name:?}{}", suggest(nearest(name, kinds)))
        }
        QueryErrorKind::Field => {
            let fields = (1..=grammar.field_count() as u16).filter_map(|id| grammar.field_name_for_id(id));
            format!("the grammar has no field {name:?}{}", suggest(nearest(name, fields)))
        }
        QueryErrorKind::Capture => format!("a predicate uses @{name}, which the pattern does not capture"),
        QueryErrorKind::Predicate => {
            format!("a predicate of the pattern that begins here: {}", error.message)
        }
        QueryErrorKind::Structure => "nothing in this grammar can ever match this; check the node's parents \
                                      and fields"
            .into(),
        QueryErrorKind::Syntax => {
            let rest: String =
                pattern.get(error.offset..).unwrap_or_default().chars().take_while(|c| *c != '\n').collect();
            match rest.char_indices().nth(40) {
                _ if rest.trim().is_empty() => "the pattern ends too early; close its brackets".into(),
                Some((end, _)) => format!("syntax error before {:?}…", rest.get(..end).unwrap_or_default()),
                None => format!("syntax error before {rest:?}"),
            }
        }
        QueryErrorKind::Language => error.message.clone(),
    }
}

fn line_and_column(pattern: &str, offset: usize) -> (u32, u32) {
    let before = pattern.get(..offset).unwrap_or(pattern);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count();
    (before.matches('\n').count() as u32 + 1, column as u32 + 1)
}

/// An upper bound of how deep the compiler recurses: open brackets, and field names that precede each other.
fn depth(pattern: &str) -> usize {
    let (mut open, mut fields, mut deepest) = (0_usize, 0_usize, 0_usize);
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '(' | '[' => (open, fields) = (open + 1, 0),
            ')' | ']' => (open, fields) = (open.saturating_sub(1), 0),
            ':' => fields += 1,
            ';' => while characters.next().is_some_and(|c| c != '\n') {},
            '"' => {
                while let Some(inside) = characters.next() {
                    match inside {
                        '"' | '\n' => break,
                        '\\' => _ = characters.next(),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        deepest = deepest.max(open + fields);
    }
    deepest
}
