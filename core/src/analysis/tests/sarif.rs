use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

/// The official schema, as the crate `serde-sarif` 0.8.0 carries it (MIT).
const SCHEMA: &str = include_str!("../../../../tests/fixtures/sarif-schema-2.1.0.json");

/// Its pattern for languages, which stands there twice, has a bracket too many, and strict readers of
/// regular expressions refuse it; that one pattern is mended.
fn schema() -> Value {
    let bad = "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$";
    assert_eq!(SCHEMA.matches(bad).count(), 2);
    serde_json::from_str(&SCHEMA.replace(bad, "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$")).unwrap()
}

fn assert_valid(report: &Value) {
    let schema = schema();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let errors: Vec<_> =
        validator.iter_errors(report).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn of_non_ascii_paths_findings_errors_and_skips_is_valid() {
    let folder = tree(&[
        ("süß & 100%/a:b #1.py", "𝒳 = 'é'  # TODO\n"),
        ("b.py", "# do: panic\n"),
        ("c.unknown", ""),
        ("d.py", "f()\nf()\n"),
    ]);
    let analysis = run(folder.path(), &probe());
    for root in [None, Some(folder.path())] {
        assert_valid(&to_sarif(&analysis, root));
    }
    let report = to_sarif(&analysis, Some(folder.path()));
    let run = &report["runs"][0];
    let result = run["results"].as_array().unwrap().iter().find(|r| r["ruleId"] == "probe/word").unwrap();
    let location = &result["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "s%C3%BC%C3%9F%20%26%20100%25/a%3Ab%20%231.py");
    assert_eq!(
        location["region"],
        json!({ "startLine": 1, "startColumn": 12, "endLine": 1, "endColumn": 16 })
    );
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "probe/word");
    assert_eq!(result["ruleIndex"], 0);
    assert_eq!(
        result["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"],
        location["region"]
    );
    let base = run["originalUriBaseIds"]["SRCROOT"]["uri"].as_str().unwrap();
    assert!(base.starts_with("file:///") && base.ends_with('/'), "{base}");
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let told: BTreeSet<_> = invocation["toolExecutionNotifications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n["descriptor"]["id"].as_str().unwrap())
        .collect();
    assert_eq!(told, BTreeSet::from(["plugin::panicked", "skipped::unknown-language"]));
}

#[test]
fn of_nothing_is_valid_and_successful() {
    let folder = tree(&[]);
    let report = to_sarif(&run(folder.path(), &probe()), None);
    assert_valid(&report);
    assert_eq!(report["runs"][0]["invocations"][0]["executionSuccessful"], true);
    assert_eq!(report["runs"][0]["results"], json!([]));
}

#[test]
fn that_breaks_the_schema_is_noticed() {
    let schema = schema();
    let mut report = to_sarif(&run(tree(&[]).path(), &probe()), None);
    report["runs"][0]["columnKind"] = "bytes".into();
    assert!(!jsonschema::is_valid(&schema, &report));
}

#[test]
fn tells_like_findings_apart_and_knows_them_when_they_move() {
    let prints = |text: &str| -> Vec<String> {
        let folder = tree(&[("d.py", text)]);
        let report = to_sarif(&run(folder.path(), &probe()), None);
        let results = report["runs"][0]["results"].as_array().unwrap().clone();
        let print = |r: &Value| r["partialFingerprints"]["ruleAndOccurrence/v1"].as_str().unwrap().to_owned();
        results.iter().map(print).collect()
    };
    let here = prints("f()\nf()\n");
    assert_ne!(here[0], here[1]);
    assert_eq!(here, prints("\n\n\nf()\nf()\n"));
}
