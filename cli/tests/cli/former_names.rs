//! What was renamed is refused, and the error names what it is called now.

use crate::Place;

#[test]
fn a_renamed_option_names_its_new_name() {
    let place = Place::new();
    for (arguments, former, current) in [
        (&["plugin", "list", "--carrier", "wasm"][..], "--carrier", "--runtime"),
        (&["plugin", "list", "--carrier=wasm"], "--carrier", "--runtime"),
        (&["--carrier", "wasm", "plugin", "list"], "--carrier", "--runtime"),
        (&["dataset", "build", ".", "-o", "d", "--heldout", "0.2"], "--heldout", "--held-out"),
    ] {
        let ran = place.run(arguments);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains(&format!("error: unexpected argument '{former}' found")), "{ran:?}");
        assert!(ran.err.contains(&format!("help: '{former}' was renamed to '{current}'")), "{ran:?}");
    }
}

#[test]
fn a_renamed_key_names_its_new_name() {
    let place = Place::new();
    let run = |section: &str, line: &str| {
        place.write("run.toml", &format!("[{section}]\n{line}\n"));
        place.run(&["train", "run.toml"])
    };
    for (section, line, former, current) in [
        ("model", "carrier = \"wasm\"", "model.carrier", "model.runtime"),
        ("train", "clip_norm = 1.0", "train.clip_norm", "train.max_grad_norm"),
        ("train", "checkpointing = true", "train.checkpointing", "train.gradient_checkpointing"),
    ] {
        let ran = run(section, line);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(
            ran.err.contains(&format!("run.toml:2:1: {former}: unknown key; did you mean {current}?")),
            "{ran:?}"
        );
    }
    place.write("src/a.rs", "fn f() {}\n");
    place.write("dataset.toml", "heldout = 0.2\n");
    let ran = place.run(&["dataset", "build", "src", "-o", "data", "--config", "dataset.toml"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("unknown key \"heldout\", did you mean \"held_out\"?"), "{ran:?}");
}
