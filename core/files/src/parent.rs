//! The directory that a file or directory is in.

use std::fs::File;
use std::io;
use std::path::Path;

/// The parent directory of `path`; for a bare name, the current directory.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Checks in advance, for a long computation, that a file or directory can be created at `path`: in its directory or,
/// where that is missing too, in the nearest that exists. Nothing is left behind.
///
/// # Errors
/// The error of the operating system.
pub fn check_creatable(path: &Path) -> io::Result<()> {
    let exists = |folder: &&Path| folder.symlink_metadata().is_ok();
    let folder = folder_of(path).ancestors().find(exists).unwrap_or(Path::new("."));
    tempfile::tempfile_in(folder).map(drop)
}

/// Makes a rename durable; not possible on Windows, where directories cannot be opened.
pub(super) fn synchronise(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_in_advance_what_cannot_be_created() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        for creatable in ["a", "missing/deeper/a", "file"] {
            check_creatable(&folder.path().join(creatable)).unwrap();
        }
        assert!(check_creatable(&file.join("a")).is_err());
        assert!(check_creatable(&file.join("deeper/a")).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
