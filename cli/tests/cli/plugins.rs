use crate::{Place, Ran};

#[test]
fn the_first_party_plugins_come_in_all_three_runtimes() {
    let listed = Place::new().run(&["plugin", "list", "--json"]).json();
    let of = |key: &str| -> Vec<&str> {
        listed["plugins"].as_array().unwrap().iter().map(|plugin| plugin[key].as_str().unwrap()).collect()
    };
    assert_eq!(of("name"), ["codetune/decoder", "codetune/metrics", "codetune/secrets"]);
    assert_eq!(of("runtime"), ["wasm", "builtin", "native"]);
    assert_eq!(of("state"), ["ready"; 3]);
    assert!(of("digest").iter().all(|digest| digest.starts_with("blake3:") && digest.len() == 71));
}

#[test]
fn info_shows_rules_attributes_and_options() {
    let ran = Place::new().run(&["plugin", "info", "metrics"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for part in
        ["codetune/metrics", "too-complex", "syntax_errors", "metrics.max_cyclomatic", "MiB of memory"]
    {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert!(!ran.out.contains('\u{1b}'), "a pipe gets no colours");
}

#[test]
fn a_broken_file_in_a_folder_of_plugins_stays_visible() {
    let place = Place::new();
    place.write("more/broken.wasm", "hello");
    let ran = place.run(&["--plugins", "more", "plugin", "list"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("broken.wasm"), "{}", ran.out);
    assert!(ran.err.contains("broken.wasm (failed): "), "{}", ran.err);
}

#[test]
fn a_compilation_is_told_once() {
    let place = Place::new();
    place.write("src/a.py", "x = 1\n");
    let arguments = ["--runtime", "wasm", "analyze", "src", "--analyzer", "metrics"];
    let first = place.run(&arguments);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.err.lines().any(|line| line == "compiling codetune/metrics"), "{}", first.err);
    assert!(!place.run(&arguments).err.contains("compiling"));
    let quiet = Place::new();
    quiet.write("src/a.py", "x = 1\n");
    assert_eq!(quiet.run(&[&["--quiet"], &arguments[..]].concat()).err, "");
}

#[test]
fn users_set_limits_of_plugins() {
    let place = Place::new();
    let limit = |limit: &str| place.run(&["plugin", "info", "metrics", "--plugin-limit", limit]);
    assert!(limit("time_ms=77").out.contains(", 77 ms and "));
    assert!(limit("codetune/metrics.memory_mib=78").out.contains("78 MiB of memory"));
    assert!(!limit("codetune/secrets.memory_mib=78").out.contains("78 MiB of memory"));
    for (wrong, expected) in [
        ("metrics.time_ms=5", "use --plugin-limit codetune/metrics.LIMIT=N"),
        ("acme/none.time_ms=5", "there is no plugin"),
        ("time=5", "did you mean `time_ms`?"),
        ("time_ms=0", "from 1 to 600000"),
    ] {
        let ran = limit(wrong);
        assert!(ran.code == Some(2) && ran.err.contains(expected), "{wrong}: {ran:?}");
    }
    // What holds for a whole shell or container, until a command says otherwise.
    let set = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        let limits = "codetune/metrics.time_ms=77,memory_mib=78";
        Ran::of(&command.env("CODETUNE_PLUGIN_LIMIT", limits).output().unwrap())
    };
    assert!(set(&["plugin", "info", "metrics"]).out.contains("78 MiB of memory, 77 ms and "));
    let said = set(&["plugin", "info", "metrics", "--plugin-limit", "time_ms=79"]).out;
    assert!(said.contains(", 79 ms and ") && !said.contains("78 MiB"), "{said}");
}
