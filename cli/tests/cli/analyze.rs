use crate::Place;

/// A function with a nest, a secret with an escape sequence beside it, a binary file and one of no language.
fn project() -> Place {
    let place = Place::new();
    place.write(
        "src/deep.py",
        "def deep(a):\n    if a:\n        if a:\n            if a:\n                return 1\n    return 0\n",
    );
    // In two parts, so that this file is no finding itself.
    let key = format!("{}{}", "AKIA", "QYLPMN5HFIQR7XYA");
    place.write("src/keys.py", &format!("KEY = '{key}'  # \u{1b}[31mred\n"));
    place.write("src/data.py", "x = 1\n\0\n");
    place.write("notes.txt", "nothing\n");
    place
}

#[test]
fn text_shows_findings_in_their_source_and_accounts_for_every_file() {
    let ran = project().run(&["analyze", ".", "--option", "metrics.max_nesting=2"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    for part in [
        "error[codetune/secrets/aws-access-key-id]",
        "src/keys.py:1:",
        "warning[codetune/metrics/too-deep]",
        "def deep(a):",
        "skipped, binary: 1 file",
        "4 files: 2 analysed, 0 failed, 2 skipped",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert!(ran.out.contains("\\u{1b}[31mred") && !ran.out.contains('\u{1b}'), "{}", ran.out);
}

#[test]
fn json_is_an_object_with_files_and_summary_and_the_same_twice() {
    let place = project();
    let first = place.run(&["analyze", ".", "--json"]);
    let parsed = first.json();
    assert_eq!(parsed["files"].as_array().unwrap().len(), 2);
    for key in ["path", "language", "findings", "attributes", "errors"] {
        assert!(!parsed["files"][0][key].is_null(), "{key}");
    }
    assert_eq!(parsed["summary"]["files"]["seen"], 4);
    assert_eq!(place.run(&["analyze", ".", "--json"]).out, first.out, "from the cache");
    assert_eq!(place.run(&["analyze", ".", "--json", "--no-cache", "--jobs", "1"]).out, first.out);
}

#[test]
fn sarif_goes_to_a_file() {
    let place = project();
    let ran = place.run(&["analyze", "src", "--format", "sarif", "-o", "out.sarif"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{ran:?}");
    let text = std::fs::read_to_string(place.path().join("out.sarif")).unwrap();
    let sarif: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
}

#[test]
fn fail_on_decides_the_exit_code() {
    let place = project();
    for (arguments, code) in [
        (vec!["analyze", "src"], 0),
        (vec!["analyze", "src", "--fail-on", "error"], 1),
        (vec!["analyze", "src", "--fail-on", "note"], 1),
        (vec!["analyze", "src/deep.py", "--fail-on", "note"], 0),
    ] {
        assert_eq!(place.run(&arguments).code, Some(code), "{arguments:?}");
    }
}

#[test]
fn one_carrier_for_all_gives_the_same_answer() {
    let place = project();
    let builtin = place.run(&["analyze", "src", "--json", "--carrier", "builtin"]);
    for carrier in ["native", "wasm"] {
        assert_eq!(
            place.run(&["analyze", "src", "--json", "--carrier", carrier]).out,
            builtin.out,
            "{carrier}"
        );
    }
}
