//! The directory that a file or directory is in.

use std::fs::File;
use std::io;
use std::path::Path;

/// The parent directory of `path`; for a bare name, the current directory.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a rename durable; not possible on Windows, where directories cannot be opened.
pub(super) fn synchronise(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
