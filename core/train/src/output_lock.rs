//! Locks an output directory for one run.

use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use super::{checkpoint_error::CheckpointError, error::TrainError};

/// The lock file. The operating system releases the lock when the process ends in any way.
const NAME: &str = ".lock";

/// An output directory that is locked for this run.
#[derive(Debug)]
pub(super) struct OutputLock {
    folder: PathBuf,
    /// Whether the directory was created for it.
    made: bool,
    _file: File,
}

impl OutputLock {
    /// Locks a directory, and creates it if it does not exist.
    ///
    /// # Errors
    /// [`TrainError::OutputLocked`] if another run holds the lock, or the error of the file system.
    pub(super) fn take(folder: &Path) -> Result<Self, TrainError> {
        let made = !folder.exists();
        let file = locked(folder).map_err(CheckpointError::io(folder))?;
        let locked = || TrainError::OutputLocked { path: folder.to_owned() };
        Ok(Self { folder: folder.to_owned(), made, _file: file.ok_or_else(locked)? })
    }
}

impl Drop for OutputLock {
    /// Deletes the lock file, and the directory if nothing was written to it.
    fn drop(&mut self) {
        // On other platforms, an open file stays in the directory when it is deleted, and blocks the next run.
        if cfg!(unix) {
            let removed = fs::remove_file(self.folder.join(NAME));
            if self.made && removed.is_ok() {
                // Fails if the directory is not empty, as it is after most runs.
                let _ = fs::remove_dir(&self.folder);
            }
        }
    }
}

/// Opens and locks the lock file; `None` if another process holds the lock.
fn locked(folder: &Path) -> io::Result<Option<File>> {
    fs::create_dir_all(folder)?;
    let file = File::options().create(true).truncate(false).write(true).open(folder.join(NAME))?;
    match file.try_lock() {
        // The previous owner may have deleted the file after it was opened, and the next run may have created another
        // one.
        Ok(()) => Ok(is_named(&file)?.then_some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
            tracing::warn!("cannot lock {}; make sure that no other run writes to it", folder.display());
            Ok(Some(file))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether an open file still has a name.
fn is_named(file: &File) -> io::Result<bool> {
    #[cfg(unix)]
    return Ok(std::os::unix::fs::MetadataExt::nlink(&file.metadata()?) > 0);
    #[cfg(not(unix))]
    return file.metadata().map(|_| true);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_taken_once_and_free_again_after() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("deep/out");
        let held = OutputLock::take(&out).unwrap();
        for _ in 0..2 {
            let error = OutputLock::take(&out).unwrap_err();
            assert!(matches!(&error, TrainError::OutputLocked { path } if *path == out), "{error}");
            assert!(error.to_string().contains("deep/out is in use by another run"), "{error}");
        }
        drop(held);
        assert!(!out.exists(), "nothing was written to it");
        drop(OutputLock::take(&out).unwrap());
    }

    #[test]
    fn what_a_run_wrote_and_a_folder_that_was_there_stay() {
        let folder = tempfile::tempdir().unwrap();
        drop(OutputLock::take(folder.path()).unwrap());
        assert!(folder.path().exists() && !folder.path().join(NAME).exists());
        let out = folder.path().join("out");
        let held = OutputLock::take(&out).unwrap();
        fs::write(out.join("result"), "result").unwrap();
        drop(held);
        assert!(out.join("result").exists() && !out.join(NAME).exists());
    }

    #[test]
    fn a_lock_file_that_a_killed_run_left_locks_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), "").unwrap();
        OutputLock::take(folder.path()).unwrap();
    }
}
