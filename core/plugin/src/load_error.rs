use std::io;
use std::path::{Path, PathBuf};

/// Why a plugin that the registry took cannot be loaded: by what it is, or by this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LoadError {
    /// The plugin is at fault: what is wrong with it.
    #[error("{0}")]
    Plugin(String),
    /// The machine is.
    #[error(transparent)]
    Machine(#[from] MachineError),
}

impl From<String> for LoadError {
    fn from(what: String) -> Self {
        LoadError::Plugin(what)
    }
}

/// Why this machine cannot run plugins, whatever they are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MachineError {
    /// wasmtime does not run here.
    #[error("wasmtime cannot start: {0}")]
    Engine(String),
    /// What components import cannot be offered.
    #[error("services cannot be linked: {0}")]
    Services(String),
    /// There is no thread for the clock of time limits.
    #[error("the clock that limits plugins cannot start: {0}")]
    Clock(String),
    /// There is no place for the copy of a library that is loaded.
    #[error("the library can be placed neither in {}: {cache_cause}, nor in {}: {temporary_cause}", cache.display(), temporary.display())]
    Copy {
        /// The cache directory.
        cache: PathBuf,
        /// What the system said of it.
        cache_cause: String,
        /// The system's directory for temporary files.
        temporary: PathBuf,
        /// What the system said of that.
        temporary_cause: String,
    },
}

impl MachineError {
    pub(crate) fn copy(cache: &Path, first: &io::Error, second: &io::Error) -> Self {
        MachineError::Copy {
            cache: cache.to_owned(),
            cache_cause: first.to_string(),
            temporary: std::env::temp_dir(),
            temporary_cause: second.to_string(),
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            MachineError::Engine(_) | MachineError::Services(_) => {
                "choose another runtime, as with --runtime native, or raise the limit on address space"
            }
            MachineError::Clock(_) => "check the limits on threads and processes of this system",
            MachineError::Copy { .. } => "free some space, or name another folder with --cache-dir",
        }
    }
}
