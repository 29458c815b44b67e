//! What plugins may take: time that the user sets, patience, memory of the host, and compilation.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use codetune_core::analysis::{Analysis, AnalysisError, AnalysisOptions, Selected, analyze};
use codetune_core::plugin::{
    CallRules, Fault, LimitOverrides, Plugin, PluginDirectories, Registry, Runtime, Trust,
};
use codetune_tests::{FAULTY_COMPONENT, TestBatch, faulty};
use serde_json::{Map, Value, json};

/// The faulty plugin as a component, held to the user's limits.
fn limited(folder: &Path, limits: &[&str], stop: &Arc<AtomicBool>) -> Arc<Plugin> {
    let mut registry = Registry::new(PluginDirectories::below(folder), Trust::default());
    let limits = LimitOverrides::new(limits.iter().map(|limit| limit.parse().unwrap()));
    registry.hold_to(CallRules { limits, stop: Arc::clone(stop) });
    registry.register_embedded("faulty", FAULTY_COMPONENT);
    registry.ready("tests/faulty").unwrap()
}

fn options(fault: &str) -> Map<String, Value> {
    [("fault".to_owned(), json!(fault))].into_iter().collect()
}

/// How a call for one file that sets off the fault fails.
fn fault(plugin: &Plugin, fault: &str) -> Fault {
    let batch = TestBatch::of(&[("a.py", "x = 'FAULT'\n")]);
    let mut instance = plugin.analyzer(&options(fault)).unwrap();
    match instance.analyze(&batch) {
        Ok(mut answers) => answers.remove(0).unwrap_err().fault,
        Err(error) => error.fault,
    }
}

fn analysis(folder: &Path, plugin: Arc<Plugin>, fault: &str) -> Analysis {
    let analyzers = vec![Selected { plugin, options: options(fault) }];
    let options = AnalysisOptions { analyzers, jobs: 1, ..AnalysisOptions::default() };
    analyze(folder, &options, &|_| {}, &Arc::default()).unwrap()
}

#[test]
fn the_users_limit_holds_over_the_manifests() {
    let folder = tempfile::tempdir().unwrap();
    for (limits, expected) in [
        (&["time_ms=30"][..], Duration::from_millis(30)),
        (&["time_ms=1", "tests/faulty.time_ms=40", "other/name.time_ms=2"], Duration::from_millis(40)),
        (&["time_ms=1500"], Duration::from_millis(1_500)),
    ] {
        let plugin = limited(folder.path(), limits, &Arc::default());
        let fault = fault(&plugin, "loop");
        assert_eq!(fault, Fault::TimedOut(expected));
        assert!(fault.whole().contains("--plugin-limit time_ms="), "{fault}");
    }
}

#[test]
fn a_stop_ends_calls_that_may_take_ten_minutes() {
    let folder = tempfile::tempdir().unwrap();
    for cause in ["loop", "queries"] {
        let stop = Arc::new(AtomicBool::new(false));
        let plugin = limited(folder.path(), &["time_ms=600000"], &stop);
        let later = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            stop.store(true, Ordering::Relaxed);
        });
        assert_eq!(fault(&plugin, cause), Fault::Stopped, "{cause}");
        later.join().unwrap();
    }
}

#[test]
fn an_analysis_that_is_stopped_in_its_last_call_gives_no_result() {
    let folder = tempfile::tempdir().unwrap();
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("only.py"), "x = 'FAULT'\n").unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let plugin = limited(folder.path(), &["time_ms=600000"], &stop);
    let analyzers = vec![Selected { plugin, options: options("loop") }];
    let given = AnalysisOptions { analyzers, jobs: 1, ..AnalysisOptions::default() };
    let later = {
        let stop = Arc::clone(&stop);
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            stop.store(true, Ordering::Relaxed);
        })
    };
    let error = analyze(files.path(), &given, &|_| {}, &stop).unwrap_err();
    assert!(matches!(error, AnalysisError::Stopped), "{error}");
    later.join().unwrap();
}

#[test]
fn an_analyzer_that_answers_for_one_file_and_then_loops_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("0.py"), "fine\n").unwrap();
    for n in 10..50 {
        std::fs::write(files.path().join(format!("{n}.py")), format!("x = 'FAULT {n}'\n")).unwrap();
    }
    let plugin = limited(folder.path(), &["time_ms=20"], &Arc::default());
    let analysis = analysis(files.path(), plugin, "loop");
    assert!(analysis.files[0].errors.is_empty(), "the first has its answer");
    let errors = &analysis.summary.errors;
    assert_eq!(errors["plugin::timed_out"] + errors["plugin::unavailable"], 40);
    assert_eq!(errors["plugin::timed_out"], 8);
    let last = &analysis.files[40].errors[0].message;
    assert!(last.contains("given up for this run") && last.contains("--disable tests/faulty"), "{last}");
}

#[test]
fn an_error_text_of_many_pages_is_cut_in_every_runtime_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for runtime in Runtime::ALL {
        let plugin = faulty(folder.path(), runtime).ready("tests/faulty").unwrap();
        let text = fault(&plugin, "long-error").to_string();
        assert!(
            text.len() < 2_100 && text.ends_with("a… (198000 more characters)"),
            "{runtime}: {}",
            text.len()
        );
    }
}

#[test]
fn a_message_of_many_pages_is_refused_in_every_runtime() {
    let folder = tempfile::tempdir().unwrap();
    for runtime in Runtime::ALL {
        let plugin = faulty(folder.path(), runtime).ready("tests/faulty").unwrap();
        let Fault::Invalid(text) = fault(&plugin, "long-message") else { panic!("{runtime}") };
        assert!(text.contains("20000 bytes, and at most 16384"), "{runtime}: {text}");
    }
}

#[test]
fn nothing_is_kept_of_an_analyzer_that_says_too_much_in_all() {
    let folder = tempfile::tempdir().unwrap();
    let files = tempfile::tempdir().unwrap();
    // Each says 48 KB, within the limit of one file; 64 MiB and 16 KiB for each file are kept.
    for n in 0..2_200 {
        std::fs::write(files.path().join(format!("{n}.py")), format!("x = 'FAULT {n}'\n")).unwrap();
    }
    let plugin = limited(folder.path(), &[], &Arc::default());
    let analysis = analysis(files.path(), plugin, "many-messages");
    assert_eq!(analysis.summary.errors["plugin::said_too_much"], 2_200);
    assert_eq!(analysis.summary.findings.total, 0);
    assert!(analysis.files.iter().all(|file| file.attributes.is_empty() && file.errors.len() == 1));
    let text = &analysis.files[0].errors[0].message;
    assert!(text.contains("said more than 99 MiB"), "{text}");
}

#[test]
fn a_file_that_is_larger_than_any_plugin_is_refused_by_its_size() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["huge.wasm", &format!("huge.{}", std::env::consts::DLL_EXTENSION)] {
        std::fs::File::create(folder.path().join(name)).unwrap().set_len(30 << 30).unwrap();
    }
    let mut registry = Registry::new(PluginDirectories::below(folder.path()), Trust::default());
    registry.discover(folder.path()).unwrap();
    let reasons: Vec<&str> = registry.list().map(|entry| entry.state.reason().unwrap()).collect();
    assert_eq!(reasons.len(), 2);
    assert!(reasons.iter().all(|reason| reason.contains("30720 MiB")), "{reasons:?}");
}

/// An unsigned number as WASM writes it.
fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 128 {
        bytes.push(number as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn section(id: u8, body: &[u8]) -> Vec<u8> {
    [&[id], leb128(body.len()).as_slice(), body].concat()
}

#[test]
fn a_component_of_a_million_functions_is_listed_and_not_compiled() {
    let count = 1_000_000;
    let types = section(1, &[1, 0x60, 0, 0]);
    let declared = section(3, &[leb128(count), vec![0; count]].concat());
    let code = section(10, &[leb128(count), [2, 0, 0x0b].repeat(count)].concat());
    let module = [b"\0asm\x01\0\0\0".as_slice(), &types, &declared, &code].concat();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.wasm");
    std::fs::write(&path, [FAULTY_COMPONENT, &section(1, &module)].concat()).unwrap();
    let mut registry = Registry::new(PluginDirectories::below(folder.path()), Trust::default());
    registry.discover(folder.path()).unwrap();
    let error = registry.ready("tests/faulty").unwrap().load().unwrap_err().to_string();
    assert!(error.contains("functions, and at most"), "{error}");
}

#[test]
fn a_manifest_of_a_megabyte_is_refused() {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    let name = b"codetune:manifest";
    bytes.extend(section(0, &[&[name.len() as u8], name.as_slice(), &vec![b'#'; 1 << 20]].concat()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wordy.wasm");
    std::fs::write(&path, bytes).unwrap();
    let mut registry = Registry::new(PluginDirectories::below(folder.path()), Trust::default());
    registry.register_file(&path);
    let reason = registry.get("wordy.wasm").unwrap().state.reason().unwrap();
    assert!(reason.contains("its manifest has 1024 KiB, and at most 256"), "{reason}");
}
