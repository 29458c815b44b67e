//! What is reported, and of whole files.

mod support;

use codetune_metrics::Config;
use support::{analyze, analyze_with, config, number, setup};

const QUIET: Config = Config {
    max_cyclomatic: 0,
    max_cognitive: 0,
    max_function_lines: 0,
    max_nesting: 0,
    max_parameters: 0,
    cognitive_nested: true,
    cognitive_recursion: true,
};
const TEXT: &str = "def f(a, b):\n    if a:\n        if b:\n            return 1\n";

fn rules(config: Config) -> Vec<String> {
    let report = analyze_with(config, "python", TEXT);
    let rules = setup().rules;
    report.findings.iter().map(|finding| rules[finding.rule as usize].clone()).collect()
}

#[test]
fn each_threshold_reports_what_is_above_it() {
    assert_eq!(rules(Config { max_cyclomatic: 2, ..QUIET }), ["too-complex"]);
    assert_eq!(rules(Config { max_cognitive: 2, ..QUIET }), ["hard-to-follow"]);
    assert_eq!(rules(Config { max_function_lines: 3, ..QUIET }), ["too-long"]);
    assert_eq!(rules(Config { max_nesting: 1, ..QUIET }), ["too-deep"]);
    assert_eq!(rules(Config { max_parameters: 1, ..QUIET }), ["too-many-parameters"]);
}

#[test]
fn a_threshold_that_is_met_reports_nothing() {
    let met = Config {
        max_cyclomatic: 3,
        max_cognitive: 3,
        max_function_lines: 4,
        max_nesting: 2,
        max_parameters: 2,
        ..QUIET
    };
    assert!(rules(met).is_empty());
    assert!(rules(QUIET).is_empty());
}

#[test]
fn a_finding_points_at_the_name_and_says_the_numbers() {
    let report = analyze_with(Config { max_parameters: 1, ..QUIET }, "python", TEXT);
    let finding = report.findings[0];
    assert_eq!(&TEXT[finding.start as usize..finding.end as usize], "f");
    let message = &report.strings[finding.message.expect("a message") as usize];
    assert_eq!(message, "`f` takes 2 parameters (at most 1)");
}

#[test]
fn the_defaults_have_every_threshold() {
    let defaults = config(&setup());
    assert_eq!((defaults.max_cyclomatic, defaults.max_parameters), (15, 7));
}

#[test]
fn documentation_strings_are_comments() {
    let report = analyze("python", "\"\"\"Doc\n\nmore\"\"\"\nx = 1  # tail\n# whole\n");
    let lines = ["lines", "code_lines", "comment_lines", "blank_lines"].map(|name| number(&report, 0, name));
    assert_eq!(lines, [5.0, 1.0, 3.0, 1.0]);
    assert_eq!(number(&report, 0, "comment_ratio"), 0.75);
}

#[test]
fn an_empty_file_has_a_value_for_everything() {
    let report = analyze("rust", "");
    let file = report.attributes.iter().filter(|attribute| attribute.subject == 0).count();
    assert_eq!(file, 21);
    assert_eq!(number(&report, 0, "mean_cyclomatic"), 0.0);
}

#[test]
fn counts_what_the_grammar_could_not_parse() {
    assert!(number(&analyze("python", "def f(:\n  )) x\n"), 0, "syntax_errors") > 0.0);
    assert_eq!(number(&analyze("c", "int x = 1"), 0, "syntax_errors"), 1.0);
}

#[test]
fn sequences_of_boolean_operators_follow_the_paper() {
    for (expression, cognitive) in [
        ("a && b && c", 1),
        ("a && b || c", 2),
        ("a && (b && c)", 1),
        ("a && !(b && c)", 2),
        ("a && b || c && d", 3),
        ("f(a && b) && c", 2),
        ("(a || b) && (c || d)", 3),
    ] {
        let report = analyze("javascript", &format!("function g() {{ return {expression}; }}"));
        assert_eq!(number(&report, 1, "cognitive"), f64::from(cognitive), "{expression}");
    }
}

#[test]
fn comments_do_not_end_a_sequence_of_boolean_operators() {
    for (language, text) in [
        ("python", "def f(a, b, c):\n    return (a\n        # one\n        or (b  # two\n        or c))\n"),
        (
            "rust",
            "fn f() -> bool {\n    a // one\n        // two\n        || /* three */ b\n        || c\n}\n",
        ),
        ("javascript", "function f() {\n  return a /* (one) */ && // two\n    (/* three */ b && c);\n}\n"),
    ] {
        assert_eq!(number(&analyze(language, text), 1, "cognitive"), 1.0, "{text}");
    }
}

#[test]
fn let_chains_are_boolean_sequences() {
    let report = analyze("rust", "fn f() { if a && let Some(b) = c && d { } }");
    assert_eq!((number(&report, 1, "cyclomatic"), number(&report, 1, "cognitive")), (4.0, 2.0));
}

#[test]
fn functions_are_named_by_what_they_belong_to() {
    for (language, text, name) in [
        ("go", "package a\nfunc (t T) F() {}", "T.F"),
        ("go", "package a\nfunc (*T) F() {}", "T.F"),
        ("go", "package a\nfunc (t *T[K, V]) F() {}", "T.F"),
        ("go", "package a\nfunc (t T[K]) F() {}", "T.F"),
        ("go", "package a\nfunc (t (*T)) F() {}", "T.F"),
        ("go", "package a\nfunc F[T any](a T) {}", "F"),
        ("rust", "mod a { mod b { fn f() {} } }", "a::b::f"),
        ("rust", "mod a { impl T for B<u8> { fn f() {} } }", "a::B::f"),
        ("typescript", "namespace A.B { export function f() {} }", "A.B.f"),
        ("typescript", "export module A { class B { f() {} } }", "A.B.f"),
        ("tsx", "namespace A { const f = () => 1; }", "A.f"),
        ("cpp", "namespace a::b { namespace { struct C { void f() {} }; } }", "a::b::C::f"),
        ("python", "class A:\n    class B:\n        def f(self): pass\n", "A.B.f"),
        ("java", "class A { static class B { void f() {} } }", "A.B.f"),
    ] {
        let report = analyze(language, text);
        let names: Vec<&str> = report.symbols.iter().map(|s| &*report.strings[s.name as usize]).collect();
        assert_eq!(names, [name], "{language}: {text}");
    }
}

#[test]
fn names_of_nested_functions_take_memory_by_their_number() {
    let bytes = |depth: usize| {
        let text = format!("{}{}", "fn abcdefghijklmnopqrstuvwxyz() {\n".repeat(depth), "}".repeat(depth));
        let report = analyze_with(Config { max_function_lines: 1, ..QUIET }, "rust", &text);
        assert_eq!((report.symbols.len(), report.findings.len()), (depth, depth));
        report.strings.iter().map(String::len).sum::<usize>()
    };
    assert!(bytes(4_000) < 4_000 * 2 * 350);
}
