//! Lists the migrations of `migrations/sqlite` as Rust source, which embeds them.
//!
//! sqlx's own `migrate!` would do the same, but its macros need a second build of SQLite for the compiler.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

const FOLDER: &str = "../../migrations/sqlite";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={FOLDER}");
    println!("cargo:rerun-if-changed=build.rs");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join(FOLDER);
    let mut migrations = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let (version, description) = name
            .strip_suffix(".sql")
            .and_then(|stem| stem.split_once('_'))
            .and_then(|(version, words)| Some((version.parse::<i64>().ok()?, words.replace('_', " "))))
            .ok_or_else(|| format!("{}: expected VERSION_DESCRIPTION.sql", path.display()))?;
        migrations.push((version, description, path));
    }
    migrations.sort();
    let mut source = String::from("[\n");
    for (version, description, path) in migrations {
        writeln!(source, "    ({version}, {description:?}, include_str!({:?})),", path.canonicalize()?)?;
    }
    source.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("migrations.rs"), source)?;
    Ok(())
}
