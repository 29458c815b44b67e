//! The folder that everything goes to.

use std::fs;
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Tells a folder of an earlier quickstart from one with someone's work in it.
const MARK: &str = "quickstart.txt";

/// Makes the folder, moving an earlier quickstart aside, and gives its full path.
///
/// # Errors
/// There is something else in it, or it cannot be made.
pub fn prepare(folder: &Path, context: &Context) -> Result<PathBuf, Failure> {
    let refused = |error: std::io::Error| Failure::file("make the folder", folder, &error);
    let full = std::path::absolute(folder).map_err(refused)?;
    let occupied = match fs::read_dir(&full) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => {
            return Err(
                Failure::file("use the folder", folder, &error).help("pass --out with another folder")
            );
        }
    };
    if occupied {
        if !full.join(MARK).is_file() {
            return Err(Failure::new(Exit::Usage, format!("there is something in {}", folder.display()))
                .why("it was not made by quickstart, so it is left alone")
                .help("pass --out with a new folder"));
        }
        let aside = aside(&full).ok_or_else(|| {
            Failure::usage(format!("there are too many earlier ones beside {}", folder.display()))
                .help("remove some, or pass --out with a new folder")
        })?;
        fs::rename(&full, &aside).map_err(refused)?;
        context.terminal.note(&format!("the earlier quickstart is now {}", aside.display()));
    }
    fs::create_dir_all(&full).map_err(refused)?;
    fs::write(full.join(MARK), "Made by codetune quickstart, which may move this folder aside.\n")
        .map_err(refused)?;
    Ok(full)
}

/// The first free name of the form `folder.1`.
fn aside(folder: &Path) -> Option<PathBuf> {
    (1..1000)
        .map(|number| PathBuf::from(format!("{}.{number}", folder.display())))
        .find(|path| !path.exists())
}
