//! Why nothing could be discovered at all.

use std::io;
use std::path::PathBuf;

use codetune_validate::Blame;
use thiserror::Error;

use super::language::Language;

/// A request to this crate that cannot be met as a whole. A single bad file is a
/// [`SkipReason`](super::SkipReason) instead.
#[derive(Debug, Error, miette::Diagnostic)]
pub enum SourceError {
    /// The root to walk is not there or cannot be looked at.
    #[error("cannot read {}: {source}", path.display())]
    #[diagnostic(code(source::root), help("give the path of a file or directory that exists"))]
    Root {
        /// The path that was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The root is a pipe, a socket or a device.
    #[error("{} is neither a file nor a directory", path.display())]
    #[diagnostic(code(source::root_kind), help("give the path of source code"))]
    RootKind {
        /// The path that was given.
        path: PathBuf,
    },
    /// An ignore file at or above the root that must not be read.
    #[error("{0}")]
    #[diagnostic(code(source::ignore_file))]
    IgnoreFile(String),
    /// An include or exclude pattern is not a glob.
    #[error("{option} pattern {glob:?} is not usable: {problem}")]
    #[diagnostic(
        code(source::glob),
        help("write it like a line of .gitignore, for example \"*.py\" or \"tests/**\"")
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
    #[diagnostic(code(source::max_bytes))]
    MaxBytes {
        /// The limit that was asked for, in bytes.
        given: u64,
        /// The largest limit there is, in bytes.
        ceiling: u64,
    },
    /// Not the identifier of a language.
    #[error("there is no language {id:?}")]
    #[diagnostic(code(source::unknown_language), help("{}", remedy(*nearest)))]
    UnknownLanguage {
        /// What was given.
        id: String,
        /// The identifier most like it, when one is alike at all.
        nearest: Option<&'static str>,
    },
}

impl SourceError {
    /// Who has to act.
    pub fn blame(&self) -> Blame {
        match self {
            SourceError::IgnoreFile(_) => Blame::Storage,
            _ => Blame::Input,
        }
    }
}

fn remedy(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || format!("use one of {}", Language::ALL.map(Language::id).join(", ")),
        |nearest| format!("the nearest is {nearest:?}"),
    )
}
