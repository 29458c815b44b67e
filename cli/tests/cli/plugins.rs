use crate::Place;

#[test]
fn the_first_party_plugins_come_by_all_three_carriers() {
    let listed = Place::new().run(&["plugin", "list", "--json"]).json();
    let of = |key: &str| -> Vec<&str> {
        listed["plugins"].as_array().unwrap().iter().map(|plugin| plugin[key].as_str().unwrap()).collect()
    };
    assert_eq!(of("name"), ["codetune/decoder", "codetune/metrics", "codetune/secrets"]);
    assert_eq!(of("carrier"), ["wasm", "builtin", "native"]);
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
    assert!(ran.err.contains("broken.wasm is failed"), "{}", ran.err);
}
