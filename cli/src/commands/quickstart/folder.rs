//! The output directory.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command_error::CommandError;
use crate::context::Context;

/// Marks a directory as the output of a quickstart.
const MARK: &str = "quickstart.txt";

/// Creates the directory, moves an earlier quickstart aside, and returns the absolute path.
///
/// # Errors
/// The directory contains something else or cannot be created.
pub fn prepare(folder: &Path, context: &Context) -> Result<PathBuf, CommandError> {
    let refused = || CommandError::file("create the directory", folder);
    let full = std::path::absolute(folder).map_err(refused())?;
    let occupied = match fs::read_dir(&full) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => {
            return Err(CommandError::OutputDirectory { folder: folder.to_owned(), source: error });
        }
    };
    if occupied {
        if !full.join(MARK).is_file() {
            return Err(CommandError::Occupied { folder: folder.to_owned() });
        }
        let aside =
            aside(&full).ok_or_else(|| CommandError::EarlierQuickstarts { folder: folder.to_owned() })?;
        fs::rename(&full, &aside).map_err(refused())?;
        context.terminal.note(&format!("moved the earlier quickstart to {}", aside.display()));
    }
    fs::create_dir_all(&full).map_err(refused())?;
    fs::write(
        full.join(MARK),
        "Created by codetune quickstart, which moves this directory aside when it runs again.\n",
    )
    .map_err(refused())?;
    Ok(full)
}

/// The first free name of the form `folder.1`.
fn aside(folder: &Path) -> Option<PathBuf> {
    (1..1000)
        .map(|number| PathBuf::from(format!("{}.{number}", folder.display())))
        .find(|path| !path.exists())
}
