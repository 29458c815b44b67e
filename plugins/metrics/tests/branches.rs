//! What is a decision, by each language's rules.

mod support;

use support::{analyze, number};

/// The cyclomatic complexity of each function.
fn cyclomatic(language: &str, text: &str) -> Vec<u32> {
    let report = analyze(language, text);
    assert_eq!(number(&report, 0, "syntax_errors"), 0.0, "{language}: {text}");
    (1..=report.symbols.len() as u32).map(|subject| number(&report, subject, "cyclomatic") as u32).collect()
}

fn check(cases: &[(&str, &str, u32)]) {
    for (language, text, expected) in cases {
        assert_eq!(cyclomatic(language, text), [*expected], "{language}: {text}");
    }
}

#[test]
fn operators_that_leave_out_their_operand_are_decisions() {
    // As ESLint's rule `complexity` counts them.
    for (expression, expected) in [
        ("return a || b", 2),
        ("return a ?? b", 2),
        ("return a?.b?.c", 3),
        ("return a?.[0]?.(b)", 3),
        ("o.name ||= 1", 2),
        ("o.name &&= 1", 2),
        ("o.name ??= 1", 2),
        ("o.name += 1", 1),
        ("const { size = 1 } = a", 2),
        ("const [x = 1, y = 2] = a", 3),
    ] {
        for language in ["javascript", "typescript", "tsx"] {
            check(&[(language, &format!("function f(a, b, o) {{ {expression}; }}"), expected)]);
        }
    }
    for language in ["javascript", "typescript"] {
        check(&[(language, "function f({ size = 1 } = {}, extra = 2) { return size + extra; }", 4)]);
    }
    check(&[("typescript", "function f(a: number = 1, b?: number) { return a!.b; }", 2)]);
}

#[test]
fn shorthand_does_not_make_code_harder_to_follow() {
    // "Ignore shorthand structures", *Cognitive Complexity*: null-coalescing operators.
    let report = analyze("javascript", "function f(a, b = 1) { a ??= 1; return a?.b ?? (a || b); }");
    assert_eq!(number(&report, 1, "cognitive"), 1.0);
}

#[test]
fn an_arm_that_everything_matches_is_the_default() {
    let python = |arms: &str| format!("def f(a):\n    match a:\n        case 0:\n            g()\n{arms}");
    for (arm, expected) in [
        ("_", 2),
        ("other", 2),
        ("(other)", 2),
        ("_ as other", 2),
        ("1 | other", 2),
        ("other if b", 3),
        ("1", 3),
        ("a.b", 3),
        ("None", 3),
        ("x, y", 3),
        ("x,", 3),
        ("(x,)", 3),
        ("[*_]", 3),
        ("int()", 3),
    ] {
        check(&[("python", &python(&format!("        case {arm}:\n            g()\n")), expected)]);
    }
    for (arm, expected) in [
        ("_", 2),
        ("other", 2),
        ("ref mut other", 2),
        ("&other", 2),
        ("x @ _", 2),
        ("(_, other)", 2),
        ("other if b", 3),
        ("None", 3),
        ("A::B", 3),
        ("Some(x)", 3),
        ("1..=3", 3),
    ] {
        check(&[("rust", &format!("fn f(a: A) {{ match a {{ 0 => 1, {arm} => 2 }} }}"), expected)]);
    }
    for (label, expected) in
        [("default", 2), ("case null, default", 2), ("case null", 3), ("case \"b\", \"c\"", 3)]
    {
        let text = format!(
            "class A {{ int f(String s) {{ return switch (s) {{ case \"a\" -> 1; {label} -> 2; }}; }} }}"
        );
        check(&[("java", &text, expected)]);
    }
}

#[test]
fn operators_of_types_and_names_are_no_decisions() {
    check(&[
        ("cpp", "void f(A &&a, B&& b, C (&&c)[2]) { auto &&d = [](auto&&...) {}; }", 1),
        ("cpp", "struct A { bool operator&&(A &&b) && { return true; } };", 1),
        ("cpp", "bool f(A &&a) { return a && [](B &&b) { return b; }(a) || g<C&&>(a); }", 3),
        ("rust", "fn f(a: &&u8) -> bool { let g = || &&1; g() == a && **a > 1 }", 2),
    ]);
}

#[test]
fn sequences_of_operators_go_on_behind_a_backslash() {
    let report = analyze("python", include_str!("fixtures/continued.py"));
    let cognitive: Vec<u32> = (1..=3).map(|subject| number(&report, subject, "cognitive") as u32).collect();
    assert_eq!(cognitive, [2, 4, 4]);
    let text = "int f() { return a && \\\n b \\\r\n && c; }";
    assert_eq!(number(&analyze("c", text), 1, "cognitive"), 1.0);
}
