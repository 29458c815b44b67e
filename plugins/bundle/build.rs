//! Builds the first-party plugins as components and libraries, and lists them for `include_bytes!`.

use std::error::Error;
use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs};

use codetune_plugin_build::{BuiltPlugin, PluginBuild};

const PACKAGES: [(&str, &str); 3] = [
    ("codetune/decoder", "codetune-decoder"),
    ("codetune/metrics", "codetune-metrics"),
    ("codetune/secrets", "codetune-secrets"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let workspace = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../..");
    for watched in ["plugin-sdk", "plugins/decoder", "plugins/metrics", "plugins/secrets", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", workspace.join(watched).display());
    }
    let build = PluginBuild::new(&workspace)?;
    let mut table = String::from("pub(crate) static FILES: &[File] = &[\n");
    let packages = PACKAGES.map(|(_, package)| package);
    for ((name, _), BuiltPlugin { component, library }) in PACKAGES.into_iter().zip(build.build(&packages)?) {
        writeln!(
            table,
            "    File {{ name: {name:?}, component: include_bytes!({component:?}), library: include_bytes!({library:?}) }},"
        )?;
    }
    table.push_str("];\n");
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("files.rs"), table)?;
    Ok(())
}
