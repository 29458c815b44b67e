//! What is a function and what a class in C and C++, where macros make one look like the other.

mod support;

use support::{analyze, number};

/// The number of classes, and each function's name with the number of its parameters.
fn found(language: &str, text: &str) -> (u32, Vec<(String, u32)>) {
    let report = analyze(language, text);
    let functions = (1..).zip(&report.symbols).map(|(subject, symbol)| {
        (report.strings[symbol.name as usize].clone(), number(&report, subject, "parameters") as u32)
    });
    (number(&report, 0, "classes") as u32, functions.collect())
}

/// Checks texts that hold one function.
fn check_names(language: &str, cases: &[(&str, &str, u32)]) {
    for (text, name, parameters) in cases {
        assert_eq!(found(language, text).1, [((*name).to_owned(), *parameters)], "{text}");
    }
}

#[test]
fn a_type_after_a_macro_is_a_class_and_no_function() {
    for (text, name) in [
        ("class API Foo { int f() {} };", "Foo::f"),
        ("class API Foo : public Bar { int f() {} };", "Foo::f"),
        ("class API Foo final { int f() {} };", "Foo::f"),
        ("class API Foo final : public Bar { int f() {} };", "Foo::f"),
        ("struct API Foo { int f() {} };", "Foo::f"),
        ("template <class T> class API Foo<T *> { int f() {} };", "Foo::f"),
        ("template <class T> struct API Foo : Bar<T> { int f() {} };", "Foo::f"),
        ("class API(1) Foo { int f() {} };", "f"),
        ("BEGIN\nclass Foo { int g(int a); int f() {} };", "Foo::f"),
        ("BEGIN\nclass API Foo : Bar { int f() {} };", "f"),
    ] {
        assert_eq!(found("cpp", text), (1, vec![(name.to_owned(), 0)]), "{text}");
    }
    for text in ["struct API foo { int a; };", "enum API foo { A };", "BEGIN\nstruct foo { int a; };"] {
        assert_eq!(found("c", text), (1, vec![]), "{text}");
    }
}

#[test]
fn a_function_that_returns_a_type_is_no_class() {
    assert_eq!(found("c", "struct foo *f(int a) { }"), (0, vec![("f".to_owned(), 1)]));
}

#[test]
fn a_namespace_after_a_macro_is_no_function() {
    let text = "BEGIN\nnamespace foo { int g(int a); int f() {} }";
    assert_eq!(found("cpp", text), (0, vec![("foo::f".to_owned(), 0)]));
}

#[test]
fn what_only_looks_like_a_function_counts_where_it_is() {
    let report = analyze("cpp", "class API Foo { int a = b && c ? 1 : 2; };");
    assert_eq!(number(&report, 0, "functions"), 0.0);
    assert_eq!(number(&report, 0, "sum_cyclomatic"), 2.0);
    let report = analyze("c", "void f(void) { EACH(item) { if (item) g(); } }");
    assert_eq!((number(&report, 0, "functions"), number(&report, 1, "cyclomatic")), (1.0, 2.0));
}

#[test]
fn functions_have_names_whatever_their_declarators() {
    check_names(
        "cpp",
        &[
            ("template <> void spec<int>(int a) {}", "spec<int>", 1),
            ("A::operator bool() const {}", "A::operator bool", 0),
            ("template <class T> A::B<T>::operator T *() const {}", "A::B<T>::operator T *", 0),
            ("struct A { explicit operator bool() const {} };", "A::operator bool", 0),
            ("struct A { int (max)(int a) const {} };", "A::max", 1),
            ("int (A::max)(int a, int b = 1) {}", "A::max", 2),
            ("struct A { auto operator()[[nodiscard]](int a) {} };", "A::operator()", 1),
            ("int (*f(int a))(int, int) {}", "f", 1),
            ("int (&f(int a))[3] {}", "f", 1),
        ],
    );
    check_names(
        "c",
        &[
            ("int (max)(int a, int b) {}", "max", 2),
            ("TEST(foo) {}", "TEST", 1),
            ("static INLINE int\nf(void) {}", "f", 0),
        ],
    );
}
