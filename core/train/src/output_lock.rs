//! One run at a time in an output folder.

use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use super::{checkpoint_error::CheckpointError, error::TrainError};

/// The file that is locked. The system forgets the lock with the process, however that ends.
const NAME: &str = ".lock";

/// An output folder that no other run can take while this value lives.
#[derive(Debug)]
pub(super) struct OutputLock {
    folder: PathBuf,
    /// Whether there was no such folder before.
    made: bool,
    _file: File,
}

impl OutputLock {
    /// Takes a folder, which is made where it is missing.
    ///
    /// # Errors
    /// [`TrainError::OutputLocked`] where another run has it, or the file system refuses.
    pub(super) fn take(folder: &Path) -> Result<Self, TrainError> {
        let made = !folder.exists();
        let file = locked(folder).map_err(CheckpointError::io(folder))?;
        let locked = || TrainError::OutputLocked { path: folder.to_owned() };
        Ok(Self { folder: folder.to_owned(), made, _file: file.ok_or_else(locked)? })
    }
}

impl Drop for OutputLock {
    /// Leaves nothing behind, and no folder where nothing was written to it.
    fn drop(&mut self) {
        // Elsewhere a file that is open stays in its folder, and in the way of the next run, when it is deleted.
        if cfg!(unix) {
            let removed = fs::remove_file(self.folder.join(NAME));
            if self.made && removed.is_ok() {
                // Refused where there is something in it, as after every run that got so far.
                let _ = fs::remove_dir(&self.folder);
            }
        }
    }
}

/// The folder's lock file, locked; none where another one has it.
fn locked(folder: &Path) -> io::Result<Option<File>> {
    fs::create_dir_all(folder)?;
    let file = File::options().create(true).truncate(false).write(true).open(folder.join(NAME))?;
    match file.try_lock() {
        // The run that had it may have deleted it since it was opened, and the next one made another.
        Ok(()) => Ok(is_named(&file)?.then_some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
            tracing::warn!("no locks in {}: see that no other run writes there", folder.display());
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
