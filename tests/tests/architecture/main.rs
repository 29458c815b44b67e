//! The crates of the core, and the files inside each crate, use each other in one direction, and a name of a type has
//! one meaning.

mod circles;
mod manifests;
mod names;
mod sources;
mod tokens;

use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// The path of the workspace.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of a file of the workspace, if there is one.
fn text(path: &str) -> Option<String> {
    std::fs::read_to_string(workspace().join(path)).ok()
}

fn parsed(path: &str) -> Table {
    let text = text(path).unwrap_or_else(|| panic!("{path} is missing"));
    text.parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The folders of the packages in the workspace.
fn members() -> Vec<String> {
    let workspace = parsed("Cargo.toml");
    let members = workspace["workspace"]["members"].as_array().expect("members");
    members.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The root files of libraries and programs, and of the tests, benchmarks and build scripts that have several files.
fn targets() -> Vec<String> {
    let mut found = Vec::new();
    for member in members() {
        let mut candidates = vec![format!("{member}/src/lib.rs"), format!("{member}/src/main.rs")];
        candidates.push(format!("{member}/build/main.rs"));
        for group in ["tests", "benches"] {
            let entries = std::fs::read_dir(workspace().join(&member).join(group)).into_iter().flatten();
            let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            candidates.extend(names.map(|name| format!("{member}/{group}/{name}/main.rs")));
        }
        found.extend(candidates.into_iter().filter(|path| workspace().join(path).is_file()));
    }
    found.sort();
    found
}
