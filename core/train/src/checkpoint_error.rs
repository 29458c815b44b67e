use std::{io, path::PathBuf};

use codetune_validate::Blame;

/// Why a checkpoint could not be written, read or gone on with.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum CheckpointError {
    /// The file system refused.
    #[error("checkpoint {}: {source}", path.display())]
    #[diagnostic(code(train::checkpoint::io), help("check the space and the rights of that folder"))]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is incomplete or changed.
    #[error("checkpoint {}: {cause}", path.display())]
    #[diagnostic(
        code(train::checkpoint::damaged),
        help("delete that folder to fall back to an earlier checkpoint")
    )]
    Damaged {
        /// The checkpoint's folder.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// Another version of the format.
    #[error("checkpoint {}: format {found}, this build reads format {supported}", path.display())]
    #[diagnostic(code(train::checkpoint::format), help("resume with the version that wrote it"))]
    Format {
        /// The checkpoint's folder.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The format of this build.
        supported: u64,
    },
    /// The run was started with another configuration.
    #[error("checkpoint {}: {field} was {was} and is now {now}", path.display())]
    #[diagnostic(
        code(train::checkpoint::config),
        help(
            "resume with the configuration that the run was started with, or start a new run in another output.dir"
        )
    )]
    Config {
        /// The checkpoint's folder.
        path: PathBuf,
        /// The first key that differs.
        field: String,
        /// Its value in the checkpoint, in JSON, or `not set`.
        was: String,
        /// Its value now.
        now: String,
    },
    /// A run is to be made longer that is not done yet.
    #[error("checkpoint {}: {difference}, and the run stands at step {step} of {total}", path.display())]
    #[diagnostic(
        code(train::checkpoint::unfinished),
        help("a run is extended when all its steps are done: resume it as it was started before")
    )]
    Unfinished {
        /// The checkpoint's folder.
        path: PathBuf,
        /// Which key differs, and how.
        difference: String,
        /// Steps done.
        step: u64,
        /// Steps that the run was started with.
        total: u64,
    },
    /// Its tensors are not those of the model.
    #[error("checkpoint {}: {cause}", path.display())]
    #[diagnostic(
        code(train::checkpoint::tensors),
        help("resume with the model and adapter that the run was started with")
    )]
    Tensors {
        /// The checkpoint's folder.
        path: PathBuf,
        /// Which tensor, and how it differs.
        cause: String,
    },
}

impl CheckpointError {
    /// Who has to act.
    pub fn blame(&self) -> Blame {
        match self {
            CheckpointError::Io { .. } | CheckpointError::Damaged { .. } => Blame::Storage,
            _ => Blame::Input,
        }
    }

    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
