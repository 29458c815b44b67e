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
            ("python", "def f(a=lambda x, y: x, *b):\n    pass\n", 2),
        ],
    );
}

#[test]
fn a_function_in_a_parameter_has_its_own() {
    for (language, text) in [
        ("javascript", "function f(a = { m(x, y) {} }, b) {}"),
        ("typescript", "function f(a = (x: number, y: number) => x, b: (z: number) => void) {}"),
    ] {
        let report = analyze(language, text);
        assert_eq!([1, 2].map(|subject| number(&report, subject, "parameters")), [2.0, 2.0]);
    }
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

#[test]
fn receivers_of_java_are_no_parameters() {
    check("parameters", &[("java", "class A { void f(A this) {} }", 0)]);
    check("parameters", &[("java", "class A { class B { B(A A.this, int a) {} } }", 1)]);
}

#[test]
fn guards_of_java_are_decisions() {
    let text = "class A { int f(Object o) { return switch (o) {\n\
        case String s when a && b || c -> 1;\n case Integer i when d -> 2;\n default -> 3;\n}; } }";
    check("cyclomatic", &[("java", text, 7)]);
    check("cognitive", &[("java", text, 3)]);
}

#[test]
fn endless_loops_nest_and_decide_nothing() {
    let loops = [
        ("c", "void f(void) { for (;;) if (a) b(); }", 2),
        ("c", "void f(void) { for (i = 0;; i++) if (a) b(); }", 2),
        ("cpp", "void f() { for (int i = 0;; i++) if (a) b(); }", 2),
        ("java", "class A { void f() { for (int i = 0;; i++) if (a) b(); } }", 2),
        ("javascript", "function f() { for (;;) if (a) b(); }", 2),
        ("typescript", "function f() { for (let i = 0;; i++) if (a) b(); }", 2),
        ("go", "package a\nfunc f() { for { if a { b() } } }", 2),
        ("go", "package a\nfunc f() { for i := 0; ; i++ { if a { b() } } }", 2),
        ("rust", "fn f() { loop { if a { b(); } } }", 2),
        ("c", "void f(void) { for (; c, d;) if (a) b(); }", 3),
        ("c", "void f(void) { while (1) if (a) b(); }", 3),
        ("cpp", "void f() { for (int i : c) if (a) b(); }", 3),
        ("java", "class A { void f() { for (; c;) if (a) b(); } }", 3),
        ("java", "class A { void f() { while (true) if (a) b(); } }", 3),
        ("javascript", "function f() { for (; c, d;) if (a) b(); }", 3),
        ("typescript", "function f() { for (; c < d;) if (a) b(); }", 3),
        ("typescript", "function f() { for (const c of d) if (a) b(); }", 3),
        ("go", "package a\nfunc f() { for c() { if a { b() } } }", 3),
        ("go", "package a\nfunc f() { for i := 0; i < c; i++ { if a { b() } } }", 3),
        ("go", "package a\nfunc f() { for range 3 { if a { b() } } }", 3),
        ("rust", "fn f() { while true { if a { b(); } } }", 3),
        ("python", "def f():\n    while True:\n        if a: b()\n", 3),
    ];
    check("cyclomatic", &loops);
    check("cognitive", &loops.map(|(language, text, _)| (language, text, 3)));
}

#[test]
fn strings_that_document_nothing_are_code() {
    for (text, comments) in [
        ("def f():\n    f\"a {b}\"\n", 0),
        ("class A:\n    rb\"a\"\n", 0),
        ("F\"a\"\n", 0),
        ("def f():\n    # a\n    r\"b\"\n", 2),
        ("class A:\n    u'''a\n    b'''\n", 2),
        ("\"a\"\n\"b\"\n", 1),
    ] {
        assert_eq!(number(&analyze("python", text), 0, "comment_lines"), f64::from(comments), "{text}");
    }
}
