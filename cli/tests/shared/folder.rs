//! A temporary directory of a test.

use std::path::{Path, PathBuf};

/// A directory that is removed when it is dropped.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// Writes a file, and the directories on the way.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Copies the files of a directory.
    pub fn copy(&self, from: &Path, name: &str) {
        for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            if entry.path().is_file() {
                let name = format!("{name}/{}", entry.file_name().to_str().unwrap());
                self.write(&name, std::fs::read(entry.path()).unwrap());
            }
        }
    }
}
