//! Builds the plugins of the tests in their file forms.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use codetune_plugin_build::PluginBuild;

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let workspace = here.join("..");
    let fixtures = ["faulty", "probe", "probe-backend"].map(|name| here.join("fixtures").join(name));
    for watched in fixtures.iter().chain(&[workspace.join("plugin-sdk"), workspace.join("Cargo.lock")]) {
        println!("cargo::rerun-if-changed={}", watched.display());
    }
    let build = PluginBuild::new(&workspace)?;
    let (component, library) = (build.component("codetune-faulty")?, build.library("codetune-faulty")?);
    let (probe, backend) = (build.component("codetune-probe")?, build.component("codetune-probe-backend")?);
    let text = format!(
        "/// The faulty plugin as a component.\n\
         pub const FAULTY_COMPONENT: &[u8] = include_bytes!({component:?});\n\
         /// The faulty plugin as a native library.\n\
         pub const FAULTY_LIBRARY: &[u8] = include_bytes!({library:?});\n\
         /// The probing analyzer as a component.\n\
         pub const PROBE_COMPONENT: &[u8] = include_bytes!({probe:?});\n\
         /// The probing training backend as a component.\n\
         pub const PROBE_BACKEND_COMPONENT: &[u8] = include_bytes!({backend:?});\n"
    );
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("fixtures.rs"), text)?;
    Ok(())
}
