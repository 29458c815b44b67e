use crate::{Place, Ran};

/// Each call, its exit code, and what stderr says in this order.
const REFUSED: &[(&[&str], i32, &[&str])] = &[
    (&["--colour"], 2, &["unexpected argument '--colour'", "--color"]),
    (&["analyse"], 2, &["unrecognized subcommand 'analyse'", "analyze"]),
    (
        &["analyze", "no/such/place"],
        2,
        &["error: cannot read no/such/place", "help: give the path of a file or directory"],
    ),
    // Where the report goes is checked before anything is read.
    (&["analyze", "no/such/place", "-o", "no/such/report.json"], 4, &["cannot write no/such/report.json"]),
    (&["dataset", "build", "no/such/place", "-o", "a.py/set"], 4, &["a.py/set"]),
    (&["tokenizer", "train", "no/such/place", "-o", "a.py/set", "--vocab-size", "400"], 4, &["a.py/set"]),
    (
        &["analyze", ".", "--option", "metrics.max_ciclomatic=3"],
        2,
        &[
            "error: --option metrics.max_ciclomatic=3",
            "did you mean `max_cyclomatic`?",
            "help: list its options with",
        ],
    ),
    (&["analyze", ".", "--option", "metrics.max_cyclomatic=true"], 2, &["is true: expected an integer"]),
    (
        &["analyze", ".", "--option", "max_cyclomatic"],
        2,
        &["is written PLUGIN.KEY=VALUE", "help: for example"],
    ),
    (
        &["analyze", ".", "--option", "lint.level=3"],
        2,
        &["analyzer `lint` is not selected", "help: the selected analyzers are codetune/metrics"],
    ),
    (
        &["analyze", ".", "--analyzer", "metric"],
        2,
        &["there is no plugin `metric`", "did you mean `codetune/metrics`?"],
    ),
    (
        &["analyze", ".", "--disable", "codetune/metrics", "--analyzer", "metrics"],
        3,
        &["plugin codetune/metrics is disabled"],
    ),
    (
        &["--disable", "metrics", "plugin", "list"],
        2,
        &["is not a full plugin name", "help: use --disable codetune/metrics"],
    ),
    (&["--plugins", "nowhere", "plugin", "list"], 2, &["the plugin folder nowhere cannot be read"]),
    (&["--runtime", "jvm", "plugin", "list"], 2, &["write builtin, native or wasm"]),
    (
        &["--trust-native", "sha256:00", "plugin", "list"],
        2,
        &["expected `blake3:` and 64 hexadecimal digits"],
    ),
    (
        &["--database", "postgres://me:hunter2@host/x", "runs", "list"],
        2,
        &["postgres://me:***@host/x", "no driver for postgres"],
    ),
    (
        &["runs", "show", "nothing"],
        2,
        &["there is no run \"nothing\"", "help: list the runs with: codetune runs list"],
    ),
    (
        &["generate", "nothing", "--prompt", "x"],
        2,
        &["cannot read nothing/config.json", "help: give the folder of a model"],
    ),
    (
        &["analyze", ".", "--include", "./src"],
        2,
        &["include pattern \"./src\" is not usable", "begins with \"./\""],
    ),
    (&["train", "none.toml"], 2, &["none.toml", "help: give the path of a TOML run file"]),
    (&["dataset", "inspect", "nowhere"], 2, &["nowhere is not a codetune dataset"]),
    (
        &["dataset", "build", ".", "-o", "d", "--rule", "short"],
        2,
        &["'short' for '--rule <NAME=CEL>'", "expected NAME=CEL, such as"],
    ),
    (
        &["dataset", "build", ".", "-o", "d", "--held-out", "nan"],
        2,
        &["'nan' for '--held-out", "at most 0.9"],
    ),
    (&["dataset", "build", ".", "-o", "d", "--held-out", "0.95"], 2, &["'--held-out", "at most 0.9"]),
    (
        &["dataset", "build", ".", "-o", "d", "--vocab-size", "260"],
        2,
        &["'--vocab-size", "from 261 to 1000000"],
    ),
    (&["dataset", "build", ".", "-o", "d", "--config", "none.toml"], 2, &["none.toml"]),
    (
        &["tokenizer", "train", ".", "-o", "t", "--vocab-size", "0"],
        2,
        &["'--vocab-size", "from 261 to 1000000"],
    ),
    (
        &["model", "init", "-o", "m", "--seed", "9223372036854775808"],
        2,
        &["'--seed", "an integer of at least 0"],
    ),
    (&["generate", "nowhere", "--top-p", "0"], 2, &["'--top-p", "greater than 0 and at most 1"]),
    (
        &["generate", "nowhere", "--top-p", "0.9"],
        2,
        &["--top-p has no effect at temperature 0", "help: add --temperature 1"],
    ),
    (&["generate", "nowhere", "--top-k", "3", "--temperature", "0"], 2, &["--top-k has no effect"]),
    (&["generate", "nowhere", "--seed", "0"], 2, &["--seed has no effect", "remove --seed"]),
    (
        &["dataset", "build", ".", "-o", "my data"],
        2,
        &["the dataset's folder: \"my data\" contains a character"],
    ),
    (&["generate", "nowhere", "--max-tokens", "0"], 2, &["'--max-tokens", "from 1 to 1000000"]),
    (&["quickstart", "--seed", "9223372036854775808"], 2, &["'--seed", "an integer of at least 0"]),
    (&["model", "init", "-o", "m"], 2, &["--preset"]),
    (&["model", "init", "-o", "m", "--config", "none.json"], 2, &["cannot read none.json"]),
    (&["generate", "nowhere", "--prompt", "x"], 2, &["cannot read nowhere/config.json"]),
    (&["quickstart", "--minutes", "nan"], 2, &["expected a number from 0.05 to 10000"]),
    (&["quickstart"], 2, &["not enough code to train on", "help: choose a larger project"]),
];

#[test]
fn each_bad_call_gets_one_clear_error_and_its_exit_code() {
    let place = Place::new();
    place.write("a.py", "def f():\n    return 1\n");
    for (arguments, code, expected) in REFUSED {
        let ran = place.run(arguments);
        assert_eq!(ran.code, Some(*code), "{arguments:?}: {}", ran.err);
        let mut rest = ran.err.as_str();
        for text in *expected {
            let at = rest.find(text).unwrap_or_else(|| panic!("{arguments:?}: no `{text}` in\n{}", ran.err));
            rest = &rest[at..];
        }
        assert_eq!(ran.err.matches("error: ").count(), 1, "{arguments:?}: {}", ran.err);
        for never in ["panicked", "hunter2", "Some(", "Os {"] {
            assert!(!ran.err.contains(never), "{arguments:?}: {}", ran.err);
        }
    }
}

#[test]
fn a_log_filter_that_cannot_be_understood_is_refused() {
    let place = Place::new();
    let output = place.command(&["plugin", "list"]).env("CODETUNE_LOG", "codetune=loud").output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("invalid filter in CODETUNE_LOG"), "{text}");
}

#[test]
fn an_empty_variable_counts_as_not_set_and_a_bad_one_is_named() {
    let place = Place::new();
    let with = |variable: &str, value: &str, arguments: &[&str]| {
        Ran::of(&place.command(arguments).env(variable, value).output().unwrap())
    };
    for variable in [
        "CODETUNE_CACHE",
        "CODETUNE_HOME",
        "CODETUNE_DATABASE",
        "CODETUNE_MEMORY",
        "CODETUNE_PLUGIN_LIMIT",
        "CODETUNE_LOG",
    ] {
        let arguments = ["runs", "list", "--database", ":memory:"];
        let arguments = if variable == "CODETUNE_DATABASE" { &arguments[..2] } else { &arguments[..] };
        let ran = with(variable, "", arguments);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{variable}");
    }
    for (variable, value) in [("CODETUNE_MEMORY", "much"), ("CODETUNE_PLUGIN_LIMIT", "much")] {
        let ran = with(variable, value, &["runs", "list"]);
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(
            ran.err.contains(&format!("help: the value is from the environment variable {variable}")),
            "{}",
            ran.err
        );
    }
    // The command line has its own mistakes, and the variables, which every test here has set, nothing to do with them.
    let ran = place.run(&["analyze"]);
    assert!(ran.err.contains("Usage: codetune analyze <PATH>...\n"), "{}", ran.err);
    let ran = place.run(&["runs", "list", "--memory", "much"]);
    assert!(ran.err.contains("'much' for '--memory <SIZE>'") && !ran.err.contains("tip"), "{}", ran.err);
}

#[cfg(target_os = "linux")]
#[test]
fn a_data_folder_that_the_database_cannot_name_is_refused_before_anything_is_made() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    let folder = place.path().join(std::ffi::OsStr::from_bytes(b"d\xe4"));
    let ran = Ran::of(&place.command(&["runs", "list"]).env("CODETUNE_HOME", &folder).output().unwrap());
    assert_eq!(ran.code, Some(2));
    for said in [
        "cannot open the database",
        "its path is not UTF-8",
        "help: choose another directory with --data-dir",
    ] {
        assert!(ran.err.contains(said), "{}", ran.err);
    }
    assert!(!folder.exists());
}

#[test]
fn a_damaged_database_is_told_and_left_alone() {
    let place = Place::new();
    place.write("runs.db", &"this is no database\n".repeat(100));
    let before = std::fs::read(place.path().join("runs.db")).unwrap();
    let ran = place.run(&["--database", "runs.db", "runs", "list"]);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.err.starts_with("error: runs.db is damaged or not a SQLite database"), "{}", ran.err);
    assert_eq!(std::fs::read(place.path().join("runs.db")).unwrap(), before);
}

#[test]
fn an_error_has_a_code_that_is_explained() {
    let place = Place::new();
    let output = place.command(&["analyze", "no/such/place"]).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let code = text.strip_prefix("error[").and_then(|rest| rest.split_once("]: cannot read no/such/place"));
    let (code, _) = code.unwrap_or_else(|| panic!("{text}"));
    let explained = place.run(&["explain", code]);
    assert_eq!((explained.code, code), (Some(0), "source::root"), "{explained:?}");
    for part in
        ["The root to walk is not there", "cannot read …", "Help: give the path of a file or directory"]
    {
        assert!(explained.out.contains(part), "{}", explained.out);
    }
    let near = place.run(&["explain", "source::roof"]);
    assert_eq!(near.code, Some(2), "{near:?}");
    assert!(near.err.contains("did you mean 'source::root'?"), "{}", near.err);
    // All of the codes would bury it.
    assert!(near.err.lines().count() < 8, "{}", near.err);
    let all = place.run(&["explain", "--list"]);
    assert!(
        all.out.lines().count() > 100 && all.out.lines().any(|line| line == "store::full"),
        "{}",
        all.out
    );
}

#[test]
fn with_json_an_error_is_an_object_with_its_place() {
    let place = Place::new();
    place.write("run.toml", "name = \"a\"\n\n[trian]\n");
    for (arguments, exit, code, position) in [
        (&["train", "run.toml", "--json"][..], 2, "train::run_file::unknown_key", Some((3, 2))),
        (&["analyze", "no/such/place", "--json"], 2, "source::root", None),
        (&["analyze", "--json", "--no-such-option"], 2, "cli::usage", None),
        (&["runs", "show", "nothing", "--json"], 2, "store::not_found", None),
    ] {
        let output = place.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        let answer: serde_json::Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"));
        let error = &answer["error"];
        assert_eq!((&error["code"], &error["exit"]), (&code.into(), &exit.into()), "{text}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{text}");
        match position {
            Some((line, column)) => {
                let expected = serde_json::json!({ "path": "run.toml", "line": line, "column": column });
                assert_eq!(error["place"], expected);
                assert!(
                    error["help"].as_str().is_some_and(|help| help.starts_with("known keys: ")),
                    "{text}"
                );
            }
            None => assert!(error["place"].is_null(), "{text}"),
        }
    }
}

#[test]
fn a_limit_of_the_host_is_told_from_a_fault_by_the_exit_code() {
    let place = Place::new();
    place.write("a.py", "def f():\n    return 1\n");
    let tokenizer = place.run(&["tokenizer", "train", "a.py", "-o", "tokenizer", "--vocab-size", "270"]);
    assert_eq!(tokenizer.code, Some(0), "{tokenizer:?}");
    let model =
        ["model", "init", "-o", "m", "--preset", "tiny", "--tokenizer", "tokenizer", "--memory", "1kB"];
    let ran = place.run(&model);
    assert_eq!(ran.code, Some(5), "{ran:?}");
    assert!(
        ran.err.contains("for tensors are left") && ran.err.contains("allow more with --memory"),
        "{ran:?}"
    );
}

#[test]
fn a_setting_that_is_no_toml_is_told_how_to_write_it() {
    let place = Place::new();
    let ran = place.run(&["train", "run.toml", "--set", "name=second"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.err.contains("the value is not TOML; strings need quotes, as in name='second'"),
        "{}",
        ran.err
    );
}

/// A library is loaded from a private copy, for which there is no place here.
#[cfg(unix)]
#[test]
fn a_machine_that_cannot_run_a_plugin_is_told_from_a_fault_of_the_plugin() {
    let place = Place::new();
    place.write("file", "");
    let arguments =
        ["model", "init", "-o", "m", "--preset", "tiny", "--runtime", "native", "--cache-dir", "file"];
    let output = place.command(&arguments).env("TMPDIR", place.path().join("file")).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{text}");
    assert!(
        text.contains("error[plugin::machine]: plugin codetune/decoder: the library can be placed"),
        "{text}"
    );
    assert!(text.contains("help: free some space, or name another folder with --cache-dir"), "{text}");
    place.write("a.py", "def f():\n    return 1\n");
    let arguments = ["analyze", "a.py", "--runtime", "native", "--cache-dir", "file"];
    let output = place.command(&arguments).env("TMPDIR", place.path().join("file")).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{text}");
    assert!(text.contains("error[cli::not_run]: this machine cannot run an analyzer"), "{text}");
}
