//! Builds the faulty plugin in its file forms.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use codetune_plugin_build::PluginBuild;

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let workspace = here.join("..");
    for watched in [workspace.join("plugin-sdk"), here.join("fixtures/faulty"), workspace.join("Cargo.lock")]
    {
        println!("cargo::rerun-if-changed={}", watched.display());
    }
    let build = PluginBuild::new(&workspace)?;
    let (component, library) = (build.component("codetune-faulty")?, build.library("codetune-faulty")?);
    let text = format!(
        "/// The faulty plugin as a component.\n\
         pub const FAULTY_COMPONENT: &[u8] = include_bytes!({component:?});\n\
         /// The faulty plugin as a native library.\n\
         pub const FAULTY_LIBRARY: &[u8] = include_bytes!({library:?});\n"
    );
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("faulty.rs"), text)?;
    Ok(())
}
