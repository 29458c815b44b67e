use std::time::Duration;

use super::*;
use crate::{Exhausted, Language, ParseError, SourceFile};

fn file(language: Language, text: &str) -> SourceFile {
    SourceFile::from_bytes("test", language, text.as_bytes()).unwrap()
}

fn texts<'a>(file: &'a SourceFile, captures: &Captures) -> Vec<&'a str> {
    captures.items.iter().map(|c| &file.text()[c.start as usize..c.end as usize]).collect()
}

fn refusal(language: Language, pattern: &str) -> (u32, u32, String) {
    match file(language, "").query(pattern) {
        Err(QueryError::Invalid { line, column, problem, .. }) => (line, column, problem),
        other => panic!("{pattern:?} gave {other:?}"),
    }
}

#[test]
fn a_query_finds_the_function_in_every_language() {
    for (language, text, pattern) in [
        (Language::Rust, "fn found() {}", "(function_item name: (identifier) @name)"),
        (Language::Python, "def found(): pass", "(function_definition name: (identifier) @name)"),
        (Language::JavaScript, "function found() {}", "(function_declaration name: (identifier) @name)"),
        (
            Language::TypeScript,
            "function found(): void {}",
            "(function_declaration name: (identifier) @name)",
        ),
        (
            Language::Tsx,
            "function found() { return <a/> }",
            "(function_declaration name: (identifier) @name)",
        ),
        (Language::Go, "package p\nfunc found() {}", "(function_declaration name: (identifier) @name)"),
        (Language::C, "int found(void) {}", "(function_declarator declarator: (identifier) @name)"),
        (Language::Cpp, "auto found() -> int {}", "(function_declarator declarator: (identifier) @name)"),
        (Language::Java, "class A { void found() {} }", "(method_declaration name: (identifier) @name)"),
    ] {
        let file = file(language, text);
        let captures = file.query(pattern).unwrap();
        assert_eq!(texts(&file, &captures), ["found"], "{language}");
        assert_eq!(captures.names.as_ref(), ["name"]);
    }
}

#[test]
fn captures_come_by_start_then_longest_then_pattern() {
    let file = file(Language::Python, "def f(a): pass\ndef g(): pass\n");
    let captures = file
        .query("(identifier) @id (function_definition name: (identifier) @name) @def (module) @mod")
        .unwrap();
    let seen: Vec<_> =
        captures.items.iter().map(|c| (c.start, c.end, captures.names[c.index as usize].as_str())).collect();
    assert_eq!(
        seen,
        [
            (0, 29, "mod"),
            (0, 14, "def"),
            (4, 5, "id"),
            (4, 5, "name"),
            (6, 7, "id"),
            (15, 28, "def"),
            (19, 20, "id"),
            (19, 20, "name"),
        ]
    );
    assert!(captures.items.iter().all(|c| c.pattern < 3));
    let of_definitions = |name| {
        let index = captures.names.iter().position(|n| n == name).unwrap() as u32;
        captures.items.iter().filter(move |c| c.index == index).map(|c| c.match_id)
    };
    assert!(of_definitions("def").eq(of_definitions("name")), "one match, one id");
}

#[test]
fn text_predicates_are_obeyed() {
    let file = file(Language::Python, "eval(x)\nexec(x)\nprint(x)\nfoo(foo)\n");
    let names = |predicate: &str| {
        let pattern =
            format!("((call function: (identifier) @f arguments: (argument_list (_) @a)) {predicate})");
        let captures = file.query(&pattern).unwrap();
        let f = captures.names.iter().position(|name| name == "f").unwrap() as u32;
        let calls = captures.items.iter().filter(|c| c.index == f);
        calls.map(|c| file.text()[c.start as usize..c.end as usize].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("(#eq? @f \"eval\")"), ["eval"]);
    assert_eq!(names("(#not-eq? @f \"eval\")"), ["exec", "print", "foo"]);
    assert_eq!(names("(#match? @f \"^e\")"), ["eval", "exec"]);
    assert_eq!(names("(#any-of? @f \"print\" \"exec\")"), ["exec", "print"]);
    assert_eq!(names("(#eq? @f @a)"), ["foo"]);
}

#[test]
fn a_bad_pattern_names_line_column_and_problem() {
    let (line, column, problem) = refusal(Language::Python, "(module) @m\n  (function_defintion) @f");
    assert_eq!((line, column), (2, 4));
    assert!(
        problem.contains("\"function_defintion\"") && problem.contains("\"function_definition\""),
        "{problem}"
    );
    let (line, column, problem) = refusal(Language::Python, "(call functon: (_) @f)");
    assert_eq!((line, column), (1, 7));
    assert!(problem.contains("\"function\""), "{problem}");
    let (line, column, problem) = refusal(Language::Rust, "; é\n(é) @é \"");
    assert_eq!((line, column), (2, 2), "{problem}");
    assert!(refusal(Language::Rust, "(function_item) @f (block").2.contains("ends too early"));
    assert!(refusal(Language::Rust, "(function_item @f)").2.contains("before \"@f)\""));
    assert!(refusal(Language::Rust, "((function_item) @f (#eq? @g \"a\"))").2.contains("@g"));
    assert!(refusal(Language::Rust, "((function_item) @f (#match? @f \"(\"))").2.contains("regex"));
    assert!(refusal(Language::Rust, "(identifier (block) @b)").2.contains("can ever match"));
}

#[test]
fn parts_without_effect_are_refused() {
    let (line, _, problem) = refusal(Language::C, "(comment) @a\n((comment) @c (#matches? @c \"x\"))");
    assert_eq!(line, 2);
    assert!(problem.contains("#matches?") && problem.contains("#match?"), "{problem}");
    assert!(refusal(Language::C, "((comment) @c (#set! a b))").2.contains("#set!"));
    assert!(refusal(Language::C, "((comment) @c (#is-not? local))").2.contains("#is-not?"));
    assert!(refusal(Language::C, "(comment)").2.contains("captures nothing"));
    assert!(refusal(Language::C, "").2.contains("captures nothing"));
}

#[test]
fn endless_patterns_are_refused_before_they_are_compiled() {
    let file = file(Language::C, "");
    let deep = format!("{}_{} @x", "(".repeat(30_000), ")".repeat(30_000));
    assert!(matches!(file.query(&deep), Err(QueryError::TooDeep { .. })));
    let fields = format!("({} (_) @x)", "body:".repeat(10_000));
    assert!(matches!(file.query(&fields), Err(QueryError::TooDeep { .. })));
    let long = "(comment) @x ".repeat(10_000);
    assert!(matches!(file.query(&long), Err(QueryError::TooLong { bytes: 130_000, .. })));
    let brackets_in_strings =
        format!("((comment) @x (#eq? @x \"{}\")) ; {}", "(".repeat(500), "[".repeat(500));
    assert!(file.query(&brackets_in_strings).is_ok());
}

#[test]
fn too_many_captures_are_an_error_and_not_a_part_of_them() {
    let file = file(Language::C, &"int x;\n".repeat(100));
    let limits = |captures| QueryLimits { captures, ..QueryLimits::default() };
    assert_eq!(file.query_within("(declaration) @d", &limits(100)).unwrap().items.len(), 100);
    assert_eq!(
        file.query_within("(declaration) @d", &limits(99)),
        Err(QueryError::TooManyCaptures { limit: 99 })
    );
}

#[test]
fn too_many_open_matches_are_an_error() {
    let file = file(Language::JavaScript, &format!("[{}]", "1,".repeat(300)));
    let pattern = "(array (number) @a (number) @b)";
    let limits = QueryLimits { open_matches: 16, ..QueryLimits::default() };
    assert_eq!(file.query_within(pattern, &limits), Err(QueryError::TooManyOpenMatches { limit: 16 }));
    assert!(file.query(pattern).unwrap().items.len() > 300);
    let none = QueryLimits { open_matches: 0, ..QueryLimits::default() };
    assert_eq!(file.query_within(pattern, &none), Err(QueryError::BadLimit { open_matches: 0 }));
}

#[test]
fn a_query_beyond_its_budget_is_given_up() {
    let file = file(Language::JavaScript, &format!("[{}]", "1,".repeat(3000)));
    let pathological = "(array (number)* @a (number)* @b (number)* @c (number) @d)";
    let budget = WorkBudget { work: 20, time: Duration::from_secs(3600) };
    let limits = QueryLimits { budget, ..QueryLimits::default() };
    assert_eq!(file.query_within(pathological, &limits), Err(QueryError::Exhausted(Exhausted::Work(20))));
    assert_eq!(file.query("(array) @a").unwrap().items.len(), 1, "the cursor works on");
}

#[test]
fn text_that_predicates_look_at_counts_as_work() {
    let nested = format!("{}1{}", "(".repeat(2000), ")".repeat(2000));
    let file = file(Language::JavaScript, &nested);
    let pattern = "((parenthesized_expression) @p (#match? @p \"never\"))";
    let budget = WorkBudget { work: 100, time: Duration::from_secs(3600) };
    let limits = QueryLimits { budget, ..QueryLimits::default() };
    assert_eq!(file.query_within(pattern, &limits), Err(QueryError::Exhausted(Exhausted::Work(100))));
    assert!(file.query("(parenthesized_expression) @p").is_ok());
}

#[test]
fn a_file_without_grammar_cannot_be_queried() {
    let error = file(Language::Text, "x").query("(_) @x").unwrap_err();
    assert_eq!(error, QueryError::NoTree(ParseError::NoGrammar { language: Language::Text }));
}

#[test]
fn patterns_that_would_never_be_compiled_are_refused_before() {
    // 20 of the first took a minute of CPU time, of the second 40 took 17 seconds, the last two never ended.
    for (language, pattern) in [
        (Language::Cpp, format!("(field_declaration {}) @x", "_? ".repeat(20))),
        (Language::Cpp, format!("(field_declaration {}) @x", "_ ".repeat(40))),
        (Language::Cpp, format!("(function_definition {}) @x", "[(_) _ (_) _] ".repeat(10))),
        (Language::Rust, format!("(block {}) @x", "(identifier)? ".repeat(1_500))),
        (Language::Java, format!("(block {}) @x", "((_)* (_)?)? ".repeat(20))),
    ] {
        let error = file(language, "").query(&pattern).unwrap_err();
        assert!(matches!(error, QueryError::TooManySiblings { line: 1, column: 1 }), "{pattern}: {error}");
    }
    for pattern in ["(block ((_)?)+ (_)) @x", "(block [(_) (_)?]+ (_)) @x"] {
        let (_, _, problem) = refusal(Language::Java, pattern);
        assert!(problem.contains("may be nothing"), "{problem}");
    }
}

#[test]
fn much_that_is_cheap_alone_is_refused_together() {
    let file = file(Language::Cpp, "");
    let lists = "(call_expression (_)) @x ".repeat(2_000);
    assert!(matches!(file.query(&lists), Err(QueryError::TooManyLists { .. })));
    // Each `_` is a step of its own; tree-sitter counts them with 16 bits.
    let steps = format!("{} @x", "_".repeat(65_000));
    assert!(matches!(file.query(&steps), Err(QueryError::TooManyParts { what: "steps", .. })));
    let captures = (0..5_000).map(|n| format!("_ @c{n} ")).collect::<String>();
    assert!(matches!(file.query(&captures), Err(QueryError::TooManyParts { .. })));
    let regexes = "((comment) @x (#match? @x \"a\")) ".repeat(200);
    assert!(matches!(
        file.query(&regexes),
        Err(QueryError::TooManyParts { what: "regular expressions", .. })
    ));
    let regex = "((comment) @x (#match? @x \"\\\\pL{100}\"))";
    assert!(refusal(Language::Cpp, regex).2.contains("regular expression"));
    assert!(file.query("((comment) @x (#match? @x \"^\\\\w+\\\\s\"))").is_ok());
}

#[test]
fn queries_as_editors_have_them_are_compiled() {
    for (language, query) in [
        (Language::JavaScript, tree_sitter_javascript::HIGHLIGHT_QUERY),
        (Language::Go, tree_sitter_go::HIGHLIGHTS_QUERY),
        (Language::Go, tree_sitter_go::TAGS_QUERY),
        (Language::Python, tree_sitter_python::HIGHLIGHTS_QUERY),
        (Language::Rust, tree_sitter_rust::HIGHLIGHTS_QUERY),
        (Language::Java, tree_sitter_java_orchard::HIGHLIGHTS_QUERY),
        (Language::C, tree_sitter_c::HIGHLIGHT_QUERY),
    ] {
        // Some use predicates that have no effect here, which is told after they were compiled.
        match file(language, "").query(query) {
            Ok(_) => {}
            Err(QueryError::Invalid { problem, .. }) if problem.contains("has no effect here") => {}
            Err(error) => panic!("{language}: {error}"),
        }
    }
}

#[test]
fn a_stop_ends_a_query_and_a_parse() {
    let stop = std::sync::atomic::AtomicBool::new(true);
    let file = file(Language::C, &"int x;\n".repeat(10_000));
    let error = file.query_until("(declaration) @d", &QueryLimits::default(), &stop).unwrap_err();
    assert!(
        matches!(error, QueryError::NoTree(ParseError::Exhausted { exhausted: Exhausted::Stopped, .. })),
        "{error}"
    );
}
