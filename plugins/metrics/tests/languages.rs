//! Each language's fixture, measured; the numbers are counted by hand.

mod support;

use support::{analyze, number};

/// A function's name, cyclomatic and cognitive complexity, parameters, nesting and lines.
type Expected = (&'static str, [u32; 5]);

/// `file`: functions, asynchronous functions, classes, imports, relative imports, sum of cognitive complexity.
fn check(language: &str, text: &str, file: [u32; 6], functions: &[Expected]) {
    let report = analyze(language, text);
    let value = |subject: u32, name: &str| number(&report, subject, name) as u32;
    let names = ["functions", "async_functions", "classes", "imports", "relative_imports", "sum_cognitive"];
    assert_eq!(names.map(|name| value(0, name)), file, "{language}: {names:?}");
    assert_eq!(value(0, "syntax_errors"), 0);
    let found: Vec<(&str, [u32; 5])> = (1..)
        .zip(&report.symbols)
        .map(|(subject, symbol)| {
            let names = ["cyclomatic", "cognitive", "parameters", "nesting", "function_lines"];
            (&*report.strings[symbol.name as usize], names.map(|name| value(subject, name)))
        })
        .collect();
    assert_eq!(found, functions, "{language}");
    assert!(report.findings.is_empty());
}

#[test]
fn rust() {
    let functions =
        [("Stack::first", [6, 5, 3, 1, 10]), ("nested", [8, 11, 1, 3, 16]), ("plain", [1, 0, 0, 0, 1])];
    check("rust", include_str!("fixtures/sample.rs"), [3, 1, 2, 3, 2, 16], &functions);
}

#[test]
fn python() {
    let functions = [
        ("Greeter.greet", [11, 12, 5, 3, 12]),
        ("Greeter.wait", [4, 4, 3, 2, 6]),
        ("kind", [5, 5, 1, 1, 14]),
        ("kind.inner", [2, 1, 0, 1, 3]),
    ];
    check("python", include_str!("fixtures/sample.py"), [4, 1, 1, 4, 2, 22], &functions);
}

#[test]
fn javascript() {
    let functions = [
        ("Queue.onEmpty", [2, 1, 1, 1, 1]),
        ("Queue.next", [6, 8, 3, 3, 17]),
        ("add", [1, 0, 1, 0, 1]),
        ("walk", [7, 13, 2, 3, 12]),
        ("walk.tree.map(callback)", [2, 1, 1, 0, 1]),
    ];
    check("javascript", include_str!("fixtures/sample.js"), [5, 1, 1, 4, 3, 22], &functions);
}

#[test]
fn typescript_and_tsx() {
    let functions =
        [("Base.handler", [3, 2, 2, 1, 3]), ("Base.constructor", [1, 0, 1, 0, 1]), ("pick", [3, 1, 2, 1, 3])];
    for language in ["typescript", "tsx"] {
        check(language, include_str!("fixtures/sample.ts"), [3, 1, 3, 2, 1, 3], &functions);
    }
}

#[test]
fn go() {
    let functions = [("Stack.Push", [7, 9, 3, 3, 18]), ("Run", [3, 10, 2, 3, 15])];
    check("go", include_str!("fixtures/sample.go"), [2, 0, 2, 3, 1, 19], &functions);
}

#[test]
fn c() {
    let functions = [("find", [6, 6, 3, 2, 8]), ("none", [6, 7, 0, 2, 20])];
    check("c", include_str!("fixtures/sample.c"), [2, 0, 2, 2, 1, 13], &functions);
}

#[test]
fn cpp() {
    let functions = [
        ("app::Stack::~Stack", [1, 0, 0, 0, 1]),
        ("app::Stack::size", [4, 3, 1, 1, 1]),
        ("app::Stack::operator==", [1, 0, 1, 0, 1]),
        ("app::Stack::at", [7, 12, 2, 3, 16]),
    ];
    check("cpp", include_str!("fixtures/sample.cpp"), [4, 0, 1, 2, 1, 15], &functions);
}

#[test]
fn java() {
    let functions = [
        ("Sample.Point.Point", [3, 2, 0, 1, 3]),
        ("Sample.Sample", [1, 0, 1, 0, 1]),
        ("Sample.walk", [11, 19, 2, 4, 23]),
    ];
    check("java", include_str!("fixtures/Sample.java"), [3, 0, 4, 2, 0, 21], &functions);
}
