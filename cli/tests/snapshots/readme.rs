use std::path::{Path, PathBuf};

use codetune_tests::TODO_COMPONENT;

use crate::place::Place;

const README: &str = include_str!("../../../README.md");

/// Commands that build something, need a network or take minutes.
const NOT_RUN: [&str; 6] = [
    "cargo run --release -- quickstart ",
    "cargo test --workspace ",
    "rustup toolchain install ",
    "rustup target add ",
    "export PATH=",
    "cargo build --release --target wasm32-wasip2 -p todo-analyzer",
];

/// The commands of the README: the lines of blocks without a language, joined where one continues in the next.
fn commands() -> Vec<String> {
    let mut commands = Vec::new();
    for block in README.split("\n```").skip(1).step_by(2).filter_map(|block| block.strip_prefix('\n')) {
        commands.extend(block.replace("\\\n", "").lines().map(str::to_owned));
    }
    commands
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A part of this repository, with run files of two steps and what `cargo build` makes of the analyzer.
fn place() -> Place {
    let place = Place::new();
    for directory in [
        "core/source/src",
        "core/validate/src",
        "examples/c-analyzer",
        "plugin-sdk/include",
        "plugins/metrics/src",
    ] {
        place.copy(&repository(directory), directory);
    }
    for name in ["base", "dataset", "run"] {
        let path = format!("examples/{name}.toml");
        let text = std::fs::read_to_string(repository(&path)).unwrap();
        let shorter = |line: &str| match line.split(' ').next() {
            Some("epochs") => "max_steps = 2\n".to_owned(),
            Some("max_minutes") => String::new(),
            Some("warmup_steps") => "warmup_steps = 1\n".to_owned(),
            _ => format!("{line}\n"),
        };
        place.write(&path, text.lines().map(shorter).collect::<String>());
    }
    place.write("target/wasm32-wasip2/release/todo_analyzer.wasm", TODO_COMPONENT);
    place
}

#[test]
fn the_commands_of_the_readme_run() {
    let commands = commands();
    let is_run = |command: &String| !NOT_RUN.iter().any(|not_run| command.starts_with(not_run));
    let (run, not_run): (Vec<_>, Vec<_>) = commands.into_iter().partition(is_run);
    assert_eq!(not_run.len(), NOT_RUN.len(), "{not_run:?}");
    assert!(run.iter().filter(|command| command.contains("codetune ")).count() > 15, "{run:?}");
    // One shell runs them all: the digest of a plugin is kept in a variable.
    let (printed, code) = place().shell(&format!("set -eux\n{}", run.join("\n")));
    assert_eq!(code, 0, "{printed}");
    assert!(!printed.contains("warning: "), "{printed}");
}
