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

fn found_texts() -> AnalysisOptions {
    AnalysisOptions { keep_found_text: true, ..probe() }
}

#[test]
fn of_non_ascii_paths_findings_errors_and_skips_is_valid() {
    let folder = tree(&[
        ("süß & 100%/a:b #1.py", "𝒳 = 'é'  # TODO\n"),
        ("b.py", "# do: panic\n"),
        ("c.unknown", ""),
        ("d.py", "f()\nf()\n"),
    ]);
    std::fs::write(folder.path().join("e.py"), b"# coding: ascii\n'\xe9'\n").unwrap();
    let report = to_sarif(&run(folder.path(), &found_texts()));
    assert_valid(&report);
    assert_valid(&to_sarif(&run(folder.path(), &probe())));
    let run = &report["runs"][0];
    let result = run["results"].as_array().unwrap().iter().find(|r| r["ruleId"] == "probe/word").unwrap();
    let location = &result["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "s%C3%BC%C3%9F%20%26%20100%25/a%3Ab%20%231.py");
    assert_eq!(
        location["region"],
        json!({ "startLine": 1, "startColumn": 12, "endLine": 1, "endColumn": 16 })
    );
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert_eq!(result["ruleIndex"], 0);
    assert_eq!(
        result["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"],
        location["region"]
    );
    let base = run["originalUriBaseIds"]["%SRCROOT%"]["uri"].as_str().unwrap();
    assert!(base.starts_with("file:///") && base.ends_with('/'), "{base}");
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let told: BTreeSet<_> = invocation["toolExecutionNotifications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| (n["descriptor"]["id"].as_str().unwrap(), n["level"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        BTreeSet::from([
            ("plugin::panicked", "error"),
            ("skipped::not-utf8", "warning"),
            ("skipped::unknown-language", "note"),
        ])
    );
}

#[test]
fn has_what_github_wants_of_each_rule() {
    let report = to_sarif(&run(tree(&[("a.py", "TODO\n")]).path(), &probe()));
    let rule = &report["runs"][0]["tool"]["driver"]["rules"][0];
    assert_eq!(rule["id"], "probe/word");
    assert_eq!(rule["name"], "Word");
    assert_eq!(rule["shortDescription"]["text"], "The word.");
    assert_eq!(rule["fullDescription"]["text"], "The word. Finds a word.");
    assert_eq!(rule["help"]["text"], "Go.");
    assert_eq!(rule["properties"]["problem.severity"], "warning");
    let without_help = &report["runs"][0]["tool"]["driver"]["rules"][1];
    assert_eq!(without_help["help"]["text"], "A call.");
    assert_eq!(without_help["properties"]["problem.severity"], "recommendation");
}

#[test]
fn of_nothing_is_valid_and_successful() {
    let folder = tree(&[]);
    let report = to_sarif(&run(folder.path(), &probe()));
    assert_valid(&report);
    assert_eq!(report["runs"][0]["invocations"][0]["executionSuccessful"], true);
    assert_eq!(report["runs"][0]["results"], json!([]));
}

#[test]
fn that_breaks_the_schema_is_noticed() {
    let schema = schema();
    let mut report = to_sarif(&run(tree(&[]).path(), &probe()));
    report["runs"][0]["columnKind"] = "bytes".into();
    assert!(!jsonschema::is_valid(&schema, &report));
}

#[test]
fn names_files_as_the_repository_does_wherever_the_inputs_lie_in_it() {
    let folder = tree(&[("repo/src/a.py", "TODO\n"), ("repo/lib/b.py", "TODO\n"), ("repo/top.py", "TODO\n")]);
    let repository = folder.path().join("repo");
    std::fs::create_dir(repository.join(".git")).unwrap();
    let told = |inputs: Inputs| {
        let analysis = analyze(inputs, &found_texts(), &|_| {}, &Arc::default()).unwrap();
        let report = to_sarif(&analysis);
        assert_valid(&report);
        let run = &report["runs"][0];
        let base = run["originalUriBaseIds"]["%SRCROOT%"]["uri"].as_str().unwrap();
        assert!(base.ends_with("/repo/"), "{base}");
        let uri = |r: &Value| {
            r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap().to_owned()
        };
        let uris: Vec<String> = run["results"].as_array().unwrap().iter().map(uri).collect();
        (run["automationDetails"]["id"].as_str().unwrap().to_owned(), uris.join(" "))
    };
    let expect = |category: &str, uris: &str| (category.to_owned(), uris.to_owned());
    let among = |current: &Path, paths: &[&str]| Inputs::among(current, paths.iter().map(Into::into));
    let all = expect("codetune/", "lib/b.py src/a.py top.py");
    let (source, library) = (repository.join("src"), repository.join("lib"));
    assert_eq!(told(repository.as_path().into()), all);
    assert_eq!(told(among(&repository, &["."])), all);
    assert_eq!(told(among(folder.path(), &["repo"])), all);
    assert_eq!(told(among(&source, &["../lib", "../src", "../top.py"])), all);
    assert_eq!(told(source.as_path().into()), expect("codetune/src/", "src/a.py"));
    assert_eq!(told(among(&source, &["."])), expect("codetune/src/", "src/a.py"));
    assert_eq!(told(among(&repository, &["src/a.py"])), expect("codetune/src/", "src/a.py"));
    assert_eq!(told(among(&library, &["b.py", "../top.py"])), expect("codetune/", "lib/b.py top.py"));
}

/// Both fingerprints of every result.
fn fingerprints(text: &str, options: &AnalysisOptions) -> Vec<(String, String)> {
    let folder = tree(&[("d.py", text)]);
    let report = to_sarif(&run(folder.path(), options));
    let results = report["runs"][0]["results"].as_array().unwrap().clone();
    let print = |r: &Value, key: &str| r["partialFingerprints"][key].as_str().unwrap().to_owned();
    results.iter().map(|r| (print(r, "primaryLocationLineHash"), print(r, "codetune/v1"))).collect()
}

#[test]
fn tells_like_findings_apart_and_knows_them_when_they_move() {
    let here = fingerprints("f()\nf()\n", &found_texts());
    assert_ne!(here[0], here[1]);
    assert_eq!(here, fingerprints("\n\n\nf()\nf()\n", &found_texts()));
}

#[test]
fn has_fingerprints_that_depend_on_no_message() {
    let mut options = found_texts();
    options.analyzers[0].options.insert("message".into(), "12 of 10".into());
    let before = fingerprints("# TODO\n", &options);
    options.analyzers[0].options.insert("message".into(), "15 of 5".into());
    assert_eq!(before, fingerprints("# TODO\n", &options));
}

#[test]
fn has_fingerprints_that_depend_on_no_secret() {
    let print = |secret: &str| {
        let mut options =
            AnalysisOptions { analyzers: vec![Selected::new(plugin("secret/probe"))], ..found_texts() };
        options.analyzers[0].options.insert("word".into(), secret.into());
        fingerprints(&format!("key = '{secret}'\nx = 1\n"), &options)
    };
    assert_eq!(print("hunter2"), print("another and longer"));
    assert_eq!(print("hunter2").len(), 1);
}

#[test]
fn scores_rules_of_security_analyzers() {
    let options = AnalysisOptions { analyzers: vec![Selected::new(plugin("secret/probe"))], ..probe() };
    let report = to_sarif(&run(tree(&[("a.py", "")]).path(), &options));
    let properties = &report["runs"][0]["tool"]["driver"]["rules"][0]["properties"];
    assert_eq!(properties["security-severity"], "5.5");
    assert_eq!(properties["tags"], json!(["security"]));
}
