//! Runs the analyzer as the host does: parses with the grammars, answers queries in the contract's order.

use codetune_metrics::{Config, Metrics};
use codetune_plugin_sdk::{Capture, Captures, Report, Setup, Source, Value};
use codetune_plugin_testing as testing;
use tree_sitter::{Language, Parser, Query, QueryCursor, StreamingIterator, Tree};

/// What the host would give.
pub fn setup() -> Setup {
    testing::setup(include_str!("../../plugin.toml"))
}

/// The default configuration.
pub fn config(setup: &Setup) -> Config {
    testing::config::<Metrics>(setup)
}

pub fn analyze(language: &str, text: &str) -> Report {
    let setup = setup();
    analyze_with(config(&setup), language, text)
}

pub fn analyze_with(config: Config, language: &str, text: &str) -> Report {
    let setup = setup();
    let tree = parse(language, text);
    let query = |pattern: &str| captures(language, &tree, text, pattern);
    testing::analyze::<Metrics>(config, &setup, &Source::new("x", language, text, &query))
}

/// An attribute's value as a number. `subject` is 0 for the file.
pub fn number(report: &Report, subject: u32, name: &str) -> f64 {
    let setup = setup();
    let id = setup.attributes.iter().position(|n| n == name).unwrap_or_else(|| panic!("no attribute {name}"));
    let found = report.attributes.iter().find(|a| a.subject == subject && a.id as usize == id);
    match found.unwrap_or_else(|| panic!("no {name} of subject {subject}")).value {
        Value::Integer(value) => value as f64,
        Value::Float(value) => value,
        Value::Boolean(value) => f64::from(u8::from(value)),
        Value::Text(_) => panic!("{name} is a text"),
    }
}

pub fn parse(language: &str, text: &str) -> Tree {
    let mut parser = Parser::new();
    parser.set_language(&grammar(language)).expect("a grammar");
    parser.parse(text, None).expect("a tree")
}

pub fn captures(language: &str, tree: &Tree, text: &str, pattern: &str) -> Result<Captures, String> {
    let query = Query::new(&grammar(language), pattern).map_err(|e| e.to_string())?;
    Ok(run(&query, tree, text))
}

/// Runs a compiled query.
pub fn run(query: &Query, tree: &Tree, text: &str) -> Captures {
    let mut cursor = QueryCursor::new();
    // The host allows as many unfinished matches by default, and answers nothing beyond.
    cursor.set_match_limit(2_048);
    let mut matches = cursor.matches(query, tree.root_node(), text.as_bytes());
    let mut items = Vec::new();
    let mut match_id = 0;
    while let Some(found) = matches.next() {
        for capture in found.captures() {
            items.push(Capture {
                pattern: found.pattern_index as u32,
                name: capture.index,
                match_id,
                start: capture.node.start_byte() as u32,
                end: capture.node.end_byte() as u32,
            });
        }
        match_id += 1;
    }
    assert!(!cursor.did_exceed_match_limit(), "too many matches were open at once");
    items.sort_by_key(|c| (c.start, std::cmp::Reverse(c.end), c.pattern, c.name));
    Captures { names: query.capture_names().iter().map(|&name| name.to_owned()).collect(), items }
}

pub fn grammar(language: &str) -> Language {
    match language {
        "rust" => tree_sitter_rust::LANGUAGE.into(),
        "python" => tree_sitter_python::LANGUAGE.into(),
        "javascript" => tree_sitter_javascript::LANGUAGE.into(),
        "typescript" => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
        "tsx" => tree_sitter_typescript::LANGUAGE_TSX.into(),
        "go" => tree_sitter_go::LANGUAGE.into(),
        "c" => tree_sitter_c::LANGUAGE.into(),
        "cpp" => tree_sitter_cpp::LANGUAGE.into(),
        "java" => tree_sitter_java_orchard::LANGUAGE.into(),
        other => panic!("no grammar for {other}"),
    }
}
