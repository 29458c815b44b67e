use std::path::{Path, PathBuf};

use codetune_core::plugin::{Digest, PluginDirectories, PluginState, Registry, Runtime, Trust};
use codetune_plugin_sdk::{Severity, Value};
use codetune_tests::TestBatch;
use serde_json::Map;

use crate::{c_compiler, shared_library};

const SOURCE: &str = "\
#include <string.h>
/* strcpy is only named here */
int main(void) { char a[4]; gets(a); strcpy(a, \"é\"); return strlen(a); }
";

fn build(folder: &Path) -> PathBuf {
    shared_library(&mut c_compiler(), "examples/c-analyzer/banned_calls.c", folder)
}

fn discover(folder: &Path, trust: Trust) -> Registry {
    let mut registry = Registry::new(PluginDirectories::below(folder), trust);
    registry.discover(folder).unwrap();
    registry
}

#[test]
fn an_analyzer_in_c_loads_by_its_pinned_digest_and_finds_what_it_looks_for() {
    let folder = tempfile::tempdir().unwrap();
    let library = build(folder.path());
    let digest = Digest::of(&std::fs::read(library).unwrap());
    let trust = Trust { native: [digest].into(), ..Trust::default() };
    let plugin = discover(folder.path(), trust).ready("examples/banned-calls").unwrap();
    assert_eq!(plugin.runtime(), Runtime::Native);

    let mut instance = plugin.analyzer(&Map::new()).unwrap();
    let batch = TestBatch::of(&[("a.c", SOURCE), ("b.cpp", "int f() { return 0; }\n")]);
    let reports = instance.analyze(&batch).unwrap();

    let report = reports[0].as_ref().unwrap();
    let found: Vec<&str> =
        report.findings.iter().map(|f| &SOURCE[f.start as usize..f.end as usize]).collect();
    assert_eq!(found, ["gets", "strcpy"]);
    assert!(report.findings.iter().all(|finding| finding.severity == Severity::Warning));
    let message = report.findings[1].message.unwrap();
    assert_eq!(report.strings[message as usize], "strcpy does not know the size of its target: use snprintf");
    assert_eq!(report.attributes[0].value, Value::Integer(2));

    let clean = reports[1].as_ref().unwrap();
    assert!(clean.findings.is_empty());
    assert_eq!(clean.attributes[0].value, Value::Integer(0));
}

#[test]
fn without_the_pin_its_manifest_is_read_and_its_code_is_not_loaded() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let registry = discover(folder.path(), Trust::default());
    let entry = registry.get("examples/banned-calls").unwrap();
    assert!(matches!(entry.state, PluginState::Disabled(_)), "{:?}", entry.state);
    assert_eq!(entry.manifest().unwrap().analyzer.as_ref().unwrap().languages, ["c", "cpp"]);
}
