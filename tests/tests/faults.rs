//! A plugin that misbehaves costs its own call, is reported with the true cause, and the host goes on.

use std::sync::{Arc, Mutex};

use codetune_core::plugin::{CallError, Fault, PluginDirectories, Registry, Runtime, Trust};
use codetune_plugin_sdk::{Error, Report};
use codetune_tests::{FAULTY_COMPONENT, FAULTY_LIBRARY, TestBatch, faulty};
use serde_json::{Map, json};

type Answers = Result<Vec<Result<Report, CallError>>, CallError>;

/// Analyses a harmless file and one that sets off the fault.
fn provoke(runtime: Runtime, fault: &str) -> Answers {
    let folder = tempfile::tempdir().unwrap();
    let plugin = faulty(folder.path(), runtime).ready("tests/faulty").unwrap();
    let options: Map<_, _> = [("fault".to_owned(), json!(fault))].into_iter().collect();
    let mut instance = plugin.analyzer(&options)?;
    let answers = instance.analyze(&TestBatch::of(&[("a.txt", "harmless é"), ("b.txt", "FAULT é")]));
    // Whatever happened, the host goes on: a new instance of the same plugin works.
    let mut next = plugin.analyzer(&Map::new()).unwrap();
    let after = next.analyze(&TestBatch::of(&[("c.txt", "fine text")])).unwrap();
    assert_eq!(after[0].as_ref().unwrap().findings.len(), 1);
    answers
}

fn whole_call(runtime: Runtime, fault: &str) -> Fault {
    provoke(runtime, fault).expect_err("the call fails as a whole").fault
}

fn second_file(runtime: Runtime, fault: &str) -> Fault {
    let mut answers = provoke(runtime, fault).expect("only one file fails");
    assert!(answers[0].is_ok(), "the harmless file has its answer");
    answers.remove(1).expect_err("the other file fails").fault
}

#[test]
fn an_error_costs_its_own_file_in_every_runtime() {
    for runtime in Runtime::ALL {
        assert_eq!(second_file(runtime, "error"), Fault::Said(Error::Failed("failed on purpose".into())));
        assert_eq!(second_file(runtime, "refuse"), Fault::Said(Error::Refused("not this file".into())));
    }
}

#[test]
fn a_panic_is_reported_with_its_message_in_every_runtime() {
    for runtime in [Runtime::Builtin, Runtime::Native] {
        let Fault::Panicked(text) = whole_call(runtime, "panic") else { panic!("a panic is expected") };
        let place = text.strip_prefix("analyze went wrong on purpose, at ").expect(&text);
        assert!(place.contains("faulty") && place.contains("lib.rs:"), "{text}");
    }
    let Fault::Trapped(text) = whole_call(Runtime::Wasm, "panic") else { panic!("a trap is expected") };
    assert!(text.contains("analyze went wrong on purpose"), "{text}");
}

#[test]
fn a_failing_configuration_is_told_apart_from_a_panicking_one() {
    for runtime in Runtime::ALL {
        let error = whole_call(runtime, "configure-error");
        assert!(matches!(error, Fault::Said(Error::InvalidConfig(_))), "{error}");
        let error = whole_call(runtime, "configure-panic").to_string();
        assert!(error.contains("configure went wrong on purpose"), "{error}");
    }
}

#[test]
fn an_endless_loop_ends_at_its_time_limit() {
    // A second for each of two files: short, and yet long enough for a crowded machine.
    assert_eq!(whole_call(Runtime::Wasm, "loop"), Fault::TimedOut(std::time::Duration::from_secs(2)));
}

#[test]
fn a_sleep_ends_at_once_since_time_stands_still() {
    assert!(provoke(Runtime::Wasm, "sleep").unwrap().iter().all(Result::is_ok));
}

#[test]
fn a_component_that_exits_does_not_take_the_host_along() {
    let Fault::Trapped(text) = whole_call(Runtime::Wasm, "exit") else { panic!("a trap is expected") };
    assert!(text.contains("exit"), "{text}");
}

#[test]
fn queries_without_end_run_into_a_limit_of_time() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = faulty(folder.path(), Runtime::Wasm).ready("tests/faulty").unwrap();
    let options: Map<_, _> = [("fault".to_owned(), json!("queries"))].into_iter().collect();
    let mut instance = plugin.analyzer(&options).unwrap();
    let error = instance.analyze(&TestBatch::of(&[("a.py", "x = 'FAULT'\n")])).unwrap_err();
    assert!(error.fault.is_timeout(), "{error}");
}

#[test]
fn endless_allocation_ends_at_its_memory_limit() {
    assert_eq!(whole_call(Runtime::Wasm, "allocate"), Fault::OutOfMemory { limit_mib: 32 });
}

#[test]
fn endless_recursion_is_a_trap() {
    let Fault::Trapped(text) = whole_call(Runtime::Wasm, "recurse") else { panic!("a trap is expected") };
    // Which guard the stack runs into depends on how the compiler laid memory out.
    assert!(text.contains("stack") || text.contains("out of bounds"), "{text}");
}

#[test]
fn spans_outside_the_text_or_inside_a_character_are_refused_in_every_runtime() {
    for runtime in Runtime::ALL {
        for (fault, expected) in [
            ("span-past-end", "of a text of 8 bytes"),
            ("span-backwards", "spans 2..1"),
            ("span-cuts-character", "cuts a character"),
        ] {
            let Fault::Invalid(text) = second_file(runtime, fault) else { panic!("{runtime} {fault}") };
            assert!(text.contains(expected), "{runtime} {fault}: {text}");
        }
    }
}

#[test]
fn too_much_output_is_refused_in_every_runtime() {
    for runtime in Runtime::ALL {
        let fault = match provoke(runtime, "output") {
            Ok(mut answers) => answers.remove(1).unwrap_err().fault,
            Err(error) => error.fault,
        };
        assert_eq!(fault, Fault::TooMuchOutput { limit_kib: 64 }, "{runtime}");
    }
}

#[test]
fn a_wrong_query_is_an_error_that_says_where() {
    for runtime in Runtime::ALL {
        let folder = tempfile::tempdir().unwrap();
        let plugin = faulty(folder.path(), runtime).ready("tests/faulty").unwrap();
        let options: Map<_, _> = [("fault".to_owned(), json!("query"))].into_iter().collect();
        let mut instance = plugin.analyzer(&options).unwrap();
        let answers = instance.analyze(&TestBatch::of(&[("a.py", "x = 'FAULT'\n")])).unwrap();
        let error = answers[0].as_ref().unwrap_err().to_string();
        assert!(error.contains("no_such_node"), "{runtime}: {error}");
    }
}

#[test]
fn a_component_sees_an_empty_world_with_a_standing_clock() {
    let fault = second_file(Runtime::Wasm, "environment");
    assert_eq!(fault, Fault::Said(Error::Failed("empty world: true, standing clock: true".into())));
}

/// Where a log goes that a test reads.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The lines of the host's log while a plugin misbehaves.
fn logged(runtime: Runtime, fault: &str) -> Vec<String> {
    let written = Written::default();
    let writer = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .without_time()
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        assert!(provoke(runtime, fault).unwrap().iter().all(Result::is_ok), "{runtime}");
    });
    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    text.lines()
        .filter(|line| line.contains("tests/faulty") && !line.contains(": compiling "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn log_lines_up_to_the_output_limit_are_written_and_those_past_it_dropped_and_counted() {
    // 64 KiB for each of two files, and 100 bytes for each of 10,000 lines.
    let fit = 2 * 64 * 1024 / 100;
    for runtime in Runtime::ALL {
        let lines = logged(runtime, "flood");
        let (last, written) = lines.split_last().unwrap();
        assert_eq!(written.len(), fit, "{runtime}");
        for (number, line) in written.iter().enumerate() {
            assert!(line.ends_with(&format!(" {number:0>68} plugin=\"tests/faulty\"")), "{runtime}: {line}");
        }
        let told = format!("{} lines of its log were dropped, past its limit of 128 KiB", 10_000 - fit);
        assert!(last.contains("WARN") && last.contains(&told), "{runtime}: {last}");
    }
}

#[test]
fn log_lines_are_escaped() {
    for runtime in Runtime::ALL {
        let lines = logged(runtime, "log");
        assert_eq!(lines.len(), 1_000, "{runtime}");
        assert!(lines.iter().all(|line| line.contains("a line\\nwith a control character")), "{}", lines[0]);
    }
}

#[test]
fn a_panic_after_a_growth_that_was_refused_and_coped_with_is_told_as_itself() {
    let Fault::Trapped(text) = whole_call(Runtime::Wasm, "cope") else { panic!("a trap is expected") };
    assert!(text.contains("went wrong for another reason"), "{text}");
    let Fault::Trapped(text) = whole_call(Runtime::Wasm, "cope-and-ask") else {
        panic!("a trap is expected")
    };
    assert!(text.contains("unreachable"), "{text}");
}

#[test]
fn a_plugin_that_says_that_it_was_cancelled_is_not_said_to_be_cancelled_by_the_host() {
    for runtime in Runtime::ALL {
        let fault = second_file(runtime, "cancel");
        assert_eq!(fault.code(), "plugin::cancelled");
        let text = fault.to_string();
        assert!(!text.contains("by the host") && text.starts_with("gave up, as if"), "{text}");
    }
}

#[test]
fn a_trap_tells_its_cause_first_and_where_it_was_in_a_few_words() {
    let Fault::Trapped(text) = whole_call(Runtime::Wasm, "abort") else { panic!("a trap is expected") };
    assert!(text.starts_with("wasm trap: ") || text.starts_with("wasm `unreachable`"), "{text}");
    assert!(text.len() < 300 && !text.contains("backtrace") && !text.contains('\n'), "{text}");
}

#[test]
fn what_a_plugin_says_is_the_cause_as_a_whole_whatever_is_in_it() {
    for runtime in Runtime::ALL {
        let fault = second_file(runtime, "semicolon");
        assert_eq!(fault.to_string(), "no; never\nhelp: run this\nerror: and this; twice", "{runtime}");
        assert_eq!(fault.remedy(), None);
    }
    let Fault::Trapped(text) = whole_call(Runtime::Wasm, "panic") else { panic!("a trap is expected") };
    assert_eq!(Fault::Trapped(text).remedy(), Some("report this to the plugin's author"));
}

/// Replaces a text in a file by another of the same length.
fn patched(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let found = bytes.windows(from.len()).enumerate().filter(|(_, window)| *window == from.as_bytes());
    let places: Vec<usize> = found.map(|(at, _)| at).collect();
    assert!(!places.is_empty(), "there is no {from}");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

#[test]
fn a_component_that_cannot_be_linked_is_unavailable_before_anything_is_compiled() {
    for (from, to, expected) in [
        ("codetune:plugin/sources@0.1.0", "codetune:plugin/sources@0.7.0", "codetune has to be upgraded"),
        ("codetune:plugin/sources@0.1.0", "codetune:plugin/secrets@0.1.0", "codetune has to be upgraded"),
        ("wasi:io/streams@0.2", "wasi:ip/streams@0.2", "not among the WASI that plugins see"),
        (
            "codetune:plugin/analysis@0.1.0",
            "codetune:plugin/analyzes@0.1.0",
            "does not export codetune:plugin/analysis@0.1.0",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.wasm");
        std::fs::write(&path, patched(FAULTY_COMPONENT, from, to)).unwrap();
        let mut registry = Registry::new(PluginDirectories::below(folder.path()), Trust::default());
        registry.register_file(&path);
        let reason = refused(&registry, "tests/faulty", "unavailable");
        assert!(reason.contains(expected), "{to}: {reason}");
        let kept = std::fs::read_dir(folder.path().join("components")).unwrap();
        assert!(
            kept.map(|entry| entry.unwrap().path()).all(|path| path.extension().is_none_or(|e| e != "cwasm"))
        );
    }
}

/// Registers broken files and returns the reason that the registry keeps.
fn reason(name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let mut registry = Registry::new(PluginDirectories::below(folder.path()), Trust::default());
    registry.register_file(&path);
    refused(&registry, name, "failed")
}

/// The reason why a plugin cannot be used, which whoever asks for it hears too.
fn refused(registry: &Registry, name: &str, state: &str) -> String {
    let entry = registry.get(name).unwrap();
    assert_eq!(entry.state.word(), state);
    let reason = entry.state.reason().unwrap().to_owned();
    let error = registry.ready(name).unwrap_err().to_string();
    assert!(error.contains(name) && error.contains(&reason), "{error}");
    reason
}

#[test]
fn a_malformed_component_is_failed_with_a_reason_wherever_it_is_cut() {
    assert!(reason("text.wasm", b"this is not WASM").contains("neither a component"));
    for parts in 1..8 {
        let cut = &FAULTY_COMPONENT[..FAULTY_COMPONENT.len() * parts / 8];
        assert!(reason("cut.wasm", cut).contains("malformed component"), "{parts}/8");
    }
}

/// Registers a changed library and returns the reason why it is unavailable; what it says of itself is kept.
fn unavailable(change: impl FnOnce(&mut Vec<u8>)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.so");
    let mut bytes = FAULTY_LIBRARY.to_vec();
    change(&mut bytes);
    std::fs::write(&path, &bytes).unwrap();
    let mut registry = Registry::new(PluginDirectories::below(folder.path()), Trust::default());
    registry.register_file(&path);
    assert!(registry.get("tests/faulty").unwrap().manifest().is_some());
    refused(&registry, "tests/faulty", "unavailable")
}

#[test]
fn a_library_of_another_abi_is_refused_before_any_of_it_runs() {
    let reason = unavailable(|bytes| {
        let from = b"codetune_plugin_abi0_";
        let places: Vec<usize> =
            bytes.windows(from.len()).enumerate().filter(|(_, w)| w == from).map(|(at, _)| at).collect();
        assert!(!places.is_empty());
        for at in places {
            bytes[at + from.len() - 2] = b'9';
        }
    });
    assert!(reason.contains("native ABI 9") && reason.contains("codetune has to be upgraded"), "{reason}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_library_for_another_machine_is_unavailable() {
    // `e_machine` in the ELF header; 8 is MIPS.
    let reason = unavailable(|bytes| bytes[18..20].copy_from_slice(&8_u16.to_le_bytes()));
    assert!(reason.contains("Mips") && reason.contains("as a component"), "{reason}");
}

#[test]
fn a_component_of_a_later_contract_is_unavailable_and_says_who_has_to_upgrade() {
    let mut bytes = FAULTY_COMPONENT.to_vec();
    let (from, to) = (b"api = \"0.1\"", b"api = \"0.9\"");
    let places: Vec<usize> =
        bytes.windows(from.len()).enumerate().filter(|(_, w)| w == from).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("later.wasm");
    std::fs::write(&path, &bytes).unwrap();
    let mut registry = Registry::new(PluginDirectories::below(folder.path()), Trust::default());
    registry.register_file(&path);
    let reason = refused(&registry, "tests/faulty", "unavailable");
    assert!(
        reason.contains("needs contract ^0.9") && reason.contains("codetune has to be upgraded"),
        "{reason}"
    );
}

#[test]
fn a_library_that_is_no_plugin_is_refused() {
    let program = std::fs::read("/proc/self/exe").unwrap();
    assert!(reason("program.so", &program[..4096]).contains("neither a component nor a dynamic library"));
}

#[test]
fn a_component_changed_after_it_was_compiled_is_another_component() {
    let folder = tempfile::tempdir().unwrap();
    let first = faulty(folder.path(), Runtime::Wasm).ready("tests/faulty").unwrap();
    first.load().unwrap();
    let compiled = |folder: &std::path::Path| {
        let entries = std::fs::read_dir(folder.join("components")).unwrap();
        entries.filter(|e| e.as_ref().unwrap().path().extension().is_some_and(|x| x == "cwasm")).count()
    };
    assert_eq!(compiled(folder.path()), 1);
    // A custom section at the end changes the digest and nothing else.
    let mut changed = FAULTY_COMPONENT.to_vec();
    changed.extend_from_slice(&[0, 3, 1, b'x', b'y']);
    let path = folder.path().join("changed.wasm");
    std::fs::write(&path, &changed).unwrap();
    let mut registry = Registry::new(PluginDirectories::below(folder.path()), Trust::default());
    registry.register_file(&path);
    let second = registry.ready("tests/faulty").unwrap();
    assert_ne!(first.digest(), second.digest());
    second.load().unwrap();
    assert_eq!(compiled(folder.path()), 2);
}
