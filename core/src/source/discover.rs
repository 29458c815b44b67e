//! The walk over a directory, in an order that is always the same.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::{DirEntry, WalkBuilder};
use serde::{Deserialize, Serialize};

use super::globs::Globs;
use super::shebang::{SHEBANG_BYTES, language_of_shebang};
use super::{Language, SkipReason, SourceError};

/// The size above which a file is left out unless the options say otherwise: 1 MiB. What is larger is
/// nearly always generated, and parsing it takes as long as a thousand ordinary files.
pub const DEFAULT_MAX_BYTES: u64 = 1 << 20;

/// The largest size limit there is: 1 GiB. Offsets are 32 bits wide and decoding may triple a text.
pub const MAX_BYTES_CEILING: u64 = 1 << 30;

/// What to walk and what to keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DiscoverOptions {
    /// Only files that match one of these (`.gitignore` syntax, relative to the root); all when empty.
    pub include: Vec<String>,
    /// Files and directories that are not looked at (`.gitignore` syntax, relative to the root).
    pub exclude: Vec<String>,
    /// Largest file kept, in bytes; from 1 to [`MAX_BYTES_CEILING`].
    pub max_bytes: u64,
    /// Keeps files in languages without a grammar, as [`Language::Text`], rather than skipping them.
    pub all_files: bool,
    /// Looks into files and directories whose name begins with a dot.
    pub hidden: bool,
    /// Obeys `.gitignore` and `.ignore` files.
    pub ignore_files: bool,
}

impl Default for DiscoverOptions {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            max_bytes: DEFAULT_MAX_BYTES,
            all_files: false,
            hidden: false,
            ignore_files: true,
        }
    }
}

/// A file that is to be analysed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    /// Path relative to the root, with `/` between its parts; the file's name when the root is the file.
    pub path: String,
    /// Full path by which the file is opened.
    pub absolute: PathBuf,
    /// Size when it was seen, in bytes.
    pub bytes: u64,
    /// Language by name or `#!` line; [`load`](super::load) settles whether a `.h` file is C++.
    pub language: Language,
}

/// A file that was seen and left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Path relative to the root, with `/` between its parts; bytes that are not UTF-8 are escaped as `\xNN`.
    pub path: String,
    /// Why.
    pub reason: SkipReason,
}

/// Everything that a walk saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    /// Files to analyse, by the bytes of `path`.
    pub files: Vec<FileEntry>,
    /// Files left out, by the bytes of `path`. What ignore files, hidden names and globs rule out was never
    /// seen and is not here.
    pub skipped: Vec<Skipped>,
    /// Lines of ignore files that could not be understood, as sentences.
    pub warnings: Vec<String>,
}

/// Walks `root`, a directory or a single file.
///
/// `.gitignore` is obeyed within the root, and above it up to the top of the repository that holds it; a
/// machine's or user's own git settings are not, so that a tree gives the same files everywhere. A file
/// named as the root itself is never ignored. Links are not followed.
///
/// # Errors
/// [`SourceError`] when the root is not there, or an option cannot be used.
pub fn discover(root: &Path, options: &DiscoverOptions) -> Result<Discovery, SourceError> {
    if !(1..=MAX_BYTES_CEILING).contains(&options.max_bytes) {
        return Err(SourceError::MaxBytes { given: options.max_bytes, ceiling: MAX_BYTES_CEILING });
    }
    let globs = Globs::new(&options.include, &options.exclude)?;
    let metadata =
        fs::metadata(root).map_err(|source| SourceError::Root { path: root.to_path_buf(), source })?;
    let mut discovery = Discovery::default();
    if metadata.is_file() {
        let absolute = std::path::absolute(root)
            .map_err(|source| SourceError::Root { path: root.to_path_buf(), source })?;
        let name = root.file_name().map_or(root, Path::new);
        discovery.settle(name, &absolute, Ok(metadata.len()), options);
    } else if metadata.is_dir() {
        walk(root, options, globs, &mut discovery)?;
    } else {
        return Err(SourceError::RootKind { path: root.to_path_buf() });
    }
    discovery.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    discovery.skipped.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    discovery.warnings.sort_unstable();
    discovery.warnings.dedup();
    Ok(discovery)
}

fn walk(
    root: &Path,
    options: &DiscoverOptions,
    globs: Globs,
    discovery: &mut Discovery,
) -> Result<(), SourceError> {
    let unreadable = |source| SourceError::Root { path: root.to_path_buf(), source };
    // The ignore crate walks a root that is a link only as a link, and finds parents only of full paths.
    let full = root.canonicalize().map_err(unreadable)?;
    fs::read_dir(&full).map_err(unreadable)?;
    let in_repository = full.ancestors().any(|directory| directory.join(".git").exists());
    let globs = Arc::new(globs);
    let (filter_root, filter_globs) = (full.clone(), globs.clone());
    let walker = WalkBuilder::new(&full)
        .follow_links(false)
        .hidden(!options.hidden)
        .ignore(options.ignore_files)
        .git_ignore(options.ignore_files)
        .git_exclude(false)
        .git_global(false)
        // In a repository the search for .gitignore ends at its top; elsewhere it does not leave the root.
        .require_git(in_repository)
        .parents(options.ignore_files && in_repository)
        .filter_entry(move |entry| {
            let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
            // A hidden walk still has no business in git's own store.
            if is_directory && entry.file_name() == ".git" && entry.depth() > 0 {
                return false;
            }
            match entry.path().strip_prefix(&filter_root) {
                Ok(relative) if entry.depth() > 0 => filter_globs.enters(relative, is_directory),
                _ => true,
            }
        })
        .build();
    for entry in walker {
        match entry {
            Ok(entry) => {
                if let Some(error) = entry.error() {
                    discovery.warnings.push(error.to_string());
                }
                let Ok(relative) = entry.path().strip_prefix(&full) else { continue };
                let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
                if !is_directory && globs.includes(relative) {
                    discovery.settle(relative, entry.path(), size(&entry), options);
                }
            }
            Err(error) => {
                let path = path_of(&error).and_then(|path| path.strip_prefix(&full).ok());
                let (path, _) = slashed(path.unwrap_or(Path::new(".")));
                discovery.skipped.push(Skipped { path, reason: SkipReason::unreadable(error) });
            }
        }
    }
    Ok(())
}

impl Discovery {
    /// Puts one file where it belongs.
    fn settle(
        &mut self,
        relative: &Path,
        absolute: &Path,
        size: Result<u64, SkipReason>,
        options: &DiscoverOptions,
    ) {
        let (path, exact) = slashed(relative);
        let kept = size.and_then(|bytes| {
            if !exact {
                return Err(SkipReason::NonUtf8Path);
            }
            let language = match language_of(relative, absolute)? {
                Some(language) => language,
                None if options.all_files => Language::Text,
                None => return Err(SkipReason::UnknownLanguage),
            };
            if bytes > options.max_bytes {
                return Err(SkipReason::TooLarge { bytes, limit: options.max_bytes });
            }
            Ok((bytes, language))
        });
        match kept {
            Ok((bytes, language)) => {
                self.files.push(FileEntry { path, absolute: absolute.to_path_buf(), bytes, language });
            }
            Err(reason) => self.skipped.push(Skipped { path, reason }),
        }
    }
}

fn size(entry: &DirEntry) -> Result<u64, SkipReason> {
    match entry.file_type() {
        Some(kind) if kind.is_symlink() => Err(SkipReason::Symlink),
        Some(kind) if kind.is_file() => {
            entry.metadata().map(|metadata| metadata.len()).map_err(SkipReason::unreadable)
        }
        _ => Err(SkipReason::Special),
    }
}

/// The language by name; only files without an extension are opened, to look for a `#!` line.
fn language_of(relative: &Path, absolute: &Path) -> Result<Option<Language>, SkipReason> {
    let by_name = Language::of_name(relative);
    if by_name.is_some() || relative.extension().is_some() {
        return Ok(by_name);
    }
    let mut head = Vec::with_capacity(SHEBANG_BYTES);
    super::load::open(absolute)
        .and_then(|file| file.take(SHEBANG_BYTES as u64).read_to_end(&mut head))
        .map_err(SkipReason::unreadable)?;
    Ok(language_of_shebang(&head))
}

/// A path with `/` between its parts, and whether every part was UTF-8.
fn slashed(path: &Path) -> (String, bool) {
    let mut text = String::with_capacity(path.as_os_str().len());
    let mut exact = true;
    for part in path.components() {
        if !text.is_empty() {
            text.push('/');
        }
        match part.as_os_str().to_str() {
            Some(part) => text.push_str(part),
            None => {
                exact = false;
                text.push_str(&part.as_os_str().as_encoded_bytes().escape_ascii().to_string());
            }
        }
    }
    (text, exact)
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::Loop { child, .. } => Some(child),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Partial(errors) => errors.iter().find_map(path_of),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
