//! What users see, compared with files: help, errors, reports, and the commands of the README.
//!
//! `SNAPSHOTS=overwrite cargo test -p codetune --test snapshots` rewrites the files.

#![cfg(unix)]

mod errors;
#[path = "../shared/folder.rs"]
mod folder;
mod help;
mod place;
mod readme;
mod redactions;
mod reports;
mod transcript;

use std::path::{Path, PathBuf};

use snapbox::{Assert, Data};

/// A path in this directory.
fn snapshot(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name)
}

/// Compares a text with a file, or rewrites the file.
fn assert_matches(actual: String, path: &Path) {
    Assert::new().action_env("SNAPSHOTS").eq(Data::text(actual).raw(), Data::read_from(path, None).raw());
}

/// The names of the files in a directory of snapshots, without their extension.
fn names(directory: &str) -> Vec<String> {
    let entries = std::fs::read_dir(snapshot(directory)).unwrap();
    let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut names: Vec<String> = entries.map(|entry| stem(entry.unwrap().path())).collect();
    names.sort();
    names
}
