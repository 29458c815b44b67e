//! Everything in `examples/` works as it lies there.

mod c_abi;
mod c_analyzer;
mod configurations;
mod tiny_backend;
mod todo_analyzer;

use std::path::{Path, PathBuf};
use std::process::Command;

/// A path in the workspace.
fn workspace(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The C compiler with every warning an error, and the header's folder known to it.
fn c_compiler() -> Command {
    let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    compiler.args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]);
    compiler.arg(workspace("plugin-sdk/include"));
    compiler
}

/// Runs the compiler, which must say nothing.
fn compile(compiler: &mut Command) {
    let output = compiler.output().expect("a C compiler is needed: install one, or name it in CC");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
