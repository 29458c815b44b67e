use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::parent::{folder_of, synchronise};

/// Size of the write buffer.
const BUFFER: usize = 256 << 10;

/// Replaces a file atomically and durably, and creates missing parent directories.
///
/// # Errors
/// The error of the operating system; the old contents are then unchanged.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_durably(path, |file| file.write_all(bytes))
}

/// As [`write()`], with content from a closure.
///
/// # Errors
/// The error of the operating system or of `content`; the old contents are then unchanged.
pub fn write_durably(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> io::Result<()> {
    fs::create_dir_all(folder_of(path))?;
    replace(path, true, content)
}

/// Replaces a file atomically in an existing directory, with content from a closure. Terminals, pipes and other special
/// files are written directly.
///
/// For files that can be regenerated: they are not synced, so they may be empty after a crash of the machine.
///
/// # Errors
/// The error of the operating system or of `content`; the old contents are then unchanged.
pub fn write_with(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> io::Result<()> {
    replace(path, false, content)
}

/// Checks in advance, for a long computation, that [`write_with`] can write to `path`.
///
/// # Errors
/// The error of the operating system.
pub fn check_writable(path: &Path) -> io::Result<()> {
    match regular(path)? {
        None => Ok(()),
        Some((path, _)) => tempfile::tempfile_in(folder_of(&path)).map(drop),
    }
}

/// The path of the regular file to replace or create, with the permissions of the one that is there; nothing for
/// special files. Symbolic links are followed.
fn regular(path: &Path) -> io::Result<Option<(PathBuf, Option<fs::Permissions>)>> {
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) if !there.is_file() => Ok(None),
        Ok(there) => Ok(Some((fs::canonicalize(path)?, Some(there.permissions())))),
        Err(_) => Ok(Some((path.to_owned(), None))),
    }
}

/// Existing files keep their permissions.
fn replace(
    path: &Path,
    durable: bool,
    content: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> io::Result<()> {
    let write = |file: &File| {
        let mut file = BufWriter::with_capacity(BUFFER, file);
        content(&mut file)?;
        file.flush()
    };
    let Some((path, permissions)) = regular(path)? else {
        return write(&File::options().write(true).open(path)?);
    };
    let folder = folder_of(&path);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".partial-");
    if permissions.is_none() {
        as_any_other_file(&mut builder);
    }
    // The error would contain the name of the temporary file.
    fs::metadata(folder)?;
    let file = builder.tempfile_in(folder).map_err(|error| match error.kind() {
        io::ErrorKind::Other => error,
        kind => kind.into(),
    })?;
    write(file.as_file())?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    if durable {
        file.as_file().sync_all()?;
    }
    file.persist(&path)?;
    // Sync the directory to make the rename durable.
    if durable { synchronise(folder) } else { Ok(()) }
}

/// Temporary files are private; give the result the permissions of any other new file, as decided by the umask.
#[cfg(unix)]
fn as_any_other_file(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn as_any_other_file(_: &mut tempfile::Builder<'_, '_>) {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the test of the umask writes, when it is the process that has one of its own.
    #[cfg(unix)]
    const UNDER_UMASK: &str = "CODETUNE_TEST_UNDER_UMASK";

    #[test]
    fn a_file_is_replaced_whole_in_folders_that_are_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file");
        for content in ["a long content", "short"] {
            write(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn what_cannot_be_replaced_stays_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::create_dir_all(path.join("inner")).unwrap();
        write(&path, b"new").unwrap_err();
        assert!(path.join("inner").is_dir());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_has_the_permissions_that_the_umask_gives_to_any() {
        use std::os::unix::fs::PermissionsExt;
        // The umask is the whole process's, so a process of its own tries each.
        let folder = tempfile::tempdir().unwrap();
        if let Some(path) = std::env::var_os(UNDER_UMASK) {
            return write(Path::new(&path), b"content").unwrap();
        }
        for umask in ["022", "002", "077"] {
            let path = folder.path().join(umask);
            let own = std::env::current_exe().unwrap();
            let call = "umask $0 && exec \"$@\" whole::tests::a_new_file_has";
            let mut shell = std::process::Command::new("sh");
            let ran = shell.args(["-c", call, umask]).arg(own).env(UNDER_UMASK, &path).output().unwrap();
            assert!(ran.status.success(), "{ran:?}");
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o666 & !u32::from_str_radix(umask, 8).unwrap(), "{umask}");
        }
    }

    #[test]
    fn what_was_there_survives_content_that_cannot_be_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, b"old").unwrap();
        let failed = write_with(&path, |file| {
            file.write_all(b"half of the n")?;
            Err(io::Error::other("no more"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "no more");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay_and_what_is_no_file_is_written_to() {
        use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let [path, link] = ["file", "link"].map(|name| folder.path().join(name));
        write(&path, b"old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&path, &link).unwrap();
        write(&link, b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());

        write(Path::new("/dev/null"), b"gone").unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    }
}
