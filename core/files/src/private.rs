use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::path::Path;

use super::parent::folder_of;

/// Writes the parts atomically to a file that only the current user can read.
///
/// The file is not synced: such files can be regenerated, and are checked when read.
///
/// # Errors
/// The error of the operating system.
pub fn write_private(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    // Temporary files are only readable by their owner.
    let mut file = tempfile::NamedTempFile::new_in(folder_of(path))?;
    for part in parts {
        file.write_all(part)?;
    }
    file.persist(path)?;
    Ok(())
}

/// Reads a file that only the current user can read and write.
///
/// # Errors
/// The file belongs to another user, others can access it, or it cannot be read.
pub fn read_private(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    // Check the open file, since the path may refer to another one by now.
    let metadata = file.metadata()?;
    refuse_foreign(path, &metadata)?;
    if mode(&metadata) & 0o077 != 0 {
        // A secret that others could read stays compromised even if permissions are changed.
        return Err(refused(format!("other users can access {0}; delete it: rm {0}", path.display())));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Creates a directory that only the current user can enter. An existing one must belong to the user and not be
/// writable by others; it may be readable, since the files in it are private.
///
/// # Errors
/// The directory belongs to another user, others can write to it, or it cannot be created.
pub fn private_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(directory)?;
    let metadata = fs::metadata(directory)?;
    refuse_foreign(directory, &metadata)?;
    if mode(&metadata) & 0o022 != 0 {
        return Err(refused(format!(
            "other users can write to {0}; restrict it: chmod 700 {0}",
            directory.display()
        )));
    }
    Ok(())
}

fn refused(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, why)
}

#[cfg(unix)]
fn refuse_foreign(path: &Path, metadata: &Metadata) -> io::Result<()> {
    let (owner, own) = (std::os::unix::fs::MetadataExt::uid(metadata), rustix::process::geteuid().as_raw());
    if owner == own {
        return Ok(());
    }
    let whose = format!("{} belongs to user {owner}, this process to user {own}", path.display());
    Err(refused(format!("{whose}; use a directory of your own")))
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(metadata)
}

/// On other platforms, the permissions of a user's directories are inherited.
#[cfg(not(unix))]
fn refuse_foreign(_: &Path, _: &Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0o700
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
        assert_eq!(read_private(&file).unwrap(), b"secret");
    }

    #[cfg(unix)]
    #[test]
    fn what_others_can_change_is_not_private_and_the_error_says_what_to_type() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let [directory, file] = ["directory", "file"].map(|name| folder.path().join(name));
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        private_directory(&directory).unwrap();
        for mode in [0o720, 0o702, 0o777, 0o1777] {
            set(&directory, mode);
            let error = private_directory(&directory).unwrap_err().to_string();
            assert!(error.contains(&format!("chmod 700 {}", directory.display())), "{error}");
        }
        for mode in [0o700, 0o755, 0o500] {
            set(&directory, mode);
            private_directory(&directory).unwrap();
        }
        write_private(&file, &[b"secret"]).unwrap();
        for mode in [0o640, 0o604, 0o602] {
            set(&file, mode);
            let error = read_private(&file).unwrap_err().to_string();
            assert!(error.contains(&format!("rm {}", file.display())), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_belongs_to_another_user_is_not_private() {
        let folder = tempfile::tempdir().unwrap();
        // Only the superuser can give a folder away; anyone else finds one that is the superuser's.
        let foreign = match std::os::unix::fs::chown(folder.path(), Some(12_345), None) {
            Ok(()) => folder.path(),
            Err(_) => Path::new("/"),
        };
        let error = private_directory(foreign).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert!(error.to_string().contains("belongs to user"), "{error}");
    }
}
