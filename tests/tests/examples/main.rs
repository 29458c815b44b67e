//! Everything in `examples/` works as it lies there, and so does the header that plugins in C and C++ include.

mod c_abi;
mod c_analyzer;
mod configurations;
mod header;
mod table_sizes;
mod tiny_backend;
mod todo_analyzer;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use codetune_core::plugin::{Digest, Plugin, PluginDirectories, Registry, Trust};

/// A path in the workspace.
fn workspace(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The C compiler with every warning an error, and the header's folder known to it.
fn c_compiler() -> Command {
    compiler("CC", "cc", "c11")
}

/// A compiler for a standard of C or C++, with every warning an error, and the header's folder known to it.
fn compiler(variable: &str, otherwise: &str, standard: &str) -> Command {
    let mut compiler = Command::new(std::env::var_os(variable).unwrap_or_else(|| otherwise.into()));
    compiler.arg(format!("-std={standard}"));
    compiler.args(["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-I"]);
    compiler.arg(workspace("plugin-sdk/include"));
    compiler
}

/// Runs the compiler, which must say nothing.
fn compile(compiler: &mut Command) {
    let output = compiler
        .output()
        .expect("compilers of C and C++ are needed: install them, or name them in CC and CXX");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{compiler:?}\n{said}");
}

/// Compiles a file into a dynamic library of a folder.
fn shared_library(compiler: &mut Command, source: &str, folder: &Path) -> PathBuf {
    let stem = Path::new(source).file_stem().unwrap().to_string_lossy();
    let library = folder.join(format!("lib{stem}{}", std::env::consts::DLL_SUFFIX));
    compiler.args(["-shared", "-fPIC", "-fvisibility=hidden"]).arg(workspace(source)).arg("-o").arg(&library);
    compile(compiler);
    library
}

/// The one plugin of a library, trusted.
fn trusted(library: &Path) -> Arc<Plugin> {
    let digest = Digest::of(&std::fs::read(library).unwrap());
    let trust = Trust { native: [digest].into(), ..Trust::default() };
    let mut registry = Registry::new(PluginDirectories::below(library.parent().unwrap()), trust);
    registry.register_file(library);
    let name = registry.list().next().unwrap().name.clone();
    registry.ready(&name).unwrap()
}
