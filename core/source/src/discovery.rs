//! Discovered and skipped files.

use std::path::PathBuf;
use std::sync::Arc;

use super::language::Language;
use super::skip::SkipReason;

/// A file to analyze.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    /// Path relative to the root, separated by `/`.
    pub path: String,
    /// Absolute path.
    pub absolute: PathBuf,
    /// Its content, if it was passed in; the file is then not opened.
    pub content: Option<Arc<[u8]>>,
    /// Size in bytes when it was discovered.
    pub bytes: u64,
    /// Language by name or `#!` line; [`load`](super::load) decides whether a `.h` file is C++.
    pub language: Language,
    /// Whether it is only read because of [`DiscoverOptions::every_text`](super::DiscoverOptions::every_text).
    pub extra: bool,
}

/// A skipped file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Path relative to the root, separated by `/`; bytes that are not UTF-8 are escaped as `\xNN`.
    pub path: String,
    /// The reason.
    pub reason: SkipReason,
    /// The language of the file; `None` for directories and if it is unknown.
    pub language: Option<Language>,
    /// Whether it would only have been read because of
    /// [`DiscoverOptions::every_text`](super::DiscoverOptions::every_text).
    pub extra: bool,
}

impl Skipped {
    /// A file of which only the path is known.
    pub fn new(path: String, reason: SkipReason) -> Self {
        Skipped { path, reason, language: None, extra: false }
    }

    /// A discovered file that could not be read.
    pub fn entry(entry: &FileEntry, reason: SkipReason) -> Self {
        Skipped { path: entry.path.clone(), reason, language: Some(entry.language), extra: entry.extra }
    }
}

/// The result of discovery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    /// The absolute path of the directory that paths are relative to.
    pub root: PathBuf,
    /// The deepest directory that contains all inputs, relative to `root`.
    pub scope: PathBuf,
    /// Files to analyze, sorted by the bytes of `path`.
    pub files: Vec<FileEntry>,
    /// Skipped files, sorted by the bytes of `path`. Files excluded by ignore files, hidden names or globs are not
    /// listed.
    pub skipped: Vec<Skipped>,
    /// Number of hidden files and directories that were skipped.
    pub hidden: u64,
    /// Warnings about invalid lines in ignore files.
    pub warnings: Vec<String>,
}
