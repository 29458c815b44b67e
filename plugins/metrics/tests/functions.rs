//! Which functions there are, and what they are called.

mod support;

use support::{analyze, analyze_with, config, number, setup};

/// Each function's name, cyclomatic complexity and number of parameters.
fn functions(language: &str, text: &str) -> Vec<(String, u32, u32)> {
    let report = analyze(language, text);
    assert_eq!(number(&report, 0, "syntax_errors"), 0.0, "{language}: {text}");
    let value = |subject: u32, name: &str| number(&report, subject, name) as u32;
    (1..)
        .zip(&report.symbols)
        .map(|(subject, symbol)| {
            let name = report.strings[symbol.name as usize].clone();
            (name, value(subject, "cyclomatic"), value(subject, "parameters"))
        })
        .collect()
}

fn check(language: &str, text: &str, expected: &[(&str, u32, u32)]) {
    let expected: Vec<_> = expected.iter().map(|(name, c, p)| ((*name).to_owned(), *c, *p)).collect();
    assert_eq!(functions(language, text), expected, "{language}: {text}");
}

#[test]
fn a_callback_is_a_function_and_gets_its_findings() {
    let text = include_str!("fixtures/routes.js");
    check("javascript", text, &[("router.get(callback)", 18, 2)]);
    let report = analyze("javascript", text);
    let findings: Vec<&str> =
        report.findings.iter().map(|finding| &text[finding.start as usize..finding.end as usize]).collect();
    assert_eq!(findings, ["async (request, reply) => {"]);
}

#[test]
fn function_expressions_are_functions_by_the_name_of_what_they_are_assigned_to() {
    for language in ["javascript", "typescript", "tsx"] {
        for (text, name) in [
            ("const f = ((a) => a && 1);", "f"),
            ("let f = /* why */ (function (a) { return a && 1; });", "f"),
            ("const f = function g(a) { return a && 1; };", "f"),
            ("const f = async function* (a) { yield a && 1; };", "f"),
            ("const o = { f: (a) => a && 1 };", "f"),
            ("const o = { 'f-g': function (a) { return a && 1; } };", "f-g"),
            ("const o = { [f]: async (a) => a && 1 };", "[f]"),
            ("const o = { f(a) { return a && 1; } };", "f"),
            ("const o = { get: { f: (a) => a && 1 } };", "f"),
            ("class A { f = ((a) => a && 1); }", "A.f"),
            ("class A { static #f = function* (a) { yield a && 1; }; }", "A.#f"),
            ("f = a => a && 1;", "f"),
            ("module.exports = function (a) { return a && 1; };", "module.exports"),
            ("A.prototype.f = function (a) { return a && 1; };", "A.prototype.f"),
            ("export default (a) => a && 1;", "default"),
            ("export default function (a) { return a && 1; }", "default"),
            ("const { f = (a) => a && 1 } = o;", "f"),
            ("xs.map(a => a && 1);", "xs.map(callback)"),
            ("xs.map(function f(a) { return a && 1; });", "f"),
            ("load(1).then((a) => a && 1);", "then(callback)"),
            ("new Promise((a) => a && 1);", "Promise(callback)"),
            ("(function (a) { return a && 1; })();", "(anonymous)"),
            ("const x = [(a) => a && 1];", "(anonymous)"),
        ] {
            assert_eq!(functions(language, text), [(name.to_owned(), 2, 1)], "{language}: {text}");
        }
    }
    check("tsx", "const x = <B onX={(a) => a && 1} />;", &[("onX", 2, 1)]);
    check("typescript", "const f = use<Map<A, B>>((a?: number) => a && 1);", &[("use(callback)", 2, 1)]);
    check("typescript", "class A { private f? = (a: number): number => a && 1; }", &[("A.f", 2, 1)]);
}

#[test]
fn functions_in_functions_are_functions_of_their_own() {
    let text = "describe('a', () => { it('b', function () { if (c) d(); }); });";
    let expected = [("describe(callback)", 1, 0), ("describe(callback).it(callback)", 2, 0)];
    check("javascript", text, &expected);
}

#[test]
fn a_body_of_statements_outside_functions_is_a_function() {
    for (language, text, name) in [
        ("go", "package a\nvar f = func(a, b int) int { if a > b { return 1 }; return 2 }", "f"),
        ("go", "package a\nvar c = &C{F: func(a, b int) { if a > b { return } }}", "F"),
        ("java", "class A { static final F f = (a, b) -> { if (a) b(); }; }", "A.f"),
        ("rust", "static F: L = L::new(|a, b| { if a { b(); } });", "F"),
        ("cpp", "auto f = [](int a, int b) { if (a) return 1; return b; };", "f"),
    ] {
        check(language, text, &[(name, 2, 2)]);
    }
    // What is in a function counts there.
    for (language, text) in [
        ("go", "package a\nfunc f() { g := func() { if a { b() } }; g() }"),
        ("java", "class A { void f() { F g = () -> { if (a) b(); }; } }"),
        ("rust", "fn f() { let g = || { if a { b(); } }; }"),
        ("cpp", "void f() { auto g = [] { if (a) b(); }; }"),
    ] {
        let found = functions(language, text);
        assert_eq!((found.len(), found[0].1), (1, 2), "{language}: {text}");
    }
}

#[test]
fn a_function_may_be_a_try_block() {
    check("cpp", "A::A(int a) try : x(a) { if (a) f(); } catch (...) { }", &[("A::A", 3, 1)]);
}

#[test]
fn long_chains_of_operators_have_an_answer() {
    let chain = |operand: &str, operator: &str| vec![operand; 20_000].join(operator);
    for (language, before, operand, operator, after, cyclomatic) in [
        ("c", "int f(int a) { return ", "a", " && ", "; }", 20_000),
        ("c", "int f(int a) { return ", "a", " + ", "; }", 1),
        ("cpp", "void f(int a) { x << ", "a", " << ", "; }", 1),
        ("cpp", "bool f(bool a) { return ", "a", " or ", "; }", 20_000),
        ("java", "class A { boolean f(boolean a) { return ", "a", " || ", "; } }", 20_000),
        ("java", "class A { String f(String a) { return ", "a", " + ", "; } }", 1),
        ("java", "class A { B f(B a) { return a.", "b()", ".", "; } }", 1),
        ("go", "package a\nfunc f(a bool) bool { return ", "a", " && ", " }", 20_000),
        ("rust", "fn f(a: bool) -> bool { ", "a", " && ", " }", 20_000),
        ("rust", "fn f(a: A) -> A { a.", "b()", ".", " }", 1),
        ("python", "def f(a): return ", "a", " and ", "\n", 20_000),
        ("python", "def f(a): return ", "'a'", " + ", "\n", 1),
        ("javascript", "function f(a) { return ", "a", " || ", "; }", 20_000),
        ("javascript", "function f(a) { return ", "a", " ?? ", "; }", 20_000),
        ("javascript", "function f(a) { return a?.", "b", "?.", "; }", 20_001),
        ("typescript", "function f(a) { return a.", "b()", ".", "; }", 1),
        ("typescript", "function f(a) { return ", "`a`", " + ", "; }", 1),
    ] {
        let text = [before, &chain(operand, operator), after].concat();
        let report = analyze(language, &text);
        assert_eq!(number(&report, 1, "cyclomatic") as u32, cyclomatic, "{language}: {before}{operator}");
    }
}

#[test]
fn deep_nesting_has_an_answer() {
    let nested =
        |open: &str, inner: &str, close: &str| [&open.repeat(5_000), inner, &close.repeat(5_000)].concat();
    for (language, before, open, inner, close, after) in [
        ("javascript", "function f(a) { return ", "(a && ", "a", ")", "; }"),
        ("javascript", "function f(a) { return ", "g(", "a", ")", "; }"),
        ("typescript", "function f(a) { return ", "a ? b : ", "c", "", "; }"),
        ("go", "package a\nfunc f() { ", "if a { ", "b()", " }", " }"),
        ("java", "class A { void f() { ", "if (a) { ", "b();", " } else { }", " } }"),
        ("c", "void f(void) { ", "if (a) { ", "b();", " } else { }", " }"),
        ("rust", "fn f() { ", "if a { ", "b();", " } else { }", " }"),
        ("python", "def f(a): return ", "(a and ", "a", ")", "\n"),
    ] {
        let text = [before, &nested(open, inner, close), after].concat();
        assert_eq!(analyze(language, &text).symbols.len(), 1, "{language}: {open}");
    }
}

#[test]
fn options_bring_back_functions_that_count_for_themselves() {
    let text = "def f(a):\n    def g(b):\n        if b: f(b)\n    if a: g(a)\n    return g\n";
    let setup = setup();
    let count = |nested, recursion| {
        let config = codetune_metrics::Config {
            cognitive_nested: nested,
            cognitive_recursion: recursion,
            ..config(&setup)
        };
        let report = analyze_with(config, "python", text);
        [(0, "sum_cognitive"), (1, "cognitive"), (2, "cognitive")].map(|(s, n)| number(&report, s, n) as u32)
    };
    assert_eq!(count(false, false), [2, 1, 1]);
    assert_eq!(count(true, false), [3, 3, 1]);
    assert_eq!(count(true, true), [5, 5, 2]);
}
