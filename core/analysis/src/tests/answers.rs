use std::sync::Mutex;

use serde_json::{Map, json};

use super::*;

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
                "encoding": "UTF-8",
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
        assert_eq!(
            form.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["root", "files", "skipped", "summary"]
        );
        let found = file(&analysis, "pkg/é.py");
        assert_eq!((found.bytes, found.lines, &found.text), (30, 2, &None));
        assert_eq!(found.digest, *blake3::hash("def f():\n    é = g()  # TODO\n".as_bytes()).as_bytes());
    }

    #[test]
    fn and_all_others_are_written_as_serde_json_writes_them() {
        let many: Vec<(String, String)> =
            (0..600).map(|i| (format!("{i}.py"), format!("s = \"line\\nend {i}\" # TODO\n"))).collect();
        let many: Vec<(&str, &str)> =
            many.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let few = [("pkg/é.py", "é = g()\n"), ("no.bin", "x\0y")];
        for files in [&many[..], &few, &few[1..]] {
            let folder = tree(files);
            let analysis = run(folder.path(), &probe());
            let mut written = Vec::new();
            analysis.write_json(&mut written).unwrap();
            assert_eq!(String::from_utf8(written).unwrap(), json(&analysis));
        }
    }

    #[test]
    fn goes_only_to_analyzers_that_want_its_language() {
        let folder = tree(&[("a.py", "x\n"), ("b.rs", "fn f() {}\n")]);
        let analyzers = ["test/probe", "test/other"].map(|name| Selected::new(plugin(name))).to_vec();
        let analysis = run(folder.path(), &AnalysisOptions { analyzers, ..probe() });
        let asked =
            |path| file(&analysis, path).attributes.analyzers().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(asked("a.py"), ["other", "probe"]);
        assert_eq!(asked("b.rs"), ["probe"]);
    }

    #[test]
    fn has_full_names_for_analyzers_that_share_a_short_one() {
        let folder = tree(&[("a.py", "TODO\n")]);
        let analyzers = ["test/probe", "another/probe"].map(|name| Selected::new(plugin(name))).to_vec();
        let analysis = run(folder.path(), &AnalysisOptions { analyzers, ..probe() });
        let keys: Vec<_> = analysis.files[0].attributes.analyzers().collect();
        assert_eq!(keys, ["another/probe", "test/probe"]);
        let rules: Vec<_> = analysis.summary.rules.keys().collect();
        assert_eq!(rules, ["another/probe/word", "test/probe/word"]);
    }

    #[test]
    fn keeps_its_text_only_when_asked() {
        let folder = tree(&[("a.py", "x = 1\n"), ("b.py", "TODO\n")]);
        let found = run(folder.path(), &AnalysisOptions { keep_found_text: true, ..probe() });
        let kept = found.files.iter().map(|file| file.text.as_deref());
        assert_eq!(kept.collect::<Vec<_>>(), [None, Some("TODO\n")]);
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
            assert_eq!(file.attributes.get("probe").is_some(), expected.is_empty(), "{}", file.path);
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
        let folder = tree(&[
            ("a.py", "x\n"),
            ("b.py", "# do: refuse\n"),
            ("c.unknown", "x"),
            ("d.rs", "\x7fELF\0\0\0\0"),
        ]);
        let analysis = run(folder.path(), &probe());
        let form = serde_json::to_value(&analysis).unwrap();
        assert_eq!(form["summary"]["files"], json!({ "seen": 4, "analysed": 1, "failed": 1, "skipped": 2 }));
        assert_eq!(form["skipped"][0]["path"], "c.unknown");
        assert_eq!(form["skipped"][0]["code"], "unknown-language");
        assert_eq!(form["skipped"][1]["code"], "binary");
        assert_eq!(form["skipped"][1]["reason"], "binary: an ELF file");
        assert_eq!(form["root"], folder.path().to_str().unwrap());
        assert_eq!(form["summary"]["plugins"], json!([{ "name": "test/probe", "version": "1.2.3" }]));
    }

    #[test]
    fn counts_in_the_progress_exactly_once() {
        let folder = mixed();
        std::fs::write(folder.path().join("z.py"), [0; 64]).unwrap();
        let told = Mutex::new(Vec::new());
        let stop = Arc::new(AtomicBool::new(false));
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

mod a_file_that_is_not_read {
    use super::*;

    /// The bytes of a file, what it is skipped for, and whether analyzers of Python, of every language and of every
    /// text wanted to see it.
    #[test]
    fn is_unread_where_an_analyzer_wanted_its_text() {
        let mut pixels = b"\x89PNG\r\n\x1a\n".to_vec();
        pixels.resize(300, 0);
        let noise: Vec<u8> = (0..300_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let (long, damaged) =
            ("# long enough\n".repeat(20).into_bytes(), "é, é\u{e9}".as_bytes().split_last().unwrap().1);
        for (name, bytes, code, wanted) in [
            ("large.py", &long[..], "too-large", [true, true, true]),
            ("large.rs", &long, "too-large", [false, true, true]),
            ("large.md", &long, "too-large", [false, false, true]),
            (".large.py", &long, "too-large", [false, false, true]),
            ("damaged.py", damaged, "not-utf8", [true, true, true]),
            ("damaged.md", damaged, "not-utf8", [false, false, true]),
            ("stated.py", b"# coding: klingon\n'\xe9'\n", "unknown-encoding", [true, true, true]),
            ("noise.py", &noise[..99], "binary", [true, true, true]),
            ("noise.ts", &noise[..99], "binary", [false, true, true]),
            ("noise.bin", &noise[..99], "binary", [false, false, false]),
            ("noise", &noise[..99], "binary", [false, false, false]),
            ("large.bin", &noise, "binary", [false, false, false]),
            ("image.png", &pixels, "binary", [false, false, false]),
            ("image.py", &pixels, "binary", [false, false, false]),
        ] {
            let folder = tree(&[]);
            std::fs::write(folder.path().join(name), bytes).unwrap();
            let discover = DiscoverOptions { max_bytes: 100, ..DiscoverOptions::default() };
            for (plugin_name, wanted) in ["test/other", "test/probe", "secret/probe"].into_iter().zip(wanted)
            {
                let analyzers = vec![Selected::new(plugin(plugin_name))];
                let options = AnalysisOptions { analyzers, discover: discover.clone(), ..probe() };
                let analysis = run(folder.path(), &options);
                let unread = analysis.summary.unread.get(code).is_some_and(|number| *number == 1);
                assert_eq!(unread, wanted, "{name} for {plugin_name}: {:?}", analysis.skipped);
                assert_eq!(unread, !analysis.summary.unread.is_empty(), "{name} for {plugin_name}");
                assert!(analysis.files.is_empty());
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn is_unread_where_the_system_refuses_and_not_where_it_is_a_link() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tree(&[("a.py", "x\n"), ("closed/b.py", "x\n")]);
        symlink("a.py", folder.path().join("link.py")).unwrap();
        let closed = folder.path().join("closed");
        std::fs::set_permissions(&closed, PermissionsExt::from_mode(0o0)).unwrap();
        let refused = std::fs::read_dir(&closed).is_err();
        let analysis = run(folder.path(), &probe());
        std::fs::set_permissions(&closed, PermissionsExt::from_mode(0o755)).unwrap();
        let unread = analysis.summary.unread.get("unreadable").copied();
        // The superuser may read everything.
        assert_eq!(unread, refused.then_some(1));
        assert_eq!(analysis.summary.skipped.get("symlink"), Some(&1));
    }

    #[test]
    fn is_no_document_where_only_the_discovered_are_asked_for() {
        let folder = tree(&[("a.py", "x\n"), (".env", "A=1\n"), ("b.md", "x\n")]);
        let analyzers = vec![Selected::new(plugin("secret/probe")), Selected::new(plugin("test/probe"))];
        let options = AnalysisOptions { analyzers, ..probe() };
        let all = run(folder.path(), &options);
        let asked = |path| file(&all, path).attributes.analyzers().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(asked(".env"), ["secret/probe"]);
        assert_eq!(asked("a.py"), ["secret/probe", "test/probe"]);
        let discovered = run(folder.path(), &AnalysisOptions { only_discovered: true, ..options });
        assert_eq!(discovered.files.iter().map(|file| &*file.path).collect::<Vec<_>>(), ["a.py"]);
        assert_eq!(discovered.summary.hidden, 1);
    }
}

mod a_request {
    use super::*;

    fn refusal(options: &AnalysisOptions) -> AnalysisError {
        let folder = tree(&[("a.py", "x\n"), ("b.py", "x\n")]);
        analyze(folder.path(), options, &|_| {}, &Arc::default()).unwrap_err()
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
        assert!(matches!(error, AnalysisError::Options(_)));
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
        let error = analyze(nowhere, &probe(), &|_| {}, &Arc::default()).unwrap_err();
        assert!(matches!(error, AnalysisError::Source(_)), "{error}");
    }
}
