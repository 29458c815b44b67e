//! Which files there are to read, in an order that is always the same.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::globs::Globs;
use super::inputs::{Resolved, What};
use super::shebang::{SHEBANG_BYTES, language_of_shebang};
use super::walk::walk;
use super::{Inputs, Language, SkipReason, SourceError, binary};

/// The size above which a file is left out unless the options say otherwise: 1 MiB. What is larger is
/// nearly always generated, and parsing it takes as long as a thousand ordinary files.
pub const DEFAULT_MAX_BYTES: u64 = 1 << 20;

/// The largest size limit there is: 1 GiB. Offsets are 32 bits wide and decoding may triple a text.
pub const MAX_BYTES_CEILING: u64 = 1 << 30;

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
    /// Largest file kept, in bytes; from 1 to [`MAX_BYTES_CEILING`].
    pub max_bytes: u64,
    /// Keeps files in languages without a grammar, as [`Language::Text`], rather than skipping them.
    pub all_files: bool,
    /// Looks into files and directories whose name begins with a dot.
    pub hidden: bool,
    /// Finds also what `all_files` and `hidden` would find, marked as [`FileEntry::extra`].
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
    /// Whether only [`DiscoverOptions::every_text`] asks for it.
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
    /// Whether only [`DiscoverOptions::every_text`] asks for it.
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

/// Finds the files of a directory, or of several inputs.
///
/// Ignore files are obeyed within a directory, and above it up to the top of the repository that holds it, where
/// git's own settings count too. A file that is named itself is never ignored, hidden or not. Links are not
/// followed, except those that are named. A file that is found twice counts once.
///
/// # Errors
/// [`SourceError`] when an input is not there, or an option cannot be used.
pub fn discover(inputs: impl Into<Inputs>, options: &DiscoverOptions) -> Result<Discovery, SourceError> {
    if !(1..=MAX_BYTES_CEILING).contains(&options.max_bytes) {
        return Err(SourceError::MaxBytes { given: options.max_bytes, ceiling: MAX_BYTES_CEILING });
    }
    let globs = Arc::new(Globs::new(&options.include, &options.exclude)?);
    let Resolved { root, scope, named } = inputs.into().resolve()?;
    let mut discovery = Discovery { root, scope, ..Discovery::default() };
    for named in named {
        let (relative, absolute) = (&*named.relative, &*named.absolute);
        let size = match named.what {
            What::Folder if globs.enters_named(relative) => {
                walk(absolute, relative, options, &globs, &mut discovery)?;
                continue;
            }
            What::Folder => continue,
            _ if !globs.names(relative) => continue,
            What::Text(content) => {
                discovery.settle_text(relative, absolute, content, options);
                continue;
            }
            What::File(bytes) => Ok(bytes),
            What::Dangling => Err(SkipReason::Symlink),
        };
        discovery.settle(Seen { relative, absolute, size, hidden: false }, options);
    }
    discovery.files.sort_by(|a, b| (&a.path, a.extra).cmp(&(&b.path, b.extra)));
    discovery.files.dedup_by(|later, first| later.path == first.path);
    discovery.skipped.sort_by(|a, b| (&a.path, a.extra).cmp(&(&b.path, b.extra)));
    discovery.skipped.dedup_by(|later, first| later.path == first.path);
    discovery.warnings.sort_unstable();
    discovery.warnings.dedup();
    Ok(discovery)
}

/// A file as a walk sees it.
pub(super) struct Seen<'a> {
    pub relative: &'a Path,
    pub absolute: &'a Path,
    pub size: Result<u64, SkipReason>,
    /// Whether it, or a directory that the walk came through, is hidden and not asked for by the options.
    pub hidden: bool,
}

impl Discovery {
    /// Puts one file where it belongs.
    pub(super) fn settle(&mut self, seen: Seen<'_>, options: &DiscoverOptions) {
        let (path, exact) = slashed(seen.relative);
        let by_content = || language_of(seen.absolute);
        let read_as = match &seen.size {
            Ok(_) => named_language(&path).map_or_else(by_content, |language| Ok(Some(language))),
            Err(_) => Ok(named_language(&path)),
        };
        let found = match read_as {
            Ok(found) => found,
            Err(reason) => {
                self.skipped.push(Skipped { extra: seen.hidden, ..Skipped::new(path, reason) });
                return;
            }
        };
        let (language, extra) = match found {
            Some(language) => (language, seen.hidden),
            None if options.all_files => (Language::Text, seen.hidden),
            None => (Language::Text, true),
        };
        let kept = seen.size.and_then(|bytes| {
            if found.is_none() && extra && !options.every_text {
                return Err(SkipReason::UnknownLanguage);
            }
            if !exact {
                return Err(SkipReason::NonUtf8Path);
            }
            match bytes > options.max_bytes {
                true => Err(too_large(seen.absolute, bytes, options.max_bytes)),
                false => Ok(bytes),
            }
        });
        match kept {
            Ok(bytes) => {
                let absolute = seen.absolute.to_path_buf();
                self.files.push(FileEntry { path, absolute, content: None, bytes, language, extra });
            }
            Err(reason) => self.skipped.push(Skipped { path, reason, language: Some(language), extra }),
        }
    }

    /// The same for a text that is in no file.
    fn settle_text(
        &mut self,
        relative: &Path,
        absolute: &Path,
        content: Arc<[u8]>,
        options: &DiscoverOptions,
    ) {
        let (path, _) = slashed(relative);
        let language = named_language(&path).or_else(|| language_of_shebang(&content));
        let extra = language.is_none() && !options.all_files;
        let (language, bytes) = (language.unwrap_or(Language::Text), content.len() as u64);
        let entry = FileEntry {
            path,
            absolute: absolute.to_path_buf(),
            content: Some(content),
            bytes,
            language,
            extra,
        };
        let reason = match () {
            () if extra && !options.every_text => Some(SkipReason::UnknownLanguage),
            () if bytes > options.max_bytes => Some(SkipReason::TooLarge { bytes, limit: options.max_bytes }),
            () => None,
        };
        match reason {
            Some(reason) => self.skipped.push(Skipped::entry(&entry, reason)),
            None => self.files.push(entry),
        }
    }
}

/// By the name alone. Bytes that are not UTF-8 were escaped, which leaves an extension as it was.
fn named_language(path: &str) -> Option<Language> {
    Language::of_name(Path::new(path))
}

/// What is too large may still be a picture, which no limit would make a text.
fn too_large(absolute: &Path, bytes: u64, limit: u64) -> SkipReason {
    let told = SkipReason::TooLarge { bytes, limit };
    head(absolute, binary::SAMPLE).ok().and_then(|head| binary::judge(&head)).unwrap_or(told)
}

/// The language by its `#!` line, which only files without an extension are opened for.
fn language_of(absolute: &Path) -> Result<Option<Language>, SkipReason> {
    if absolute.extension().is_some() {
        return Ok(None);
    }
    Ok(language_of_shebang(&head(absolute, SHEBANG_BYTES)?))
}

/// The first bytes of a file.
fn head(absolute: &Path, most: usize) -> Result<Vec<u8>, SkipReason> {
    let mut head = Vec::with_capacity(most);
    codetune_files::open(absolute)
        .and_then(|file| file.take(most as u64).read_to_end(&mut head))
        .map_err(SkipReason::unreadable)?;
    Ok(head)
}

/// A path with `/` between its parts, and whether every part was UTF-8.
pub(super) fn slashed(path: &Path) -> (String, bool) {
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

#[cfg(test)]
mod tests;
