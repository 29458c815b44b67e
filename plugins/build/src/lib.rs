//! Builds plugin crates as WASM components and native libraries from a build script.
//!
//! Cargo cannot depend on an artifact for another target, so a build script runs cargo again, in its own target
//! directory, which development and release builds share.
#![deny(missing_docs)]

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

const WASM_TARGET: &str = "wasm32-wasip2";

/// The profile of the workspace's `Cargo.toml`.
const PROFILE: &str = "plugin";

/// Why a plugin could not be built, with a remedy.
#[derive(Debug)]
pub struct BuildError(String);

impl std::fmt::Display for BuildError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BuildError {}

/// The files of a plugin crate.
pub struct BuiltPlugin {
    /// The component.
    pub component: PathBuf,
    /// The native library.
    pub library: PathBuf,
}

/// Builds artifacts of plugin crates.
pub struct PluginBuild {
    target: PathBuf,
    workspace: PathBuf,
}

impl PluginBuild {
    /// Prepares to build crates of the workspace at `workspace`, and installs the WASM target with rustup if it is
    /// missing. Only for build scripts: it reads the variables that cargo sets for them.
    ///
    /// # Errors
    /// The WASM target is missing and cannot be installed.
    pub fn new(workspace: &Path) -> Result<Self, BuildError> {
        let out = PathBuf::from(variable("OUT_DIR")?);
        // OUT_DIR is TARGET/PROFILE/build/PACKAGE-HASH/out.
        let target = out.ancestors().nth(4).unwrap_or(&out).join("plugins");
        ensure_wasm_target()?;
        Ok(PluginBuild { target, workspace: workspace.to_owned() })
    }

    /// Builds crates, each as a component and as a native library, and returns the paths in the order of `packages`.
    ///
    /// One run of cargo builds all of them, so that they share their dependencies and the time that cargo needs to start.
    ///
    /// # Errors
    /// The output of cargo.
    pub fn build(&self, packages: &[&str]) -> Result<Vec<BuiltPlugin>, BuildError> {
        let native = variable("TARGET")?;
        let mut cargo = Command::new(variable("CARGO")?);
        cargo.current_dir(&self.workspace);
        cargo
            .args(["build", "--lib", "--profile", PROFILE, "--target", WASM_TARGET, "--target"])
            .arg(&native);
        cargo.arg("--target-dir").arg(&self.target);
        for package in packages {
            cargo.args(["--package", package]);
        }
        // Settings of the outer build, such as clippy's wrapper, do not apply.
        for name in [
            "RUSTC_WORKSPACE_WRAPPER",
            "CLIPPY_ARGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "CARGO_TARGET_DIR",
        ] {
            cargo.env_remove(name);
        }
        // Nor does the measurement of coverage, which no component can take part in.
        if env::var_os("CARGO_LLVM_COV").is_some() {
            cargo.env_remove("RUSTC_WRAPPER");
        }
        let output = cargo.output().map_err(|error| BuildError(format!("cannot run cargo: {error}")))?;
        if !output.status.success() {
            let printed = String::from_utf8_lossy(&output.stderr);
            return Err(BuildError(format!("cannot build the plugins {}:\n{printed}", packages.join(", "))));
        }
        let (prefix, suffix) = (env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
        let built = |package: &&str| {
            let name = package.replace('-', "_");
            BuiltPlugin {
                component: self.target.join(WASM_TARGET).join(PROFILE).join(format!("{name}.wasm")),
                library: self.target.join(&native).join(PROFILE).join(format!("{prefix}{name}{suffix}")),
            }
        };
        Ok(packages.iter().map(built).collect())
    }
}

fn ensure_wasm_target() -> Result<(), BuildError> {
    if wasm_target_is_installed()? {
        return Ok(());
    }
    // Requesting a target works even if rustup's automatic installation is disabled.
    let asked = Command::new("rustup").args(["target", "add", WASM_TARGET]).output();
    if asked.is_ok_and(|output| output.status.success()) && wasm_target_is_installed()? {
        return Ok(());
    }
    Err(BuildError(format!(
        "the Rust target {WASM_TARGET} is missing and could not be installed: run `rustup target add {WASM_TARGET}`"
    )))
}

fn wasm_target_is_installed() -> Result<bool, BuildError> {
    let mut rustc = Command::new(variable("RUSTC")?);
    rustc.args(["--print", "target-libdir", "--target", WASM_TARGET]);
    let output = rustc.output().map_err(|error| BuildError(format!("rustc cannot be run: {error}")))?;
    let folder = String::from_utf8_lossy(&output.stdout);
    Ok(output.status.success() && Path::new(folder.trim()).is_dir())
}

fn variable(name: &str) -> Result<OsString, BuildError> {
    env::var_os(name).ok_or_else(|| BuildError(format!("{name} is not set: this is for build scripts alone")))
}
