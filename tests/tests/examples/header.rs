//! `codetune_plugin.h` serves every standard of C and C++ that it names: what is compiled with it, without a
//! warning, loads and works.

use std::path::Path;
use std::process::Command;

use codetune_plugin_sdk::Report;
use codetune_tests::TestBatch;
use serde_json::Map;

use crate::{compiler, shared_library, trusted};

const TEXT: &str = "int f(char *a) { gets(a); goto end; end: return 0; }";

/// What a plugin in a library finds in [`TEXT`], with its messages.
fn found(library: &Path) -> Vec<(String, String)> {
    let mut instance = trusted(library).analyzer(&Map::new()).unwrap();
    let report: Report = instance.analyze(&TestBatch::of(&[("a.c", TEXT)])).unwrap().remove(0).unwrap();
    let shown = |finding: &codetune_plugin_sdk::Finding| {
        let message = finding.message.map(|at| report.strings[at as usize].clone());
        (TEXT[finding.start as usize..finding.end as usize].to_owned(), message.unwrap_or_default())
    };
    report.findings.iter().map(shown).collect()
}

fn works(mut compiler: Command, source: &str, expected: (&str, &str)) {
    let folder = tempfile::tempdir().unwrap();
    let library = shared_library(&mut compiler, source, folder.path());
    assert_eq!(found(&library), [(expected.0.to_owned(), expected.1.to_owned())], "{compiler:?}");
}

#[test]
fn a_plugin_in_every_standard_of_c_compiles_without_a_warning_loads_and_works() {
    let expected = ("gets", "gets cannot know the size of its target: use fgets");
    for standard in ["c11", "c17"] {
        works(compiler("CC", "cc", standard), "examples/c-analyzer/banned_calls.c", expected);
    }
}

#[test]
fn a_plugin_in_every_standard_of_cpp_compiles_without_a_warning_loads_and_works() {
    for standard in ["c++11", "c++14", "c++17", "c++20"] {
        let mut compiler = compiler("CXX", "c++", standard);
        compiler.arg("-Wold-style-cast");
        works(compiler, "tests/fixtures/native/analyzer.cpp", ("goto", "a jump to anywhere"));
    }
}
