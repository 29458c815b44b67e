use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value, json};

use super::test_plugin::plugin;
use super::*;

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn probe() -> AnalysisOptions {
    AnalysisOptions { analyzers: vec![Selected::new(plugin("test/probe"))], jobs: 2, ..Default::default() }
}

fn run(root: &Path, options: &AnalysisOptions) -> Analysis {
    analyze(root, options, &|_| {}, &AtomicBool::new(false)).unwrap()
}

fn file<'a>(analysis: &'a Analysis, path: &str) -> &'a FileAnalysis {
    analysis.files.iter().find(|file| file.path == path).unwrap()
}

fn json(analysis: &Analysis) -> String {
    serde_json::to_string_pretty(analysis).unwrap()
}

/// Two hundred files, some of which make the analyzer fail.
fn mixed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..200 {
        let text = match number % 40 {
            7 => "# do: panic\n".to_owned(),
            19 => "# do: refuse\n".to_owned(),
            23 => "# do: bad span\n".to_owned(),
            31 => "# do: fail unless first\n".to_owned(),
            _ => format!("def f{number}():\n    call({number})  # TODO\n"),
        };
        std::fs::write(folder.path().join(format!("f{number}.py")), text).unwrap();
    }
    folder
}

mod a_file {
    use super::*;

    #[test]
    fn has_findings_attributes_and_symbols_with_places() {
        let folder = tree(&[("pkg/é.py", "def f():\n    é = g()  # TODO\n")]);
        let analysis = run(folder.path(), &probe());
        let form = serde_json::to_value(&analysis).unwrap();
        assert_eq!(
            form["files"],
            json!([{
                "path": "pkg/é.py",
                "language": "python",
                "findings": [
                    {
                        "plugin": "test/probe", "rule": "call", "severity": "note", "message": "A call",
                        "start": 18, "end": 21,
                        "start_line": 2, "start_column": 9, "end_line": 2, "end_column": 12,
                        "edits": [],
                    },
                    {
                        "plugin": "test/probe", "rule": "word", "severity": "warning", "message": "found it",
                        "start": 25, "end": 29,
                        "start_line": 2, "start_column": 16, "end_line": 2, "end_column": 20,
                        "edits": [{
                            "start": 25, "end": 29,
                            "start_line": 2, "start_column": 16, "end_line": 2, "end_column": 20,
                            "replacement": "",
                        }],
                    },
                ],
                "attributes": { "probe": { "lines": 2, "ratio": 0.5 } },
                "symbols": [{
                    "plugin": "test/probe", "name": "function", "start": 0, "end": 29,
                    "start_line": 1, "start_column": 1, "end_line": 2, "end_column": 20,
                    "attributes": { "size": 29 },
                }],
                "errors": [],
            }])
        );
        assert_eq!(form.as_object().unwrap().keys().collect::<Vec<_>>(), ["files", "skipped", "summary"]);
        let found = file(&analysis, "pkg/é.py");
        assert_eq!((found.bytes, found.lines, &found.text), (30, 2, &None));
        assert_eq!(found.digest, *blake3::hash("def f():\n    é = g()  # TODO\n".as_bytes()).as_bytes());
    }

    #[test]
    fn goes_only_to_analyzers_that_want_its_language() {
        let folder = tree(&[("a.py", "x\n"), ("b.rs", "fn f() {}\n")]);
        let analyzers = ["test/probe", "test/other"].map(|name| Selected::new(plugin(name))).to_vec();
        let analysis = run(folder.path(), &AnalysisOptions { analyzers, ..probe() });
        let asked = |path| file(&analysis, path).attributes.keys().cloned().collect::<Vec<_>>();
        assert_eq!(asked("a.py"), ["other", "probe"]);
        assert_eq!(asked("b.rs"), ["probe"]);
    }

    #[test]
    fn has_full_names_for_analyzers_that_share_a_short_one() {
        let folder = tree(&[("a.py", "TODO\n")]);
        let analyzers = ["test/probe", "another/probe"].map(|name| Selected::new(plugin(name))).to_vec();
        let analysis = run(folder.path(), &AnalysisOptions { analyzers, ..probe() });
        let keys: Vec<_> = analysis.files[0].attributes.keys().collect();
        assert_eq!(keys, ["another/probe", "test/probe"]);
        let rules: Vec<_> = analysis.summary.rules.keys().collect();
        assert_eq!(rules, ["another/probe/word", "test/probe/word"]);
    }

    #[test]
    fn keeps_its_text_only_when_asked() {
        let folder = tree(&[("a.py", "x = 1\n")]);
        let analysis = run(folder.path(), &AnalysisOptions { keep_text: true, ..probe() });
        assert_eq!(analysis.files[0].text.as_deref(), Some("x = 1\n"));
        assert!(!json(&analysis).contains("x = 1"));
    }
}

mod a_fault {
    use super::*;

    fn codes(file: &FileAnalysis) -> Vec<&str> {
        file.errors.iter().map(|error| error.code.as_str()).collect()
    }

    #[test]
    fn costs_its_own_file_only() {
        let folder = mixed();
        let analysis = run(folder.path(), &probe());
        assert_eq!(analysis.files.len(), 200);
        for file in &analysis.files {
            let number: usize = file.path[1..file.path.len() - 3].parse().unwrap();
            let expected: &[&str] = match number % 40 {
                7 => &["plugin::panicked"],
                19 => &["plugin::refused"],
                23 => &["plugin::invalid_answer"],
                _ => &[],
            };
            assert_eq!(codes(file), expected, "{}", file.path);
            assert_eq!(file.attributes.contains_key("probe"), expected.is_empty(), "{}", file.path);
        }
        let counts = &analysis.summary.files;
        assert_eq!((counts.seen, counts.analysed, counts.failed, counts.skipped), (200, 185, 15, 0));
        assert_eq!(analysis.summary.errors["plugin::panicked"], 5);
    }

    #[test]
    fn leaves_the_other_analyzers_answers() {
        let folder = tree(&[("a.py", "# do: panic\n"), ("b.txt", "")]);
        let mut options = probe();
        options.analyzers.push(Selected { options: Map::new(), plugin: plugin("test/other") });
        let analysis = run(folder.path(), &options);
        let errors: Vec<_> = analysis.files[0].errors.iter().map(|error| error.plugin.as_str()).collect();
        assert_eq!(errors, ["test/other", "test/probe"]);
        assert!(analysis.files[0].errors[0].message.contains("told to panic"));
    }

    #[test]
    fn of_two_values_for_one_attribute_is_reported() {
        let folder = tree(&[("a.py", "# do: say it twice\n")]);
        let error = &run(folder.path(), &probe()).files[0].errors[0];
        assert_eq!(error.code, "plugin::invalid_answer");
        assert!(error.message.contains("`lines` has two values"), "{}", error.message);
    }
}

mod every_file {
    use super::*;

    #[test]
    fn is_analysed_failed_or_skipped_with_a_reason() {
        let folder = tree(&[("a.py", "x\n"), ("b.py", "# do: refuse\n"), ("c.unknown", "x"), ("d.rs", "\0")]);
        let analysis = run(folder.path(), &probe());
        let form = serde_json::to_value(&analysis).unwrap();
        assert_eq!(form["summary"]["files"], json!({ "seen": 4, "analysed": 1, "failed": 1, "skipped": 2 }));
        assert_eq!(form["skipped"][0]["path"], "c.unknown");
        assert_eq!(form["skipped"][0]["code"], "unknown-language");
        assert_eq!(form["skipped"][1]["code"], "binary");
        assert!(form["skipped"][1]["reason"].as_str().unwrap().contains("NUL at byte 0"));
        assert_eq!(form["summary"]["plugins"], json!([{ "name": "test/probe", "version": "1.2.3" }]));
    }

    #[test]
    fn counts_in_the_progress_exactly_once() {
        let folder = mixed();
        std::fs::write(folder.path().join("z.py"), "\0").unwrap();
        let told = Mutex::new(Vec::new());
        let stop = AtomicBool::new(false);
        analyze(folder.path(), &probe(), &|progress| told.lock().unwrap().push(progress), &stop).unwrap();
        let told = told.into_inner().unwrap();
        assert_eq!((told[0].files, told[0].total_files), (0, 201));
        let last = told.iter().max_by_key(|progress| progress.files).unwrap();
        assert_eq!((last.files, last.bytes), (201, last.total_bytes));
    }

    #[test]
    fn comes_in_the_same_order_whatever_threads_do() {
        let folder = mixed();
        let one = run(folder.path(), &AnalysisOptions { jobs: 1, ..probe() });
        let many = run(folder.path(), &AnalysisOptions { jobs: 8, ..probe() });
        assert_eq!(json(&one), json(&many));
        assert!(one.files.is_sorted_by(|a, b| a.path < b.path));
    }
}

mod a_request {
    use super::*;

    fn refusal(options: &AnalysisOptions) -> AnalysisError {
        let folder = tree(&[("a.py", "x\n"), ("b.py", "x\n")]);
        analyze(folder.path(), options, &|_| {}, &AtomicBool::new(false)).unwrap_err()
    }

    #[test]
    fn with_options_that_the_manifest_refuses_is_refused() {
        let mut options = probe();
        options.analyzers[0].options.insert("wrod".into(), "x".into());
        let error = refusal(&options).to_string();
        assert!(error.contains("test/probe") && error.contains("did you mean `word`"), "{error}");
    }

    #[test]
    fn with_options_that_the_analyzer_refuses_is_refused() {
        let mut options = probe();
        options.analyzers[0].options.insert("word".into(), "impossible".into());
        let error = refusal(&options);
        assert_eq!(error.code(), "analysis::options");
        assert!(error.to_string().contains("the word is impossible"), "{error}");
    }

    #[test]
    fn for_an_analyzer_twice_is_refused() {
        let mut options = probe();
        options.analyzers.push(options.analyzers[0].clone());
        assert!(
            matches!(refusal(&options), AnalysisError::SelectedTwice { plugin } if plugin == "test/probe")
        );
    }

    #[test]
    fn for_a_missing_root_or_too_many_threads_is_refused() {
        let options = AnalysisOptions { jobs: 1025, ..probe() };
        assert!(matches!(refusal(&options), AnalysisError::Jobs { given: 1025, .. }));
        let nowhere = Path::new("/does/not/exist");
        let error = analyze(nowhere, &probe(), &|_| {}, &AtomicBool::new(false)).unwrap_err();
        assert!(matches!(error, AnalysisError::Source(_)), "{error}");
    }
}

mod the_cache {
    use super::*;

    fn cached(directory: &Path) -> AnalysisOptions {
        AnalysisOptions { cache: Some(AnalysisCache::open(directory).unwrap()), ..probe() }
    }

    #[test]
    fn gives_the_same_analysis_errors_included() {
        let (folder, kept) = (mixed(), tempfile::tempdir().unwrap());
        let first = run(folder.path(), &cached(kept.path()));
        let second = run(folder.path(), &cached(kept.path()));
        assert_eq!((first.cached_answers, first.fresh_answers), (0, 200));
        // Native panics, and nothing else, are tried again.
        assert_eq!((second.cached_answers, second.fresh_answers), (195, 5));
        assert_eq!(first.files, second.files);
        assert_eq!(json(&first), json(&second));
        assert_eq!(json(&first), json(&run(folder.path(), &probe())));
    }

    #[test]
    fn misses_when_an_option_changes_and_hits_when_a_default_is_written_out() {
        let (folder, kept) = (tree(&[("a.py", "TODO LATER\n")]), tempfile::tempdir().unwrap());
        let mut options = cached(kept.path());
        run(folder.path(), &options);
        options.analyzers[0].options.insert("word".into(), "TODO".into());
        assert_eq!(run(folder.path(), &options).fresh_answers, 0);
        options.analyzers[0].options.insert("word".into(), "LATER".into());
        let changed = run(folder.path(), &options);
        assert_eq!((changed.fresh_answers, changed.files[0].findings[0].start), (1, 5));
    }

    #[test]
    fn misses_when_content_or_path_or_analyzer_changes() {
        let (folder, kept) = (tree(&[("a.py", "# do: refuse\n")]), tempfile::tempdir().unwrap());
        let mut options = cached(kept.path());
        run(folder.path(), &options);
        std::fs::rename(folder.path().join("a.py"), folder.path().join("b.py")).unwrap();
        let moved = run(folder.path(), &options);
        assert!(moved.files[0].errors[0].message.contains("b.py says so"));
        std::fs::write(folder.path().join("b.py"), "# do: refuse it\n").unwrap();
        assert_eq!(run(folder.path(), &options).fresh_answers, 1);
        options.analyzers = vec![Selected::new(plugin("another/probe"))];
        assert_eq!(run(folder.path(), &options).fresh_answers, 1);
    }

    #[test]
    fn keeps_what_was_done_before_a_stop() {
        let (folder, kept) = (mixed(), tempfile::tempdir().unwrap());
        let options = AnalysisOptions { jobs: 1, ..cached(kept.path()) };
        let stop = AtomicBool::new(false);
        let after_some = |progress: Progress| {
            if progress.files > 0 {
                stop.store(true, Ordering::Relaxed);
            }
        };
        let error = analyze(folder.path(), &options, &after_some, &stop).unwrap_err();
        assert!(matches!(error, AnalysisError::Stopped), "{error}");
        let again = run(folder.path(), &options);
        assert!(again.cached_answers > 0 && again.fresh_answers > 0);
        assert_eq!(json(&again), json(&run(folder.path(), &probe())));
    }

    #[test]
    fn that_is_no_database_is_begun_anew() {
        let (folder, kept) = (mixed(), tempfile::tempdir().unwrap());
        std::fs::write(kept.path().join("analysis.sqlite"), "this is no database".repeat(1000)).unwrap();
        run(folder.path(), &cached(kept.path()));
        assert_eq!(run(folder.path(), &cached(kept.path())).cached_answers, 195);
    }

    #[test]
    fn damaged_in_the_middle_gives_no_wrong_answer() {
        let (folder, kept) = (mixed(), tempfile::tempdir().unwrap());
        let first = run(folder.path(), &cached(kept.path()));
        let path = kept.path().join("analysis.sqlite");
        let mut bytes = std::fs::read(&path).unwrap();
        let from = bytes.len() / 3;
        bytes[from..].iter_mut().step_by(97).for_each(|byte| *byte ^= 0x55);
        std::fs::write(&path, bytes).unwrap();
        let second = run(folder.path(), &cached(kept.path()));
        assert_eq!(json(&first), json(&second));
        run(folder.path(), &cached(kept.path()));
        assert_eq!(json(&first), json(&run(folder.path(), &cached(kept.path()))));
    }

    #[test]
    fn of_another_layout_is_begun_anew() {
        let (folder, kept) = (tree(&[("a.py", "x\n")]), tempfile::tempdir().unwrap());
        let path = kept.path().join("analysis.sqlite");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            use sqlx::Connection;
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::query("PRAGMA user_version = 99").execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
        run(folder.path(), &cached(kept.path()));
        assert_eq!(run(folder.path(), &cached(kept.path())).cached_answers, 1);
    }

    #[test]
    fn works_when_called_from_async_code() {
        let (folder, kept) = (tree(&[("a.py", "x\n")]), tempfile::tempdir().unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async { run(folder.path(), &cached(kept.path())) });
        assert_eq!(run(folder.path(), &cached(kept.path())).cached_answers, 1);
    }

    #[test]
    fn in_a_folder_that_cannot_be_made_is_an_error() {
        let folder = tree(&[("file", "x")]);
        let error = AnalysisCache::open(&folder.path().join("file/cache")).unwrap_err().to_string();
        assert!(error.contains("analysis.sqlite") && error.contains("go without"), "{error}");
    }

    #[test]
    fn takes_only_what_it_stored_for_the_very_key() {
        use super::super::cache::{decode, encode};
        use super::super::outcome::Outcome;
        let outcome = Outcome::Fault { code: "c".into(), message: "m".into() };
        let mut stored = encode(&[1; 32], &outcome).unwrap();
        assert_eq!(decode(&[1; 32], &stored), Some(outcome));
        assert_eq!(decode(&[2; 32], &stored), None);
        *stored.last_mut().unwrap() ^= 1;
        assert_eq!(decode(&[1; 32], &stored), None);
        assert_eq!(decode(&[1; 32], b"short"), None);
    }
}

mod sarif {
    use super::*;

    /// The official schema, as the crate `serde-sarif` 0.8.0 carries it (MIT).
    const SCHEMA: &str = include_str!("../../../tests/fixtures/sarif-schema-2.1.0.json");

    /// Its pattern of a run's `language` has a bracket too many, which strict readers of regular expressions
    /// refuse; that one pattern is mended.
    fn schema() -> Value {
        let mut schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let pattern = &mut schema["definitions"]["run"]["properties"]["language"]["pattern"];
        assert_eq!(*pattern, "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$");
        *pattern = "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}?$".into();
        schema
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
            let print =
                |r: &Value| r["partialFingerprints"]["ruleAndOccurrence/v1"].as_str().unwrap().to_owned();
            results.iter().map(print).collect()
        };
        let here = prints("f()\nf()\n");
        assert_ne!(here[0], here[1]);
        assert_eq!(here, prints("\n\n\nf()\nf()\n"));
    }
}
