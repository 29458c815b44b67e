//! Folders that appear whole or not at all.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

/// Work in progress starts with this; what is left of a killed process can be deleted.
pub(super) const UNFINISHED: &str = ".unfinished-";

/// Lets `write` fill an empty folder and then puts it at `target`, in place of what was there.
///
/// Files and folders are synchronised before the rename, so that after a crash `target` is either as before
/// or complete.
pub(super) fn publish<E: From<io::Error>>(
    target: &Path,
    write: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    let work = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(parent)?;
    let new = work.path().join("new");
    fs::create_dir(&new)?;
    write(&new)?;
    synchronise(&new)?;
    if fs::symlink_metadata(target).is_ok() {
        // What was there is deleted with the working folder.
        fs::rename(target, work.path().join("old"))?;
    }
    fs::rename(&new, target)?;
    File::open(parent)?.sync_all()?;
    Ok(())
}

fn synchronise(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            synchronise(&path)?;
        } else {
            File::open(&path)?.sync_all()?;
        }
    }
    File::open(folder)?.sync_all()
}
