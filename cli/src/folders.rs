//! The data and cache directories.

use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::command_error::CommandError;

/// The data directory, and the cache directory, which can be deleted at any time.
#[derive(Debug, Clone)]
pub struct Folders {
    /// Holds the database.
    pub data: PathBuf,
    /// Holds compiled components, copies of libraries and analysis results.
    pub cache: PathBuf,
}

impl Folders {
    /// The given directories, with the platform's defaults.
    ///
    /// # Errors
    /// There is no home directory.
    pub fn choose(data: Option<&Path>, cache: Option<&Path>) -> Result<Self, CommandError> {
        let usual = || {
            etcetera::choose_base_strategy().map_err(|error| CommandError::Home { source: Box::new(error) })
        };
        Ok(Folders {
            data: match data {
                Some(given) => given.to_owned(),
                None => usual()?.data_dir().join("codetune"),
            },
            cache: match cache {
                Some(given) => given.to_owned(),
                None => usual()?.cache_dir().join("codetune"),
            },
        })
    }

    /// Creates the cache directory if necessary and checks that it is writable.
    ///
    /// # Errors
    /// The error of the operating system.
    pub fn check_cache(&self) -> io::Result<()> {
        std::fs::create_dir_all(&self.cache)?;
        tempfile::tempfile_in(&self.cache).map(drop)
    }

    /// The path of the default database.
    pub fn database(&self) -> PathBuf {
        self.data.join("runs.db")
    }
}
