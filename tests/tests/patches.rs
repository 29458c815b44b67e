//! A new tensor operation and a new recorded setting are four small edits each, which `tests/patches` keeps as examples.
//! `.ci/patches` applies them and runs what uses them.

use std::collections::BTreeSet;
use std::path::Path;

/// A part of a patch: what it replaces in a file, and by what.
struct Hunk {
    file: String,
    before: String,
    after: String,
}

fn hunks(patch: &str) -> Vec<Hunk> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("patches").join(patch);
    let text = std::fs::read_to_string(path).unwrap();
    let (mut hunks, mut file): (Vec<Hunk>, String) = (Vec::new(), String::new());
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("+++ b/") {
            file = name.to_owned();
        } else if line.starts_with("@@") {
            hunks.push(Hunk { file: file.clone(), before: String::new(), after: String::new() });
        } else if let (Some(hunk), false) = (hunks.last_mut(), line.starts_with("---")) {
            // Headers of the next file end a hunk.
            let Some((kind, content)) = line.split_at_checked(1) else { continue };
            let (before, after) = match kind {
                " " => (true, true),
                "-" => (true, false),
                "+" => (false, true),
                _ => continue,
            };
            if before {
                hunk.before += &format!("{content}\n");
            }
            if after {
                hunk.after += &format!("{content}\n");
            }
        }
    }
    hunks
}

/// Checks that a patch only adds lines, in at most four places, and that it applies to the tree as it is.
fn check(patch: &str, places: &[&str]) {
    let hunks = hunks(patch);
    let files: BTreeSet<&str> = hunks.iter().map(|hunk| hunk.file.as_str()).collect();
    assert_eq!(files, places.iter().copied().collect(), "{patch}");
    assert!(hunks.len() <= 4, "{patch} touches {} places", hunks.len());
    for Hunk { file, before, after } in &hunks {
        let text =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)).unwrap();
        assert_eq!(text.matches(before.as_str()).count(), 1, "{patch} does not apply to {file}: {before}");
        let added = after.lines().count() - before.lines().count();
        assert!((1..=6).contains(&added), "{patch} adds {added} lines to {file}");
        let kept: Vec<&str> =
            after.lines().filter(|line| before.lines().any(|other| other == *line)).collect();
        assert!(kept.len() >= before.lines().count(), "{patch} changes lines of {file}");
    }
}

#[test]
fn a_tensor_operation_is_added_in_four_places() {
    let places = [
        "plugin-sdk/src/operations.rs",
        "plugin-sdk/wit/plugin.wit",
        "plugin-sdk/include/codetune_plugin.h",
        "core/model/src/arithmetic.rs",
    ];
    check("operation.patch", &places);
}

#[test]
fn a_recorded_setting_is_added_in_four_places() {
    let places = [
        "core/validate/src/table.rs",
        "core/train/src/run_config.rs",
        "core/train/src/run_file.rs",
        "examples/run.toml",
    ];
    check("setting.patch", &places);
}
