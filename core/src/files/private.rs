use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::folder_of;

/// Writes the parts into a file that only this user can read, in one step: a reader sees all of it or nothing.
///
/// It is not synchronised: what is kept this way can be made again, and is checked when it is read.
///
/// # Errors
/// What the system said.
pub(crate) fn write_private(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    // Temporary files are readable by their owner alone.
    let mut file = tempfile::NamedTempFile::new_in(folder_of(path))?;
    for part in parts {
        file.write_all(part)?;
    }
    file.persist(path)?;
    Ok(())
}

/// Makes a directory that only this user can enter; one that is there stays as it is.
///
/// # Errors
/// What the system said.
pub(crate) fn private_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_file_is_its_parts_one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for (parts, whole) in [(&[&b"one "[..], &b"two"[..]][..], "one two"), (&[&b"3"[..]][..], "3")] {
            write_private(&path, parts).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), whole);
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_private_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let directory = folder.path().join("outer/inner");
        private_directory(&directory).unwrap();
        private_directory(&directory).unwrap();
        assert_eq!(mode(&directory), 0o700);
        let file = directory.join("file");
        write_private(&file, &[b"secret"]).unwrap();
        assert_eq!(mode(&file), 0o600);
    }
}
