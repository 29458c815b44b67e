//! Writing files and folders so that a reader, or a crash, finds the old or the new and nothing between; reading files
//! that may be anything.
//!
//! | file | subject |
//! |---|---|
//! | `whole` | a file for everyone, replaced durably |
//! | `private` | files and directories for this user alone |
//! | `folder` | a folder that appears whole or not at all |
//! | `read` | a regular file, up to a size |

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

/// The folder that holds `path`; a bare name lies in the current one.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a rename in a folder durable; folders cannot be opened for that on Windows.
fn synchronise(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
