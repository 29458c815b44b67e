use std::{io, path::PathBuf};

use serde_json::Value;

/// Why a checkpoint could not be written, read or gone on with.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file system refused.
    #[error("checkpoint {}: {source}; check the space and the rights of that folder", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is incomplete or changed.
    #[error("checkpoint {}: {cause}; delete that folder to fall back to an earlier checkpoint", path.display())]
    Damaged {
        /// The checkpoint's folder.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// Another version of the format.
    #[error("checkpoint {}: format {found}, this build reads format {supported}; resume with the version that wrote it", path.display())]
    Format {
        /// The checkpoint's folder.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The format of this build.
        supported: u64,
    },
    /// The run was started with another configuration.
    #[error(
        "checkpoint {}: {field} was {} and is now {}; resume with the configuration that the run was started \
         with, or start a new run in another output.dir",
        path.display(), shown(was), shown(now)
    )]
    Config {
        /// The checkpoint's folder.
        path: PathBuf,
        /// The first key that differs.
        field: String,
        /// Its value in the checkpoint.
        was: Option<Box<Value>>,
        /// Its value now.
        now: Option<Box<Value>>,
    },
    /// Its tensors are not those of the model.
    #[error("checkpoint {}: {cause}; resume with the model and adapter that the run was started with", path.display())]
    Tensors {
        /// The checkpoint's folder.
        path: PathBuf,
        /// Which tensor, and how it differs.
        cause: String,
    },
}

impl CheckpointError {
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

fn shown(value: &Option<Box<Value>>) -> String {
    value.as_ref().map_or_else(|| "absent".to_owned(), |value| value.to_string())
}
