//! Builds the plugins that only tests load, in their file forms.

use std::error::Error;
use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs};

use codetune_plugin_build::{BuiltPlugin, PluginBuild};

const PACKAGES: [(&str, &str); 6] = [
    ("FAULTY", "codetune-faulty"),
    ("HOSTILE", "codetune-hostile-backend"),
    ("PROBE", "codetune-probe"),
    ("PROBE_BACKEND", "codetune-probe-backend"),
    ("TODO", "todo-analyzer"),
    ("TINY", "tiny-backend"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let workspace = here.join("..");
    for watched in
        ["plugin-sdk", "tests/fixtures", "examples/tiny-backend", "examples/todo-analyzer", "Cargo.lock"]
    {
        println!("cargo::rerun-if-changed={}", workspace.join(watched).display());
    }
    let build = PluginBuild::new(&workspace)?;
    let mut text = String::new();
    let packages = PACKAGES.map(|(_, package)| package);
    for ((name, package), BuiltPlugin { component, library }) in
        PACKAGES.into_iter().zip(build.build(&packages)?)
    {
        writeln!(
            text,
            "/// The plugin {package} as a component.\n\
             pub const {name}_COMPONENT: &[u8] = include_bytes!({component:?});\n\
             /// The plugin {package} as a native library.\n\
             pub const {name}_LIBRARY: &[u8] = include_bytes!({library:?});"
        )?;
    }
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("plugins.rs"), text)?;
    Ok(())
}
