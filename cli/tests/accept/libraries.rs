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
    let help = format!("help: {reason}");
    place.refused(&named, 3, &[&format!("plugin {name} is {state}"), &help]);
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
    assert_eq!((&listed["state"], &listed["carrier"]), (&Value::from("disabled"), &Value::from("native")));
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
fn two_plugins_of_one_name_are_refused_and_both_sources_named() {
    let place = place();
    place.write("plugins/a.wasm", FAULTY_COMPONENT);
    place.write("plugins/b.wasm", FAULTY_COMPONENT);
    let expected = [
        "plugin tests/faulty comes from two sources",
        "plugins/a.wasm",
        "plugins/b.wasm",
        "remove one of them",
    ];
    for command in [&["plugin", "list"][..], &["analyze", "src"]] {
        place.refused(&[&["--plugins", "plugins"], command].concat(), 3, &expected);
    }
}
