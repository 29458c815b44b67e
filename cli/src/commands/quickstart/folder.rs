//! The output directory.

use std::fs;
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Marks a directory as the output of a quickstart.
const MARK: &str = "quickstart.txt";

/// Creates the directory, moves an earlier quickstart aside, and returns the absolute path.
///
/// # Errors
/// The directory contains something else or cannot be created.
pub fn prepare(folder: &Path, context: &Context) -> Result<PathBuf, Failure> {
    let refused = |error: std::io::Error| Failure::file("create the directory", folder, &error);
    let full = std::path::absolute(folder).map_err(refused)?;
    let occupied = match fs::read_dir(&full) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => {
            return Err(Failure::file("use the directory", folder, &error)
                .help("choose another directory with --out"));
        }
    };
    if occupied {
        if !full.join(MARK).is_file() {
            return Err(Failure::new(Exit::Usage, format!("{} is not empty", folder.display()))
                .why("it was not created by quickstart, so it is not overwritten")
                .help("choose another directory with --out"));
        }
        let aside = aside(&full).ok_or_else(|| {
            Failure::usage(format!("too many earlier quickstarts beside {}", folder.display()))
                .help("remove some of them, or choose another directory with --out")
        })?;
        fs::rename(&full, &aside).map_err(refused)?;
        context.terminal.note(&format!("moved the earlier quickstart to {}", aside.display()));
    }
    fs::create_dir_all(&full).map_err(refused)?;
    fs::write(
        full.join(MARK),
        "Created by codetune quickstart, which moves this directory aside when it runs again.\n",
    )
    .map_err(refused)?;
    Ok(full)
}

/// The first free name of the form `folder.1`.
fn aside(folder: &Path) -> Option<PathBuf> {
    (1..1000)
        .map(|number| PathBuf::from(format!("{}.{number}", folder.display())))
        .find(|path| !path.exists())
}
