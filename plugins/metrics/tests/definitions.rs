//! What counts, by the definitions in the crate's documentation.

mod support;

use support::{analyze, number};

/// Checks a number of the only function in each text.
fn check(name: &str, cases: &[(&str, &str, u32)]) {
    for (language, text, expected) in cases {
        let report = analyze(language, text);
        assert_eq!(report.symbols.len(), 1, "{language}: {text}");
        assert_eq!(number(&report, 1, name) as u32, *expected, "{language}: {name} of {text}");
    }
}

#[test]
fn conditions_of_the_preprocessor_do_not_count() {
    let text = "#if defined(A) && B || C\nint a;\n#elif X && Y // why\nint b;\n#endif\n\
        int f(int a) {\n#if A || B\n return a && 1;\n#endif\n}\n";
    for language in ["c", "cpp"] {
        let report = analyze(language, text);
        assert_eq!((number(&report, 0, "sum_cyclomatic"), number(&report, 0, "sum_cognitive")), (2.0, 1.0));
        assert_eq!((number(&report, 0, "syntax_errors"), number(&report, 1, "cyclomatic")), (0.0, 2.0));
    }
}

#[test]
fn parameters_of_parameters_do_not_count() {
    check(
        "parameters",
        &[
            ("c", "int f(int cb(int x, int y), int b) {}", 2),
            ("c", "int f(int (*cb)(int x, int y), int b) {}", 2),
            ("cpp", "int f(int cb(int x, int y = 2), int b = 1) {}", 2),
            ("cpp", "int f(int a = g([](int x, int y) { return x; })) {}", 1),
            ("typescript", "function f(a = (x: number, y: number) => x, b: (z: number) => void) {}", 2),
            ("python", "def f(a=lambda x, y: x, *b):\n    pass\n", 2),
        ],
    );
}

#[test]
fn a_function_in_a_parameter_has_its_own() {
    let report = analyze("javascript", "function f(a = { m(x, y) {} }, b) {}");
    assert_eq!([1, 2].map(|subject| number(&report, subject, "parameters")), [2.0, 2.0]);
}

#[test]
fn parameters_may_be_declared_after_their_list() {
    check(
        "parameters",
        &[
            ("c", "int h(a, b, c) int a, b, c; {}", 3),
            ("c", "static int h(a, cb)\n    char *a;\n    int (*cb)(int, int);\n{}", 2),
            ("c", "int h(cb) int cb(int x, int y); {}", 1),
        ],
    );
}
