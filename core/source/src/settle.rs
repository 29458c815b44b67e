//! Decides whether to read or skip a file.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use codetune_files::open;

use super::binary;
use super::discovery::{Discovery, FileEntry, Skipped};
use super::language::Language;
use super::options::DiscoverOptions;
use super::shebang::{SHEBANG_BYTES, language_of_shebang};
use super::skip::SkipReason;
use super::slashed::slashed;

/// A file found by a walk.
pub(super) struct Seen<'a> {
    pub relative: &'a Path,
    pub absolute: &'a Path,
    pub size: Result<u64, SkipReason>,
    /// Whether it or a parent directory is hidden and not selected by the options.
    pub hidden: bool,
}

impl Discovery {
    /// Adds a file to the files to read or to skip.
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

    /// As above, for content that is not in a file.
    pub(super) fn settle_text(
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

/// The language by file name. Escaped bytes do not affect the extension.
fn named_language(path: &str) -> Option<Language> {
    Language::of_name(Path::new(path))
}

/// A file above the size limit may still be a known binary format, which would be skipped anyway.
fn too_large(absolute: &Path, bytes: u64, limit: u64) -> SkipReason {
    let told = SkipReason::TooLarge { bytes, limit };
    head(absolute, binary::SAMPLE).ok().and_then(|head| binary::judge(&head)).unwrap_or(told)
}

/// The language by `#!` line; only files without an extension are opened for this.
fn language_of(absolute: &Path) -> Result<Option<Language>, SkipReason> {
    if absolute.extension().is_some() {
        return Ok(None);
    }
    Ok(language_of_shebang(&head(absolute, SHEBANG_BYTES)?))
}

/// The first bytes of a file.
fn head(absolute: &Path, most: usize) -> Result<Vec<u8>, SkipReason> {
    let mut head = Vec::with_capacity(most);
    open(absolute)
        .and_then(|file| file.take(most as u64).read_to_end(&mut head))
        .map_err(SkipReason::unreadable)?;
    Ok(head)
}
