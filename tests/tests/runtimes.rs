//! The same plugin source gives the same results in every runtime.

use std::path::{Path, PathBuf};

use codetune_core::plugin::{
    Fault, Origin, PluginDirectories, PluginState, Registry, RegistryError, Runtime, Trust,
};
use codetune_core::validate::Whole;
use codetune_tests::{FAULTY_LIBRARY, TestBatch, faulty, registry};
use serde_json::Map;

/// Our own sources: real code in Rust, and the fixtures of the analyzers in other languages. What marks the secrets of a
/// fixture, and breaks them so, is removed.
fn real_files() -> Vec<(String, String)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in ["core/plugin", "core/source", "plugins/metrics", "plugins/secrets", "plugin-sdk/src"] {
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
            files.push((path.to_string_lossy().into_owned(), text.replace(['⟦', '¦', '⟧'], "")));
        }
    }
}

fn reports(runtime: Runtime, plugin: &str, files: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let plugin = registry(folder.path(), runtime).ready(plugin).unwrap();
    assert_eq!(plugin.runtime(), runtime);
    let mut instance = plugin.analyzer(&Map::new()).unwrap();
    let reports = instance.analyze(&TestBatch::of(files)).unwrap();
    let reports: Vec<_> = reports.into_iter().map(|report| report.map_err(|error| error.whole())).collect();
    assert!(reports.iter().any(|report| report.as_ref().is_ok_and(|r| !r.attributes.is_empty())));
    serde_json::to_string(&reports).unwrap()
}

#[test]
fn reports_are_byte_identical_in_every_runtime() {
    let files = real_files();
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    for plugin in ["codetune/metrics", "codetune/secrets"] {
        let builtin = reports(Runtime::Builtin, plugin, &files);
        assert!(builtin == reports(Runtime::Native, plugin, &files), "{plugin}: native differs");
        assert!(builtin == reports(Runtime::Wasm, plugin, &files), "{plugin}: wasm differs");
    }
}

#[test]
fn manifests_are_the_same_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let [builtin, native, wasm] = Runtime::ALL.map(|runtime| registry(folder.path(), runtime));
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
    assert!(matches!(closed.ready("tests/faulty"), Err(RegistryError::Disabled { .. })));

    let trust = Trust { native: [digest].into(), ..Trust::default() };
    let mut open = Registry::new(PluginDirectories::below(folder.path()), trust);
    open.discover(folder.path()).unwrap();
    assert!(open.ready("tests/faulty").is_ok());
}

#[test]
fn a_name_that_two_files_claim_is_nobodys_until_one_is_switched_off() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["a.wasm", "b.wasm"].map(|name| folder.path().join(name));
    for path in &files {
        std::fs::write(path, codetune_tests::FAULTY_COMPONENT).unwrap();
    }
    let registered = |disabled: Vec<String>| {
        let trust = Trust { disabled: disabled.into_iter().collect(), ..Trust::default() };
        let mut registry = Registry::new(PluginDirectories::below(folder.path()), trust);
        codetune_plugins::register(&mut registry, &|_| Runtime::Builtin);
        registry.discover(folder.path()).unwrap();
        registry
    };
    let both = registered(Vec::new());
    let error = both.ready("tests/faulty").unwrap_err().whole();
    assert!(error.contains("a.wasm and ") && error.contains("b.wasm both have this name"), "{error}");
    assert_eq!(both.list().filter(|entry| entry.state.word() == "unavailable").count(), 2);
    assert!(both.ready("codetune/metrics").is_ok(), "the others go on");
    assert_eq!(both.analyzers().len(), 2);

    let one = registered(vec![files[1].display().to_string()]);
    assert_eq!(one.get("tests/faulty").unwrap().origin, Origin::File(files[0].clone()));
    assert!(one.ready("tests/faulty").is_ok());
    let none = registered(vec!["tests/faulty".into()]);
    assert!(none.list().filter(|entry| entry.name == "tests/faulty").all(|e| e.state.word() == "disabled"));
}

#[test]
fn one_file_is_one_plugin_however_often_it_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wasm");
    std::fs::write(&path, codetune_tests::FAULTY_COMPONENT).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&path, folder.path().join("b.wasm")).unwrap();
    let mut registry = Registry::new(PluginDirectories::below(folder.path()), Trust::default());
    registry.discover(folder.path()).unwrap();
    registry.discover(&folder.path().join(".")).unwrap();
    assert_eq!(registry.list().count(), 1);
    assert!(registry.ready("tests/faulty").is_ok());
}

/// The faulty component under another name of the same length.
fn renamed(name: &str) -> Vec<u8> {
    let from = b"tests/faulty";
    assert_eq!(from.len(), name.len());
    let mut bytes = codetune_tests::FAULTY_COMPONENT.to_vec();
    let places: Vec<usize> =
        bytes.windows(from.len()).enumerate().filter(|(_, w)| w == from).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + from.len()].copy_from_slice(name.as_bytes());
    }
    bytes
}

fn with_files(folder: &Path, files: &[(&str, &str)]) -> Registry {
    for (file, name) in files {
        std::fs::write(folder.join(file), renamed(name)).unwrap();
    }
    let mut registry = Registry::new(PluginDirectories::below(folder), Trust::default());
    codetune_plugins::register(&mut registry, &|_| Runtime::Builtin);
    registry.discover(folder).unwrap();
    registry
}

#[test]
fn a_short_name_means_codetunes_own_plugin_whatever_else_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let registry = with_files(
        folder.path(),
        &[
            ("1.wasm", "aaaa/metrics"),
            ("2.wasm", "aaaa/linters"),
            ("3.wasm", "bbbb/linters"),
            ("4.wasm", "a/unique-one"),
        ],
    );
    assert_eq!(registry.get("metrics").unwrap().name, "codetune/metrics");
    assert_eq!(registry.get("aaaa/metrics").unwrap().state, PluginState::Ready);
    assert_eq!(registry.get("unique-one").unwrap().name, "a/unique-one");
    let error = registry.ready("linters").unwrap_err();
    assert_eq!(
        error,
        RegistryError::Ambiguous {
            name: "linters".into(),
            candidates: vec!["aaaa/linters".into(), "bbbb/linters".into()]
        }
    );
}

#[test]
fn no_file_may_use_the_namespace_of_the_plugins_that_come_with_codetune() {
    let folder = tempfile::tempdir().unwrap();
    let registry = with_files(folder.path(), &[("x.wasm", "codetune/abc")]);
    let entry = registry.get("x.wasm").unwrap();
    let reason = entry.state.reason().unwrap();
    assert_eq!(entry.state.word(), "failed");
    assert!(reason.contains("it calls itself codetune/abc") && reason.contains("another"), "{reason}");
    assert!(registry.get("codetune/abc").is_err());
}

#[test]
fn what_is_passed_over_in_a_folder_is_told_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["A.WASM", "lib.so.1", "lib.so.1.2", "other.dll", "README.md", "plugin.toml", "x.wasm.bak"] {
        std::fs::write(at(name), "").unwrap();
    }
    for name in ["nested", "named.wasm"] {
        std::fs::create_dir(at(name)).unwrap();
    }
    #[cfg(unix)]
    for name in ["gone.wasm", "gone"] {
        std::os::unix::fs::symlink(at("nowhere"), at(name)).unwrap();
    }
    let mut registry = Registry::new(PluginDirectories::below(folder.path()), Trust::default());
    registry.discover(folder.path()).unwrap();
    let told: Vec<(String, &str)> = registry
        .passed_over()
        .iter()
        .map(|one| (one.path.file_name().unwrap().to_string_lossy().into_owned(), one.reason.as_str()))
        .collect();
    let expected = [
        ("A.WASM", "end in .wasm: rename it"),
        #[cfg(unix)]
        ("gone", "a broken symbolic link"),
        #[cfg(unix)]
        ("gone.wasm", "a broken symbolic link"),
        #[cfg(target_os = "linux")]
        ("lib.so.1", "end in .so: rename it"),
        #[cfg(target_os = "linux")]
        ("lib.so.1.2", "end in .so: rename it"),
        ("named.wasm", "it is a directory"),
        ("nested", "it is a directory"),
        #[cfg(target_os = "linux")]
        ("other.dll", "a library for another system"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for ((name, reason), (expected_name, part)) in told.iter().zip(expected) {
        assert!(name == expected_name && reason.contains(part), "{name}: {reason}");
    }
    assert_eq!(registry.list().count(), 0);
}

#[test]
fn an_architecture_that_two_backends_describe_is_an_error_until_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::new(PluginDirectories::below(folder.path()), Trust::default());
    codetune_plugins::register(&mut registry, &|_| Runtime::Builtin);
    assert!(registry.backend_for("Qwen2ForCausalLM").unwrap().is_some());
    let component = codetune_plugins::component("codetune/decoder").unwrap();
    let (from, to) = (b"codetune/decoder", b"aaaaaaaa/decoder");
    let mut bytes = component.to_vec();
    let places: Vec<usize> =
        bytes.windows(from.len()).enumerate().filter(|(_, w)| w == from).map(|(at, _)| at).collect();
    for at in places {
        bytes[at..at + from.len()].copy_from_slice(to);
    }
    let path = folder.path().join("decoder.wasm");
    std::fs::write(&path, bytes).unwrap();
    registry.register_file(&path);
    let error = registry.backend_for("Qwen2ForCausalLM").unwrap_err();
    assert_eq!(
        error,
        RegistryError::SeveralBackends {
            architecture: "Qwen2ForCausalLM".into(),
            backends: vec!["codetune/decoder".into(), "aaaaaaaa/decoder".into()]
        }
    );
    assert!(registry.backend_for("NoSuchForCausalLM").unwrap().is_none());
    assert_eq!(registry.ready("decoder").unwrap().manifest().name, "codetune/decoder");
}

#[test]
fn clear_forgets_every_plugin_and_get_names_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = registry(folder.path(), Runtime::Wasm);
    let error = registry.get("codetune/metric").unwrap_err().whole();
    assert!(error.contains("did you mean `codetune/metrics`"), "{error}");
    assert!(registry.get("metrics").is_ok(), "a short name is enough while it is the only one");
    registry.clear();
    assert_eq!(registry.list().count(), 0);
}

#[test]
fn options_are_checked_against_the_manifest_before_the_plugin_sees_them() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = faulty(folder.path(), Runtime::Wasm).ready("tests/faulty").unwrap();
    let options = |text: &str| serde_json::from_str::<Map<_, _>>(text).unwrap();
    let error = plugin.analyzer(&options(r#"{"fualt": "none"}"#)).err().unwrap().to_string();
    assert!(error.contains("did you mean `fault`"), "{error}");
    let error = plugin.analyzer(&options(r#"{"fault": true}"#)).err().unwrap();
    assert!(matches!(error.fault, Fault::Said(codetune_plugin_sdk::Error::InvalidConfig(_))), "{error}");
}
