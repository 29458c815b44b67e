//! What was found, and what was left out.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Language, SkipReason};

/// A file that is to be analysed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    /// Path relative to the root, with `/` between its parts.
    pub path: String,
    /// Full path by which the file is opened.
    pub absolute: PathBuf,
    /// What it holds, where that was handed over; no file is opened then.
    pub content: Option<Arc<[u8]>>,
    /// Size when it was seen, in bytes.
    pub bytes: u64,
    /// Language by name or `#!` line; [`load`](super::load) settles whether a `.h` file is C++.
    pub language: Language,
    /// Whether only [`DiscoverOptions::every_text`](super::DiscoverOptions::every_text) asks for it.
    pub extra: bool,
}

/// A file that was seen and left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Path relative to the root, with `/` between its parts; bytes that are not UTF-8 are escaped as `\xNN`.
    pub path: String,
    /// Why.
    pub reason: SkipReason,
    /// The language it would have been read as; `None` for a directory, and where that was not found out.
    pub language: Option<Language>,
    /// Whether only [`DiscoverOptions::every_text`](super::DiscoverOptions::every_text) asks for it.
    pub extra: bool,
}

impl Skipped {
    /// Something of which no more is known than its path.
    pub fn new(path: String, reason: SkipReason) -> Self {
        Skipped { path, reason, language: None, extra: false }
    }

    /// A file that was found and then not read.
    pub fn entry(entry: &FileEntry, reason: SkipReason) -> Self {
        Skipped { path: entry.path.clone(), reason, language: Some(entry.language), extra: entry.extra }
    }
}

/// Everything that was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    /// Full path of the directory that paths are relative to.
    pub root: PathBuf,
    /// The deepest directory that holds all inputs, relative to `root`.
    pub scope: PathBuf,
    /// Files to analyse, by the bytes of `path`.
    pub files: Vec<FileEntry>,
    /// Files left out, by the bytes of `path`. What ignore files, hidden names and globs rule out was never
    /// seen and is not here.
    pub skipped: Vec<Skipped>,
    /// Hidden files and directories that were not looked into.
    pub hidden: u64,
    /// Lines of ignore files that could not be understood, as sentences.
    pub warnings: Vec<String>,
}
