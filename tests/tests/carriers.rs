//! The same plugin source gives the same results by every carrier.

use std::path::{Path, PathBuf};

use codetune_core::plugin::{Carrier, Fault, PluginState, Registry, Trust};
use codetune_core::plugin::{PluginDirectories, RegistryError};
use codetune_tests::{FAULTY_LIBRARY, TestBatch, faulty, registry};
use serde_json::Map;

/// Our own sources: real code in Rust, and the fixtures of the analyzers in other languages.
fn real_files() -> Vec<(String, String)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in
        ["core/src/plugin", "core/src/source", "plugins/metrics", "plugins/secrets", "plugin-sdk/src"]
    {
        collect(&root.join(folder), &mut files);
    }
    files.sort();
    assert!(files.len() > 40, "found only {} files", files.len());
    files
}

fn collect(folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            files.push((path.to_string_lossy().into_owned(), text));
        }
    }
}

fn reports(carrier: Carrier, plugin: &str, files: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let plugin = registry(folder.path(), carrier).ready(plugin).unwrap();
    assert_eq!(plugin.carrier(), carrier);
    let mut instance = plugin.analyzer(&Map::new()).unwrap();
    let reports = instance.analyze(&TestBatch::of(files)).unwrap();
    let reports: Vec<_> =
        reports.into_iter().map(|report| report.map_err(|error| error.to_string())).collect();
    assert!(reports.iter().any(|report| report.as_ref().is_ok_and(|r| !r.attributes.is_empty())));
    serde_json::to_string(&reports).unwrap()
}

#[test]
fn reports_are_byte_identical_by_every_carrier() {
    let files = real_files();
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    for plugin in ["codetune/metrics", "codetune/secrets"] {
        let builtin = reports(Carrier::Builtin, plugin, &files);
        assert!(builtin == reports(Carrier::Native, plugin, &files), "{plugin}: native differs");
        assert!(builtin == reports(Carrier::Wasm, plugin, &files), "{plugin}: wasm differs");
    }
}

#[test]
fn manifests_are_the_same_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let [builtin, native, wasm] = Carrier::ALL.map(|carrier| registry(folder.path(), carrier));
    for entry in builtin.list() {
        assert_eq!(entry.state, PluginState::Ready);
        let manifest = entry.manifest().unwrap();
        assert_eq!(Some(manifest), native.get(&entry.name).unwrap().manifest());
        assert_eq!(Some(manifest), wasm.get(&entry.name).unwrap().manifest());
    }
    assert_eq!(builtin.list().count(), 3);
}

#[test]
fn a_native_library_without_a_pin_stays_disabled_and_says_how_to_trust_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("libfaulty{}", std::env::consts::DLL_SUFFIX));
    std::fs::write(&path, FAULTY_LIBRARY).unwrap();
    let mut closed = Registry::new(PluginDirectories::below(folder.path()), Trust::default());
    closed.discover(folder.path()).unwrap();
    let entry = closed.get("tests/faulty").unwrap();
    let digest = entry.digest().unwrap();
    assert_eq!(entry.state.word(), "disabled");
    assert!(entry.state.reason().unwrap().contains(&format!("--trust-native {digest}")));
    assert!(matches!(closed.ready("tests/faulty"), Err(RegistryError::NotReady { .. })));

    let trust = Trust { native: [digest].into(), ..Trust::default() };
    let mut open = Registry::new(PluginDirectories::below(folder.path()), trust);
    open.discover(folder.path()).unwrap();
    assert!(open.ready("tests/faulty").is_ok());
}

#[test]
fn a_name_that_two_files_claim_is_an_error_naming_both() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = faulty(folder.path(), Carrier::Wasm);
    let path = folder.path().join("copy.wasm");
    std::fs::write(&path, codetune_tests::FAULTY_COMPONENT).unwrap();
    let error = registry.register_file(&path).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("embedded faulty") && text.contains("copy.wasm"), "{text}");
}

#[test]
fn clear_forgets_every_plugin_and_get_names_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = registry(folder.path(), Carrier::Wasm);
    let error = registry.get("codetune/metric").unwrap_err().to_string();
    assert!(error.contains("did you mean `codetune/metrics`"), "{error}");
    assert!(registry.get("metrics").is_ok(), "a short name is enough while it is the only one");
    registry.clear();
    assert_eq!(registry.list().count(), 0);
}

#[test]
fn options_are_checked_against_the_manifest_before_the_plugin_sees_them() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = faulty(folder.path(), Carrier::Wasm).ready("tests/faulty").unwrap();
    let options = |text: &str| serde_json::from_str::<Map<_, _>>(text).unwrap();
    let error = plugin.analyzer(&options(r#"{"fualt": "none"}"#)).err().unwrap().to_string();
    assert!(error.contains("did you mean `fault`"), "{error}");
    let error = plugin.analyzer(&options(r#"{"fault": true}"#)).err().unwrap();
    assert!(matches!(error.fault, Fault::Said(codetune_plugin_sdk::Error::InvalidConfig(_))), "{error}");
}
