//! Cognitive complexity by its publication: G. A. Campbell, *Cognitive Complexity*, SonarSource, 2023.

mod support;

use support::{analyze, number};

/// The sum of the file and the value of each function.
fn cognitive(language: &str, text: &str) -> (u32, Vec<u32>) {
    let report = analyze(language, text);
    assert_eq!(number(&report, 0, "syntax_errors"), 0.0, "{language}: {text}");
    let functions = 1..=report.symbols.len() as u32;
    let each = functions.map(|subject| number(&report, subject, "cognitive") as u32).collect();
    (number(&report, 0, "sum_cognitive") as u32, each)
}

#[test]
fn nested_functions_belong_to_the_one_around_them() {
    for (language, text) in [
        ("python", "def f():\n    x = 1\n    def g():\n        if x:\n            pass\n    return g()\n"),
        ("javascript", "function f() { if (y) z(); function g() { if (x) z(); } }"),
        ("rust", "fn f() { fn g() { if x { y(); } } g() }"),
        (
            "java",
            "class A { void f() { Runnable r = new Runnable() { public void run() { if (x) y(); } }; } }",
        ),
        ("cpp", "void f() { struct A { void g() { if (x) y(); } }; }"),
    ] {
        // 1 for the branch and 1 for the function around it; JavaScript's `f` has a branch of its own.
        let own = u32::from(language == "javascript");
        assert_eq!(cognitive(language, text), (2 + own, vec![2 + own, 1]), "{language}: {text}");
    }
    let deep = "def f():\n    for a in b:\n        def g():\n            def h():\n                if c: pass\n            h()\n";
    assert_eq!(cognitive("python", deep), (5, vec![5, 2, 1]));
}

#[test]
fn decorators_of_python_are_exempt() {
    let decorator = "def a_decorator(a, b):\n    def inner(func):\n        if condition:\n            print(b)\n        \
        func()\n    return inner\n";
    assert_eq!(cognitive("python", decorator), (1, vec![1, 1]));
    let no_decorator = "def not_a_decorator(a, b):\n    my_var = a * b\n    def inner(func):\n        \
        if condition:\n            print(b)\n        func()\n    return inner\n";
    assert_eq!(cognitive("python", no_decorator), (2, vec![2, 1]));
    let generator = "def decorator_generator(a):\n    def generator(func):\n        def decorator(func):\n            \
        if condition:\n                print(b)\n            return func(b)\n        return decorator\n    return generator\n";
    assert_eq!(cognitive("python", generator), (1, vec![1, 1, 1]));
    let documented = "def d(f):\n    \"\"\"Doc.\"\"\"\n    # why\n    @wraps(f)\n    def g():\n        if a: f()\n    return g\n";
    assert_eq!(cognitive("python", documented), (1, vec![1, 1]));
}

#[test]
fn functions_of_javascript_that_only_declare_are_ignored() {
    let declarative = "function f() { var foo; bar.myFun = function () { if (condition) { g(); } } }";
    assert_eq!(cognitive("javascript", declarative), (1, vec![0, 1]));
    let other = "function f() { var foo; if (condition) { g(); }\n\
        bar.myFun = function () { if (condition) { g(); } } }";
    assert_eq!(cognitive("javascript", other), (3, vec![3, 1]));
    let suite = "describe('a', () => { it('b', () => { if (c) d(); }); it('e', () => { if (f) d(); }); });";
    assert_eq!(cognitive("typescript", suite), (2, vec![0, 1, 1]));
}

#[test]
fn recursion_adds_one_to_each_function_in_the_circle() {
    for (language, text, each) in [
        ("python", "def f(n):\n    return f(n - 1)\n", vec![1]),
        ("python", "def f(n):\n    g(n)\ndef g(n):\n    f(n)\ndef h(n):\n    f(n)\n", vec![1, 1, 0]),
        (
            "python",
            "class A:\n    def f(self):\n        self.f()\n    def g(self):\n        g()\n",
            vec![1, 0],
        ),
        ("python", "class A:\n    def f(self):\n        super().f()\n        other.f()\n", vec![0]),
        ("javascript", "const f = (n) => f(n - 1);", vec![1]),
        ("javascript", "class A { f() { this.g(); } g() { this.f(); } }", vec![1, 1]),
        ("javascript", "const o = { get(x) { return get(x); } };", vec![0]),
        ("typescript", "function f(n: number): number { return f<A>(n); }", vec![1]),
        (
            "go",
            "package a\nfunc f() { f() }\nfunc (t *T) g() { t.g() }\nfunc (t *T) h() { u.h() }",
            vec![1, 1, 0],
        ),
        ("c", "int f(int n) { return n * f(n - 1); }\nint g(void) { return h(); }", vec![1, 0]),
        (
            "cpp",
            "int A::f(int n) { return f(n - 1); }\nint A::g() { return this->g() + B::g(); }",
            vec![1, 1],
        ),
        ("cpp", "int f(int n) { return f(n, 1); }\nint f(int n, int m = 2) { return 0; }", vec![0, 0]),
        ("java", "class A { int f(int n) { return f(n - 1); } int g() { return this.g(); } }", vec![1, 1]),
        (
            "java",
            "class A { int f(int n) { return f(n, 1); } int f(int n, int m) { return n; } }",
            vec![0, 0],
        ),
        (
            "java",
            "class A { int f(int n) { return f(n, g(1, 2)); } int f(int n, int m) { return f(n); } }",
            vec![1, 1],
        ),
        ("java", "class A { boolean equals(Object o) { return o.equals(this); } }", vec![0]),
        (
            "rust",
            "fn f(n: u8) { f(n) }\nimpl A { fn g(&self) { self.g() } fn h() { Self::h() } fn i() { i() } }",
            vec![1, 1, 1, 0],
        ),
        ("rust", "mod a { fn f() { super::g() } fn h() { i::<u8>() } fn i() { h() } }", vec![0, 1, 1]),
    ] {
        assert_eq!(cognitive(language, text).1, each, "{language}: {text}");
    }
}
