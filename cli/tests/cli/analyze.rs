use crate::{Place, Ran};

/// In two parts, so that this file is no finding itself.
fn key() -> String {
    format!("{}{}", "AKIA", "QYLPMN5HFIQR7XYA")
}

/// A function with a nest, a secret with an escape sequence beside it, a binary file and one of no language.
fn project() -> Place {
    let place = Place::new();
    place.write(
        "src/deep.py",
        "def deep(a):\n    if a:\n        if a:\n            if a:\n                return 1\n    return 0\n",
    );
    place.write("src/keys.py", &format!("KEY = '{}'  # \u{1b}[31mred\n", key()));
    place.write("src/data.bin", "\u{7f}ELF\0\0\0\0\0\0");
    place.write("notes.txt", "nothing\n");
    place
}

/// The places that a text names: path, line and column.
fn places(text: &str) -> Vec<(String, u32, u32)> {
    let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix("--> "));
    let place = |line: &str| {
        let mut parts = line.rsplitn(3, ':');
        let column = parts.next().unwrap().parse().unwrap();
        let line = parts.next().unwrap().parse().unwrap();
        (parts.next().unwrap().to_owned(), line, column)
    };
    lines.map(place).collect()
}

#[test]
fn text_shows_findings_in_their_source_and_accounts_for_every_file() {
    let ran = project().run(&["analyze", ".", "--option", "metrics.max_nesting=2"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    for part in [
        "error[codetune/secrets/aws-access-key-id]",
        "--> src/keys.py:1:8",
        "warning[codetune/metrics/too-deep]",
        "def deep(a):",
        "4 files: 3 analyzed, 0 failed, 1 skipped\nskipped: 1 binary; use --all to list them\n",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert!(ran.out.contains("\\u{1b}[31mred") && !ran.out.contains('\u{1b}'), "{}", ran.out);
    let all = project().run(&["analyze", ".", "--all"]).out;
    assert!(all.contains("  src/data.bin: binary: an ELF file\n"), "{all}");
}

#[test]
fn places_are_those_of_the_source_whatever_the_excerpt_shows() {
    let place = Place::new();
    let key = key();
    for (name, before, after) in [
        ("tabs.py", "\t\t", ""),
        ("wide.py", "名前 = '漢字'; ", ""),
        ("emoji.py", "s = '😀é'; ", ""),
        ("masked.py", &format!("first = '{key}'; "), ""),
        ("long.py", &format!("x = '{}'; ", "y".repeat(3000)), &"z".repeat(3000)),
        ("control.py", "s = '\u{1b}[31m\u{7}'; ", ""),
    ] {
        place.write(name, &format!("# é\n{before}k = '{key}' # {after}\n"));
        let ran = place.run(&["analyze", name, "--analyzer", "secrets"]);
        let column = before.chars().count() as u32 + "k = '".len() as u32 + 1;
        assert_eq!(places(&ran.out).last(), Some(&(name.to_owned(), 2, column)), "{name}: {}", ran.out);
        assert!(!ran.out.contains(&key), "{name}: {}", ran.out);
    }
}

#[test]
fn paths_lead_from_the_current_folder_to_the_file() {
    let place = project();
    place.write("other/place/keys.py", &format!("KEY = '{}'\n", key()));
    let outside = Place::new();
    outside.write("far/keys.py", &format!("KEY = '{}'\n", key()));
    let far = outside.path().join("far");
    for (current, paths) in [
        (".", vec!["src"]),
        (".", vec!["."]),
        (".", vec!["./src/../src/keys.py"]),
        ("src", vec!["."]),
        ("src", vec!["keys.py"]),
        ("src", vec![".."]),
        ("src", vec!["../other"]),
        ("src", vec!["keys.py", "../other/place"]),
        ("src", vec![far.to_str().unwrap()]),
    ] {
        let current = place.path().join(current);
        let arguments = [&["analyze"], &paths[..]].concat();
        let ran = Ran::of(&place.command(&arguments).current_dir(&current).output().unwrap());
        let found = places(&ran.out);
        assert!(!found.is_empty(), "{paths:?}: {ran:?}");
        for (path, ..) in found {
            assert!(current.join(&path).is_file(), "{paths:?}: {path}");
        }
        // The same files by the root that the JSON names.
        let json = [&arguments[..], &["--json"]].concat();
        let answer = Ran::of(&place.command(&json).current_dir(&current).output().unwrap()).json();
        let root = std::path::Path::new(answer["root"].as_str().unwrap());
        for file in answer["files"].as_array().unwrap() {
            assert!(root.join(file["path"].as_str().unwrap()).is_file(), "{paths:?}: {root:?} {file}");
        }
    }
}

#[test]
fn findings_on_one_span_share_its_excerpt() {
    let place = project();
    let ran = place.run(&[
        "analyze",
        "src/deep.py",
        "--option",
        "metrics.max_nesting=2",
        "--option",
        "metrics.max_cyclomatic=1",
        "--option",
        "metrics.max_cognitive=1",
    ]);
    let findings = places(&ran.out);
    assert!(findings.len() > 1 && findings.iter().all(|place| *place == findings[0]), "{}", ran.out);
    assert_eq!(ran.out.matches("def deep(a):").count(), 1, "{}", ran.out);
}

#[test]
fn json_is_an_object_with_root_files_and_summary_and_the_same_twice() {
    let place = project();
    let first = place.run(&["analyze", ".", "--json"]);
    let parsed = first.json();
    assert_eq!(parsed["files"].as_array().unwrap().len(), 3);
    for key in ["path", "language", "findings", "attributes", "errors"] {
        assert!(!parsed["files"][0][key].is_null(), "{key}");
    }
    assert_eq!(parsed["summary"]["files"]["seen"], 4);
    let root = std::path::Path::new(parsed["root"].as_str().unwrap());
    assert_eq!(root.canonicalize().unwrap(), place.path().canonicalize().unwrap());
    assert!(place.path().join(".cache/analysis/analysis.sqlite").is_file());
    assert_eq!(place.run(&["analyze", ".", "--json"]).out, first.out, "from the cache");
    assert_eq!(place.run(&["analyze", ".", "--json", "--no-cache", "--jobs", "1"]).out, first.out);
}

#[test]
fn sarif_goes_to_a_file_and_names_files_from_the_top_of_the_repository() {
    let place = project();
    std::fs::create_dir(place.path().join(".git")).unwrap();
    let arguments = ["analyze", ".", "--format", "sarif", "-o", "out.sarif"];
    let ran = place.command(&arguments).current_dir(place.path().join("src")).output().unwrap();
    let ran = Ran::of(&ran);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{ran:?}");
    let text = std::fs::read_to_string(place.path().join("src/out.sarif")).unwrap();
    let sarif: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "src/keys.py");
    assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string(), "{result:#}");
    assert!(!text.contains(&key()), "a report shows no secret");
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let rule = rules.iter().find(|rule| rule["id"] == "secrets/aws-access-key-id").unwrap();
    assert_eq!(rule["properties"]["security-severity"], "8.0");
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
fn secrets_are_found_in_every_text_file_with_no_option_given() {
    let key = key();
    let latin = |text: &str| text.chars().map(|c| c as u8).collect::<Vec<u8>>();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for (name, bytes, encoding) in [
        (".env", format!("AWS_KEY={key}\n").into_bytes(), "UTF-8"),
        (".ci/settings.yaml", format!("key: {key}\n").into_bytes(), "UTF-8"),
        ("config.yaml", format!("key: {key}\n").into_bytes(), "UTF-8"),
        ("server", format!("key: {key}\n").into_bytes(), "UTF-8"),
        ("latin.properties", latin(&format!("# größe\nkey={key}\n")), "ISO-8859-1"),
        ("windows.ini", [&b"; \x93quoted\x94\nkey="[..], key.as_bytes(), b"\n"].concat(), "windows-1252"),
        ("nul.py", format!("key = '{key}'\n\0").into_bytes(), "UTF-8"),
        ("utf16.txt", utf16(&format!("key={key}\n")), "UTF-16LE"),
        ("returns.py", format!("# first\rkey = '{key}'\r").into_bytes(), "UTF-8"),
    ] {
        let place = Place::new();
        std::fs::create_dir_all(place.path().join(name).parent().unwrap()).unwrap();
        std::fs::write(place.path().join(name), &bytes).unwrap();
        let ran = place.run(&["analyze", ".", "--fail-on", "error"]);
        assert_eq!(ran.code, Some(1), "{name}: {ran:?}");
        let answer = place.run(&["analyze", ".", "--json"]).json();
        let file = &answer["files"][0];
        assert_eq!((&file["path"], &file["encoding"]), (&name.into(), &encoding.into()), "{file:#}");
        // Where the file has it: bytes before it, decoded.
        let (line, column) = if name.ends_with("returns.py") { (2, 8) } else { (0, 0) };
        if line > 0 {
            let finding = &file["findings"][0];
            assert_eq!((&finding["start_line"], &finding["start_column"]), (&line.into(), &column.into()));
        }
    }
}

#[test]
fn a_gate_fails_on_files_that_it_wanted_and_could_not_read_unless_they_are_excluded() {
    let place = Place::new();
    place.write("a.py", "x = 1\n");
    place.write("image.png", "\u{89}PNG\r\n\u{1a}\n\0\0\0\0");
    place.write("object.o", "\u{7f}ELF\0\0\0\0\0\0\0\0");
    let gate = |more: &[&str]| place.run(&[&["analyze", ".", "--fail-on", "error"], more].concat());
    assert_eq!(gate(&[]).code, Some(0), "no one wants an image: {:?}", gate(&[]));
    place.write("large.json", &"[1]\n".repeat(600));
    std::fs::write(place.path().join("damaged.py"), b"# \xc3\xa9 \xc3\xa9 \xff\n").unwrap();
    let ran = gate(&["--max-bytes", "2kB"]);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.err.contains("error: 2 files could not be read, so the check did not pass"), "{}", ran.err);
    assert!(ran.err.contains("1 not valid in their encoding, 1 too large"), "{}", ran.err);
    assert!(ran.err.contains("help: raise --max-bytes, or skip files"), "{}", ran.err);
    assert!(
        ran.out.contains("could not be read: 1 not valid in their encoding, 1 too large; skipped: 2 binary;"),
        "{}",
        ran.out
    );
    let excluded = gate(&["--max-bytes", "2kB", "--exclude", "large.json", "--exclude", "damaged.py"]);
    assert_eq!((excluded.code, excluded.err.as_str()), (Some(0), ""), "{excluded:?}");
    // Without a gate it is told and no failure; an analyzer of other languages has not missed them.
    assert_eq!(place.run(&["analyze", "."]).code, Some(0));
    let other = gate(&["--max-bytes", "2kB", "--analyzer", "metrics", "--exclude", "damaged.py"]);
    assert_eq!(other.code, Some(0), "{other:?}");
}

#[test]
fn paths_come_as_arguments_from_lists_and_from_standard_input() {
    let place = project();
    place.write("lines", "src/deep.py\r\n\nsrc/keys.py\n");
    place.write("nuls", "src/deep.py\0src/keys.py\0");
    let paths = |ran: &Ran| -> Vec<String> {
        let files = ran.json()["files"].as_array().unwrap().clone();
        files.iter().map(|file| file["path"].as_str().unwrap().to_owned()).collect()
    };
    let expected = ["src/deep.py", "src/keys.py"];
    for arguments in [
        &["analyze", "--json", "src/deep.py", "src/keys.py"][..],
        &["analyze", "--json", "src", "--exclude", "*.bin"],
        &["analyze", "--json", "--files-from", "lines"],
        &["analyze", "--json", "--files-from", "nuls"],
        &["analyze", "--json", "src/keys.py", "--files-from", "lines"],
    ] {
        assert_eq!(paths(&place.run(arguments)), expected, "{arguments:?}");
    }
    let listed = place.run_with(&["analyze", "--json", "--files-from", "-"], b"src/deep.py\nsrc/keys.py\n");
    assert_eq!(paths(&listed), expected);
    let none = place.run_with(&["analyze", "--files-from", "-", "--fail-on", "note"], b"");
    assert_eq!(none.code, Some(0), "{none:?}");
    assert!(none.err.starts_with("warning: no files were checked"), "{}", none.err);
    let gone = place.run_with(&["analyze", "--files-from", "-"], b"src/gone.py\n");
    assert_eq!(gone.code, Some(2), "{gone:?}");
    assert!(gone.err.contains("src/gone.py"), "{}", gone.err);
    let quoted = place.run_with(&["analyze", "--files-from", "-"], b"src/keys.py\n\"src/\\303\\244.py\"\n");
    assert_eq!(quoted.code, Some(2), "{quoted:?}");
    assert!(quoted.err.contains("git has quoted") && quoted.err.contains("ls-files -z"), "{}", quoted.err);
}

#[test]
fn a_text_on_standard_input_is_analysed_under_the_name_given() {
    let place = Place::new();
    let text = format!("def f(x):\n    key = '{}'\n", key());
    let named = ["analyze", "-", "--stdin-filename", "src/new.py", "--json"];
    let answer = place.run_with(&named, text.as_bytes()).json();
    let file = &answer["files"][0];
    assert_eq!((&file["path"], &file["language"]), (&"src/new.py".into(), &"python".into()));
    assert_eq!(file["attributes"]["metrics"]["functions"], 1, "{file:#}");
    let plain = place.run_with(&["analyze", "-", "--fail-on", "error"], text.as_bytes());
    assert_eq!((plain.code, places(&plain.out)), (Some(1), vec![("-".into(), 2, 12)]), "{plain:?}");
    let both = place.run_with(&["analyze", "-", "src"], b"");
    assert_eq!(both.code, Some(2), "{both:?}");
}

#[test]
fn a_cache_that_cannot_be_written_is_a_warning() {
    let place = project();
    let usual = place.run(&["analyze", ".", "--json"]);
    place.write("file", "no folder\n");
    let ran = place.run(&[
        "analyze",
        ".",
        "--json",
        "--exclude",
        "/file",
        "--exclude",
        ".cache",
        "--cache-dir",
        "file/cache",
    ]);
    assert_eq!((ran.code, &ran.out), (Some(0), &usual.out), "{}", ran.err);
    assert!(ran.err.starts_with("warning: cannot write to the cache file/cache: "), "{}", ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
}

#[test]
fn a_native_plugin_runs_where_its_library_cannot_be_kept() {
    let place = project();
    let answer =
        |more: &[&str]| place.run(&[&["analyze", "src", "--json", "--runtime", "native"], more].concat());
    let usual = answer(&[]);
    // As on a full disk: the folder is there, and nothing can be put into it.
    place.write("other/libraries", "no folder\n");
    let ran = answer(&["--cache-dir", "other"]);
    assert_eq!((ran.code, &ran.out), (Some(0), &usual.out), "{}", ran.err);
    assert!(ran.err.contains("cannot cache copies of libraries in"), "{}", ran.err);
}

#[test]
fn a_users_own_ignores_are_obeyed_in_a_repository_unless_switched_off() {
    let place = Place::new();
    place.write("project/a.py", "x = 1\n");
    place.write("project/mine.py", "x = 1\n");
    std::fs::create_dir(place.path().join("project/.git")).unwrap();
    place.write("ignores", "mine.py\n");
    let file = place.path().join("ignores");
    place.write("gitconfig", &format!("[core]\n\texcludesFile = {}\n", file.display()));
    let seen = |more: &[&str]| {
        let mut command = place.command(&[&["analyze", "project", "--json"], more].concat());
        let output = command.env("GIT_CONFIG_GLOBAL", place.path().join("gitconfig")).output().unwrap();
        Ran::of(&output).json()["summary"]["files"]["seen"].as_u64()
    };
    assert_eq!((seen(&[]), seen(&["--no-ignore"])), (Some(1), Some(2)));
}

#[test]
fn one_runtime_for_all_gives_the_same_answer() {
    let place = project();
    let builtin = place.run(&["analyze", "src", "--json", "--runtime", "builtin"]);
    assert_eq!(builtin.json()["summary"]["findings"]["error"], 1, "{builtin:?}");
    assert_eq!(builtin.json()["summary"]["files"]["failed"], 0, "{builtin:?}");
    for runtime in ["native", "wasm"] {
        let ran = place.run(&["analyze", "src", "--json", "--runtime", runtime]);
        assert_eq!(ran.out, builtin.out, "{runtime}");
    }
}
