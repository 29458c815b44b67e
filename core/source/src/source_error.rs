//! Why nothing could be discovered at all.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::Language;

/// A request to this crate that cannot be met as a whole. A single bad file is a
/// [`SkipReason`](super::SkipReason) instead.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The root to walk is not there or cannot be looked at.
    #[error("cannot read {}: {source}; give the path of a file or directory that exists", path.display())]
    Root {
        /// The path that was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The root is a pipe, a socket or a device.
    #[error("{} is neither a file nor a directory; give the path of source code", path.display())]
    RootKind {
        /// The path that was given.
        path: PathBuf,
    },
    /// An ignore file at or above the root that must not be read.
    #[error("{0}")]
    IgnoreFile(String),
    /// An include or exclude pattern is not a glob.
    #[error(
        "{option} pattern {glob:?} is not usable: {problem}; write it like a line of .gitignore, for example \
         \"*.py\" or \"tests/**\""
    )]
    Glob {
        /// `include` or `exclude`.
        option: &'static str,
        /// The pattern that was given.
        glob: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The size limit is more than offsets can hold.
    #[error("max_bytes is {given}, it must be from 1 to {ceiling}")]
    MaxBytes {
        /// The limit that was asked for, in bytes.
        given: u64,
        /// The largest limit there is, in bytes.
        ceiling: u64,
    },
    /// Not the identifier of a language.
    #[error("there is no language {id:?}; {}", remedy(*nearest))]
    UnknownLanguage {
        /// What was given.
        id: String,
        /// The identifier most like it, when one is alike at all.
        nearest: Option<&'static str>,
    },
}

fn remedy(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || format!("use one of {}", Language::ALL.map(Language::id).join(", ")),
        |nearest| format!("the nearest is {nearest:?}"),
    )
}
