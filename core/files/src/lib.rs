//! Atomic writes of files and directories: readers and crashes see the old or the new version, never a partial one.
//! Bounded reads of files that may be anything.
//!
//! | file | subject |
//! |---|---|
//! | `whole` | a regular file, replaced durably |
//! | `private` | files and directories of the current user |
//! | `folder` | a directory that is published atomically |
//! | `read` | a regular file, up to a maximum size |

mod folder;
mod private;
mod read;
mod whole;

pub use folder::{UNFINISHED, publish, stranger};
pub use private::{private_directory, read_private, write_private};
pub use read::{SETTINGS, open, read, read_given, read_given_text, read_text};
pub use whole::write_durably;
pub use whole::{write, write_with};

use std::fs::File;
use std::io;
use std::path::Path;

/// The parent directory of `path`; for a bare name, the current directory.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a rename durable; not possible on Windows, where directories cannot be opened.
fn synchronise(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
