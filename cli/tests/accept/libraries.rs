//! Plugin files that are broken, of another version, not trusted, or there twice.

use codetune_tests::{FAULTY_COMPONENT, FAULTY_LIBRARY};
use serde_json::Value;

use crate::place::Place;

/// A dynamic library's name.
pub fn library(name: &str) -> String {
    format!("plugins/{name}{}", std::env::consts::DLL_SUFFIX)
}

/// What `plugin list` says of one plugin, among the first-party ones, which are ready in any case.
fn entry(place: &Place, name: &str, more: &[&str]) -> Value {
    let listed = place.run(&[&["--plugins", "plugins", "plugin", "list", "--json"], more].concat()).json();
    let plugins = listed["plugins"].as_array().unwrap();
    let ready = |plugin: &&Value| {
        plugin["name"].as_str().unwrap().starts_with("codetune/") && plugin["state"] == "ready"
    };
    assert_eq!(plugins.iter().filter(ready).count(), 3, "{listed}");
    plugins
        .iter()
        .find(|plugin| plugin["name"] == name)
        .unwrap_or_else(|| panic!("no {name}: {listed}"))
        .clone()
}

/// The file is listed as failed with this reason, and the others go on.
fn failed(place: &Place, name: &str, expected: &[&str]) {
    unusable(place, name, "failed", name, expected);
}

/// A plugin is listed in this state with this reason, and the others go on.
fn unusable(place: &Place, name: &str, state: &str, file: &str, expected: &[&str]) {
    let entry = entry(place, name, &[]);
    assert_eq!(entry["state"], state, "{entry}");
    assert_eq!(entry["origin"], format!("plugins/{file}"), "{entry}");
    let reason = entry["reason"].as_str().unwrap();
    for text in expected {
        assert!(reason.contains(text), "no `{text}` in {reason}");
    }
    let analyzed = place.run(&["--plugins", "plugins", "analyze", "src", "--json"]);
    assert_eq!(analyzed.json()["summary"]["files"]["analysed"], 1, "{analyzed:?}");
    let named = ["--plugins", "plugins", "analyze", "src", "--analyzer", name];
    let first = reason.lines().next().unwrap_or_default();
    let expected = [&*format!("plugin {name} is {state}"), first, "help: see it with: codetune plugin info"];
    place.refused(&named, 3, &expected);
}

fn place() -> Place {
    let place = Place::new();
    place.write("src/a.py", "x = 1\n");
    place
}

#[test]
fn a_malformed_component_is_listed_as_failed_and_the_others_go_on() {
    let place = place();
    for (content, expected) in [
        (&b""[..], "neither a component nor a dynamic library"),
        (b"this is no WASM", "neither a component nor a dynamic library"),
        (b"\0asm\x01\0\0\0", "a core WASM module, not a component: build it for the target wasm32-wasip2"),
        (&FAULTY_COMPONENT[..FAULTY_COMPONENT.len() / 2], "malformed component"),
        (&FAULTY_COMPONENT[..FAULTY_COMPONENT.len() - 1], "malformed component"),
    ] {
        place.write("plugins/broken.wasm", content);
        failed(&place, "broken.wasm", &[expected]);
    }
}

#[test]
fn a_library_of_another_abi_is_listed_as_unavailable_and_says_what_to_upgrade() {
    let place = place();
    let own = b"codetune_plugin_abi0_";
    let mut bytes = FAULTY_LIBRARY.to_vec();
    let places: Vec<usize> =
        bytes.windows(own.len()).enumerate().filter(|(_, window)| window == own).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at + own.len() - 2] = b'9';
    }
    let name = library("other");
    place.write(&name, bytes);
    let expected = ["it speaks native ABI 9, this host speaks 0", "codetune has to be upgraded"];
    unusable(&place, "tests/faulty", "unavailable", name.strip_prefix("plugins/").unwrap(), &expected);
    place.write(&name, &FAULTY_LIBRARY[..FAULTY_LIBRARY.len() / 2]);
    failed(&place, name.strip_prefix("plugins/").unwrap(), &[]);
}

#[test]
fn a_native_library_runs_only_when_its_own_digest_is_trusted() {
    let place = place();
    place.write(&library("faulty"), FAULTY_LIBRARY);
    let listed = entry(&place, "tests/faulty", &[]);
    assert_eq!((&listed["state"], &listed["runtime"]), (&Value::from("disabled"), &Value::from("native")));
    let digest = listed["digest"].as_str().unwrap();
    let flag = format!("--trust-native {digest}");
    assert!(listed["reason"].as_str().unwrap().ends_with(&flag), "{listed}");
    let named = ["--plugins", "plugins", "analyze", "src", "--analyzer", "faulty", "--json"];
    place.refused(
        &named,
        3,
        &["plugin tests/faulty is disabled", "help: native code runs with your own rights", &flag],
    );

    let trusting = [&named[..], &["--trust-native", digest]].concat();
    assert_eq!(place.run(&trusting).json()["summary"]["findings"]["total"], 1);

    let mut changed = FAULTY_LIBRARY.to_vec();
    changed.push(0);
    place.write(&library("faulty"), changed);
    place.refused(&trusting, 3, &["plugin tests/faulty is disabled"]);
}

#[test]
fn two_files_of_one_name_stop_nothing_but_each_other_until_one_is_switched_off() {
    let place = place();
    place.write("plugins/a.wasm", FAULTY_COMPONENT);
    place.write("plugins/b.wasm", FAULTY_COMPONENT);
    let both = "plugins/a.wasm and plugins/b.wasm both have this name; remove one of them, or switch one off: \
                --disable plugins/b.wasm";
    let listed = place.run(&["--plugins", "plugins", "plugin", "list"]);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    assert!(listed.err.contains(both), "{}", listed.err);
    let analyzed = place.run(&["--plugins", "plugins", "analyze", "src"]);
    assert_eq!(analyzed.code, Some(0), "{analyzed:?}");
    assert!(analyzed.err.contains("warning: plugin tests/faulty is unavailable"), "{}", analyzed.err);
    let named = ["--plugins", "plugins", "analyze", "src", "--analyzer", "faulty"];
    place.refused(&named, 3, &["plugin tests/faulty is unavailable", both]);
    let one = place.run(&[&named[..], &["--disable", "plugins/b.wasm", "--json"]].concat()).json();
    assert_eq!(one["summary"]["findings"]["total"], 1);
    let none =
        place.run(&["--plugins", "plugins", "--disable", "tests/faulty", "plugin", "list", "--json"]).json();
    let states: Vec<&str> = none["plugins"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|plugin| plugin["name"] == "tests/faulty")
        .map(|plugin| plugin["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["disabled", "disabled"]);
}

/// The faulty component under another name of the same length.
fn renamed(name: &str) -> Vec<u8> {
    let from = b"tests/faulty";
    let mut bytes = FAULTY_COMPONENT.to_vec();
    let found = bytes.windows(from.len()).enumerate().filter(|(_, window)| window == from);
    for at in found.map(|(at, _)| at).collect::<Vec<_>>() {
        bytes[at..at + from.len()].copy_from_slice(name.as_bytes());
    }
    bytes
}

#[test]
fn a_strangers_plugin_never_takes_the_place_of_codetunes_own_by_its_short_name() {
    let place = place();
    place.write("plugins/1.wasm", renamed("acme/secrets"));
    place.write("plugins/2.wasm", renamed("aaaa/metrics"));
    // In a rule: codetune's own analyzer is meant, and the stranger goes by its whole name.
    let build =
        ["--plugins", "plugins", "dataset", "build", "src", "-o", "data", "--vocab-size", "300", "--json"];
    let rules =
        ["--rule", "own=findings.secrets.total == 0", "--rule", "theirs=findings['acme/secrets'].total == 1"];
    for index in 0..20 {
        place.write(
            &format!("src/{index}.py"),
            format!("word_{index} = {index}\nprint(word_{index})\n").repeat(20),
        );
    }
    let built = place.run(&[&build[..], &rules].concat());
    assert_eq!(built.code, Some(0), "{built:?}");
    // On the command line: the option is codetune's own, which has no such one.
    let option = ["--plugins", "plugins", "analyze", "src", "--option", "metrics.fault=loop"];
    place.refused(&option, 2, &["--option metrics.fault=loop", "unknown option `fault`"]);
    let named =
        place.run(&["--plugins", "plugins", "analyze", "src", "--analyzer", "metrics", "--json"]).json();
    assert!(named["files"][0]["attributes"]["metrics"]["lines"].is_number(), "{named:#}");
    // Nor where codetune's own does not run.
    let call = ["--plugins", "plugins", "--disable", "codetune/metrics", "analyze", "src", "--json"];
    let attributes = place.run(&call).json()["files"][0]["attributes"].clone();
    assert!(attributes["aaaa/metrics"].is_object() && attributes["metrics"].is_null(), "{attributes:#}");
    place.refused(
        &[&call[..], &["--option", "metrics.fault=loop"]].concat(),
        2,
        &["analyzer `codetune/metrics` is not selected"],
    );
}

#[test]
fn a_short_name_that_may_mean_several_plugins_is_refused_everywhere() {
    let place = place();
    place.write("plugins/1.wasm", renamed("aaaa/linters"));
    place.write("plugins/2.wasm", renamed("bbbb/linters"));
    let expected = ["the plugin `linters` may be aaaa/linters or bbbb/linters", "help: write the whole name"];
    for command in [
        &["plugin", "info", "linters"][..],
        &["analyze", "src", "--analyzer", "linters"],
        &["analyze", "src", "--option", "linters.fault=none"],
        &["--disable", "linters", "plugin", "list"],
        &["generate", "src", "--prompt", "x", "--backend", "linters"],
    ] {
        if command[0] == "generate" {
            place.write("src/config.json", r#"{"architectures": ["LlamaForCausalLM"]}"#);
        }
        place.refused(&[&["--plugins", "plugins"], command].concat(), 2, &expected);
    }
    let rule = [
        "--plugins",
        "plugins",
        "dataset",
        "build",
        "src",
        "-o",
        "d",
        "--rule",
        "r=findings.linters.total == 0",
    ];
    place.refused(&rule, 2, &["linters", "aaaa/linters"]);
}

#[test]
fn what_is_passed_over_in_a_folder_of_plugins_gets_a_line_each() {
    let place = place();
    place.write("plugins/nested/faulty.wasm", FAULTY_COMPONENT);
    place.write("plugins/UPPER.WASM", FAULTY_COMPONENT);
    let listed = place.run(&["--plugins", "plugins", "plugin", "list"]);
    for line in ["plugins/UPPER.WASM is passed over: ", "plugins/nested is passed over: it is a folder"] {
        assert_eq!(listed.err.lines().filter(|told| told.contains(line)).count(), 1, "{}", listed.err);
    }
    let analyzed = place.run(&["--plugins", "plugins", "analyze", "src"]);
    assert!(analyzed.err.contains("warning: plugins/UPPER.WASM is passed over"), "{}", analyzed.err);
}
