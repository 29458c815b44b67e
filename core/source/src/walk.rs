//! The walk over a directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder};

use super::discovery::{Discovery, Skipped};
use super::globs::Globs;
use super::ignore_files::{Unreadable, unreadable, unreadable_in};
use super::options::DiscoverOptions;
use super::repository::{excludes_file, repository_of};
use super::settle::Seen;
use super::skip::SkipReason;
use super::slashed::slashed;
use super::source_error::SourceError;

/// Version control directories, which contain history instead of source files.
const STORES: [&str; 5] = [".git", ".hg", ".svn", ".jj", ".bzr"];

/// Adds the files below `folder`; `relative` is its path below the root.
pub(super) fn walk(
    folder: &Path,
    relative: &Path,
    options: &DiscoverOptions,
    globs: &Arc<Globs>,
    discovery: &mut Discovery,
) -> Result<(), SourceError> {
    let unreadable = |source| SourceError::Root { path: folder.to_path_buf(), source };
    // The ignore crate does not follow a root that is a link, and only finds parents of absolute paths.
    let full = folder.canonicalize().map_err(unreadable)?;
    fs::read_dir(&full).map_err(unreadable)?;
    let mut builder = builder(&full, options, discovery)?;
    let hidden = Arc::new(AtomicU64::new(0));
    let closed = Arc::new(Mutex::new(Vec::new()));
    let gate = Gate {
        full: full.clone(),
        prefix: relative.to_owned(),
        globs: Arc::clone(globs),
        hidden_too: options.hidden || options.every_text,
        hidden: Arc::clone(&hidden),
        ignore_files: options.ignore_files,
        closed: Arc::clone(&closed),
        leave: options.leave.iter().map(|folder| folder.canonicalize().unwrap_or(folder.clone())).collect(),
    };
    for entry in builder.filter_entry(move |entry| gate.opens(entry)).build() {
        match entry {
            Ok(entry) => {
                if let Some(error) = entry.error() {
                    discovery.warnings.push(error.to_string());
                }
                let Ok(inside) = entry.path().strip_prefix(&full) else { continue };
                let path = relative.join(inside);
                let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
                if !is_directory && globs.includes(&path) {
                    let hidden =
                        !options.hidden && inside.components().any(|part| is_hidden(part.as_os_str()));
                    let seen = Seen { relative: &path, absolute: entry.path(), size: size(&entry), hidden };
                    discovery.settle(seen, options);
                }
            }
            Err(error) => {
                let inside = path_of(&error).and_then(|path| path.strip_prefix(&full).ok());
                let (path, _) =
                    slashed(&inside.map_or_else(|| relative.to_owned(), |path| relative.join(path)));
                let path = if path.is_empty() { ".".to_owned() } else { path };
                discovery.skipped.push(Skipped::new(path, SkipReason::unreadable(error)));
            }
        }
    }
    discovery.hidden += hidden.load(Ordering::Relaxed);
    for (inside, why) in closed.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let (path, _) = slashed(&relative.join(inside));
        discovery.skipped.push(Skipped::new(path, SkipReason::unreadable(why)));
    }
    Ok(())
}

/// Prepares a walk, for which no ignore file at or above its root may be one that must not be read.
fn builder(
    full: &Path,
    options: &DiscoverOptions,
    discovery: &mut Discovery,
) -> Result<WalkBuilder, SourceError> {
    let repository = repository_of(full);
    let obey = options.ignore_files;
    let own = repository.as_deref().filter(|_| obey).and_then(excludes_file);
    if obey {
        let mut above = full.ancestors().take(if repository.is_some() { usize::MAX } else { 1 });
        let found = above.find_map(unreadable_in).or_else(|| own.clone().and_then(unreadable));
        if let Some(found) = found {
            return Err(SourceError::IgnoreFile(found.to_string()));
        }
    }
    let mut builder = WalkBuilder::new(full);
    builder
        .follow_links(false)
        // The filter sees names, and counts what it skips.
        .hidden(false)
        .ignore(obey)
        .git_ignore(obey)
        .git_exclude(obey && repository.is_some())
        .git_global(obey && repository.is_some() && own.is_none())
        // In a repository, the search for .gitignore ends at its root; elsewhere at the root of the walk.
        .require_git(repository.is_some())
        .parents(obey && repository.is_some());
    if let (Some(file), Some(top)) = (own, &repository)
        && file.exists()
    {
        builder.current_dir(top);
        discovery.warnings.extend(builder.add_ignore(file).map(|error| error.to_string()));
    }
    Ok(builder)
}

/// What determines where a walk goes.
struct Gate {
    full: PathBuf,
    prefix: PathBuf,
    globs: Arc<Globs>,
    hidden_too: bool,
    hidden: Arc<AtomicU64>,
    ignore_files: bool,
    /// Folders that are not entered because of an ignore file in them, by their paths below the root.
    closed: Arc<Mutex<Vec<(PathBuf, Unreadable)>>>,
    leave: Vec<PathBuf>,
}

impl Gate {
    fn opens(&self, entry: &DirEntry) -> bool {
        if entry.depth() == 0 {
            return true;
        }
        let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
        let name = entry.file_name();
        if is_directory && STORES.iter().any(|store| name == *store) {
            return false;
        }
        if self.leave.iter().any(|folder| entry.path() == folder) {
            return false;
        }
        let Ok(inside) = entry.path().strip_prefix(&self.full) else { return true };
        if !self.globs.enters(&self.prefix.join(inside), is_directory) {
            return false;
        }
        if is_hidden(name) && !self.hidden_too {
            self.hidden.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        if is_directory
            && self.ignore_files
            && let Some(found) = unreadable_in(entry.path())
        {
            self.closed.lock().unwrap_or_else(PoisonError::into_inner).push((inside.to_owned(), found));
            return false;
        }
        true
    }
}

fn is_hidden(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().first() == Some(&b'.')
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

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::Loop { child, .. } => Some(child),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Partial(errors) => errors.iter().find_map(path_of),
        _ => None,
    }
}
