//! Where codetune keeps things.

use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::failure::Failure;

/// The two folders: one that matters and one that can be deleted.
#[derive(Debug, Clone)]
pub struct Folders {
    /// The database.
    pub data: PathBuf,
    /// Compiled components, copies of libraries, results of analyses.
    pub cache: PathBuf,
}

impl Folders {
    /// What was given, and else the system's usual places.
    ///
    /// # Errors
    /// There is no home folder.
    pub fn choose(data: Option<&Path>, cache: Option<&Path>) -> Result<Self, Failure> {
        let usual = || {
            etcetera::choose_base_strategy().map_err(|error| {
                Failure::usage("the home folder is not known")
                    .why(error.to_string())
                    .help("set HOME, or give --data-dir and --cache-dir")
            })
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

    /// Makes the cache where there is none, and tries whether it can be written.
    ///
    /// # Errors
    /// What the system says against it.
    pub fn check_cache(&self) -> io::Result<()> {
        std::fs::create_dir_all(&self.cache)?;
        tempfile::tempfile_in(&self.cache).map(drop)
    }

    /// The database where none was given.
    pub fn database(&self) -> PathBuf {
        self.data.join("runs.db")
    }
}
