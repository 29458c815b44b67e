//! Atomic writes of files and directories: readers and crashes see the old or the new version, never a partial one.
//! Bounded reads of files that may be anything.
//!
//! | file | subject |
//! |---|---|
//! | `whole` | a regular file, replaced durably |
//! | `private` | files and directories of the current user |
//! | `folder` | a directory that is published atomically |
//! | `parent` | the directory that a file or directory is in |
//! | `read` | a regular file, up to a maximum size |

mod folder;
mod parent;
mod private;
mod read;
mod whole;

pub use folder::{UNFINISHED, publish, stranger};
pub use parent::check_creatable;
pub use private::{private_directory, read_private, write_private};
pub use read::{SETTINGS, open, read, read_given, read_given_text, read_text};
pub use whole::write_durably;
pub use whole::{check_writable, write, write_with};
