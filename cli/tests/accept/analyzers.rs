//! An analyzer that misbehaves costs its own file, with its name and the true cause.

use codetune_tests::{FAULTY_COMPONENT, FAULTY_LIBRARY};
use serde_json::Value;

use crate::libraries::library;
use crate::place::Place;

/// Faults of a component, the code, and what is said of the file that sets it off.
const COMPONENT: &[(&str, &str, &str)] = &[
    (
        "loop",
        "plugin::timed_out",
        "ran longer than its limit of 1s; raise it with --plugin-limit time_ms=MILLISECONDS",
    ),
    (
        "allocate",
        "plugin::out_of_memory",
        "asked for more than its limit of 32 MiB of memory; raise it with --plugin-limit memory_mib=MIB",
    ),
    ("panic", "plugin::trapped", "analyze went wrong on purpose"),
    ("recurse", "plugin::trapped", "report this to the plugin's author"),
    ("span-past-end", "plugin::invalid_answer", "returned an invalid answer: "),
    ("span-backwards", "plugin::invalid_answer", "spans 2..1"),
    ("span-cuts-character", "plugin::invalid_answer", "cuts a character"),
    ("output", "plugin::too_much_output", "returned more than its limit of 64 KiB of output"),
    ("error", "plugin::failed", "failed on purpose"),
    ("refuse", "plugin::refused", "not this file"),
];

/// Faults of a native library, which are caught inside of it.
const LIBRARY: &[(&str, &str, &str)] = &[
    ("panic", "plugin::panicked", "panicked: analyze went wrong on purpose, at "),
    ("span-cuts-character", "plugin::invalid_answer", "cuts a character"),
    ("output", "plugin::too_much_output", "returned more than its limit of 64 KiB of output"),
    ("error", "plugin::failed", "failed on purpose"),
];

/// Files of which the middle one sets off the fault.
fn place() -> Place {
    let place = Place::new();
    place.write("src/a.py", "first = 'é'\n");
    place.write("src/b.py", "FAULT = 'é'\n");
    place.write("src/c.py", "third = 'é'\n");
    place
}

fn each_costs_its_own_file(faults: &[(&str, &str, &str)], trust: &[&str]) {
    let place = place();
    place.write("plugins/faulty.wasm", FAULTY_COMPONENT);
    if !trust.is_empty() {
        std::fs::remove_file(place.path("plugins/faulty.wasm")).unwrap();
        place.write(&library("faulty"), FAULTY_LIBRARY);
    }
    for (fault, code, message) in faults {
        let option = format!("faulty.fault={fault}");
        let call = [&["--plugins", "plugins", "analyze", "src", "--option", &option], trust].concat();
        let ran = place.run(&[&call[..], &["--json"]].concat());
        let answer = ran.json();
        let counts = &answer["summary"]["files"];
        assert_eq!(
            (&counts["analysed"], &counts["failed"]),
            (&Value::from(2), &Value::from(1)),
            "{fault}: {answer:#}"
        );
        for (at, file) in answer["files"].as_array().unwrap().iter().enumerate() {
            let errors = file["errors"].as_array().unwrap();
            assert_eq!(errors.len(), usize::from(at == 1), "{fault}: {file:#}");
            assert!(
                file["attributes"]["metrics"]["lines"].is_number(),
                "the other analyzers go on: {file:#}"
            );
        }
        let error = &answer["files"][1]["errors"][0];
        assert_eq!(
            (&error["plugin"], &error["code"]),
            (&Value::from("tests/faulty"), &Value::from(*code)),
            "{fault}"
        );
        assert!(error["message"].as_str().unwrap().contains(message), "{fault}: {error}");
        // For people: the file, the plugin and the cause in one line.
        let ran = place.run(&call);
        assert!(!ran.err.contains("thread '"), "{fault}: only the host speaks: {}", ran.err);
        let text = ran.out;
        let line = text.lines().find(|line| line.contains("b.py: ")).unwrap_or_else(|| panic!("{text}"));
        assert!(line.contains("plugin tests/faulty") && line.contains(message), "{fault}: {text}");
        assert!(text.contains("3 files: 2 analyzed, 1 failed, 0 skipped"), "{fault}: {text}");
        // Whoever asks for a verdict does not get a good one from an incomplete answer.
        let verdict = place.run(&[&call[..], &["--fail-on", "error", "--quiet"]].concat());
        // A limit of the host is no fault of the plugin.
        let is_limit =
            ["plugin::timed_out", "plugin::out_of_memory", "plugin::too_much_output"].contains(code);
        assert_eq!(verdict.code, Some(if is_limit { 5 } else { 3 }), "{fault}: {verdict:?}");
    }
}

#[test]
fn a_component_that_loops_eats_memory_panics_or_talks_nonsense_costs_its_own_file() {
    each_costs_its_own_file(COMPONENT, &[]);
}

#[test]
fn a_trusted_library_that_panics_or_talks_nonsense_costs_its_own_file() {
    let place = Place::new();
    place.write(&library("faulty"), FAULTY_LIBRARY);
    let listed = place.run(&["--plugins", "plugins", "plugin", "info", "faulty", "--json"]).json();
    each_costs_its_own_file(LIBRARY, &["--trust-native", listed["digest"].as_str().unwrap()]);
}

#[test]
fn an_analyzer_that_cannot_be_configured_ends_the_command_with_its_name_and_cause() {
    let place = place();
    place.write("plugins/faulty.wasm", FAULTY_COMPONENT);
    let before = place.contents();
    let call = |fault| ["--plugins", "plugins", "analyze", "src", "--option", fault];
    place.refused(
        &call("faulty.fault=configure-error"),
        2,
        &[
            "plugin tests/faulty",
            "fault: write something else",
            "help: list its options with: codetune plugin info tests/faulty",
        ],
    );
    let panics = call("faulty.fault=configure-panic");
    let ran = place.run(&panics);
    assert_eq!(ran.code, Some(0), "the other analyzers have answered: {ran:?}");
    for part in
        ["a.py: plugin tests/faulty trapped: ", "configure went wrong on purpose", "0 analyzed, 3 failed"]
    {
        assert!(ran.out.contains(part), "{part}: {ran:?}");
    }
    assert_eq!(place.run(&[&panics[..], &["--fail-on", "error"]].concat()).code, Some(3));
    assert_eq!(place.contents(), before);
}

#[test]
fn a_fault_is_told_again_from_the_cache_and_gone_with_its_cause() {
    let place = place();
    place.write("plugins/faulty.wasm", FAULTY_COMPONENT);
    let call =
        ["--plugins", "plugins", "analyze", "src", "--option", "faulty.fault=span-backwards", "--json"];
    let first = place.run(&call);
    assert_eq!(place.run(&call).out, first.out);
    place.write("src/b.py", "fine = 'é'\n");
    assert_eq!(place.run(&call).json()["summary"]["files"]["failed"], 0);
}

#[test]
fn a_named_analyzer_that_failed_on_every_file_is_told_by_the_exit_code() {
    let place = place();
    place.write("plugins/faulty.wasm", FAULTY_COMPONENT);
    let call = |fault| {
        let option = format!("faulty.fault={fault}");
        let call = ["--plugins", "plugins", "analyze", "src/b.py", "--analyzer", "faulty", "--option"];
        place.run(&[&call[..], &[&option]].concat())
    };
    let failed = call("error");
    assert_eq!(failed.code, Some(3), "{failed:?}");
    assert!(failed.out.contains("b.py: plugin tests/faulty failed on purpose"), "{failed:?}");
    assert_eq!(call("none").code, Some(0));
    // One answer is an answer.
    let some =
        ["--plugins", "plugins", "analyze", "src", "--analyzer", "faulty", "--option", "faulty.fault=error"];
    assert_eq!(place.run(&some).code, Some(0));
    let both = [&some[..6], &["--analyzer", "metrics", "--option", "faulty.fault=configure-panic"]].concat();
    assert_eq!(place.run(&both).code, Some(3), "one of the named ones gave no answer at all");
}

#[test]
fn what_a_plugin_says_is_told_as_a_whole_and_never_looks_like_a_line_of_ours() {
    let place = place();
    place.write("plugins/faulty.wasm", FAULTY_COMPONENT);
    let call = |fault: &str| {
        let option = format!("faulty.fault={fault}");
        place.run(&["--plugins", "plugins", "analyze", "src", "--analyzer", "faulty", "--option", &option])
    };
    let refused = call("configure-lines");
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let expected = "error: plugin tests/faulty: invalid configuration: one; two\n  | help: run this\n  \
                    | error: and this; \\u{202e}three\n  help: list its options with: codetune plugin info tests/faulty\n";
    assert!(refused.err.ends_with(expected), "{}", refused.err);
    let failed = call("semicolon");
    let line = "b.py: plugin tests/faulty no; never\\nhelp: run this\\nerror: and this; twice\n";
    assert!(failed.out.contains(line), "{}", failed.out);
}
