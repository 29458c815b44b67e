//! What to walk and what to keep.

use std::path::PathBuf;

use super::sizes::DEFAULT_MAX_BYTES;

/// What to walk and what to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoverOptions {
    /// Only files that match one of these (`.gitignore` syntax, relative to the root); all when empty.
    pub include: Vec<String>,
    /// Files and directories that are not looked at (`.gitignore` syntax, relative to the root), also where they
    /// are named.
    pub exclude: Vec<String>,
    /// Files and directories that a walk passes over, by their full paths: what the program itself makes.
    pub leave: Vec<PathBuf>,
    /// Largest file kept, in bytes; from 1 to [`MAX_BYTES_CEILING`](super::MAX_BYTES_CEILING).
    pub max_bytes: u64,
    /// Keeps files in languages without a grammar, as [`Language::Text`](super::Language::Text), rather than skipping
    /// them.
    pub all_files: bool,
    /// Looks into files and directories whose name begins with a dot.
    pub hidden: bool,
    /// Finds also what `all_files` and `hidden` would find, marked as [`FileEntry::extra`](super::FileEntry::extra).
    pub every_text: bool,
    /// Obeys `.gitignore` and `.ignore` files, `.git/info/exclude` and the file that git's `core.excludesFile`
    /// names.
    pub ignore_files: bool,
}

impl Default for DiscoverOptions {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            leave: Vec::new(),
            max_bytes: DEFAULT_MAX_BYTES,
            all_files: false,
            hidden: false,
            every_text: false,
            ignore_files: true,
        }
    }
}
