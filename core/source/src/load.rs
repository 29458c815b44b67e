//! Reading a discovered file.

use std::io::Read;

use super::discovery::FileEntry;
use super::file::SourceFile;
use super::options::DiscoverOptions;
use super::sizes::MAX_BYTES_CEILING;
use super::skip::SkipReason;

/// Reads and decodes a file.
///
/// # Errors
/// The reason to leave it out: it cannot be read, it has grown above the size limit since it was seen, it is
/// binary, or it is not valid in its encoding.
pub fn load(entry: &FileEntry, options: &DiscoverOptions) -> Result<SourceFile, SkipReason> {
    if let Some(content) = &entry.content {
        return SourceFile::from_bytes(&entry.path, entry.language, content);
    }
    let limit = options.max_bytes.min(MAX_BYTES_CEILING);
    let file = codetune_files::open(&entry.absolute).map_err(SkipReason::unreadable)?;
    let mut bytes = Vec::with_capacity(entry.bytes.min(limit) as usize + 1);
    // One byte more than the limit tells a file that has grown from one that just fits.
    (&file).take(limit + 1).read_to_end(&mut bytes).map_err(SkipReason::unreadable)?;
    if bytes.len() as u64 > limit {
        let bytes = file.metadata().map_or(bytes.len() as u64, |metadata| metadata.len());
        return Err(SkipReason::TooLarge { bytes, limit });
    }
    SourceFile::from_bytes(&entry.path, entry.language, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Language, discover};

    fn only_file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, FileEntry) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), bytes).unwrap();
        let found = discover(folder.path(), &DiscoverOptions::default()).unwrap();
        (folder, found.files.into_iter().next().unwrap())
    }

    #[test]
    fn a_latin_1_python_file_loads_exactly() {
        let (_folder, entry) = only_file("a.py", b"# coding: latin-1\nname = '\xe9t\xe9'\n");
        let file = load(&entry, &DiscoverOptions::default()).unwrap();
        assert_eq!(file.lines().line(2), Some("name = 'été'"));
        assert_eq!(file.encoding(), "latin-1");
        let strings = file.query("(string) @s").unwrap();
        let span = strings.items[0].start as usize..strings.items[0].end as usize;
        assert_eq!(&file.text()[span], "'été'");
    }

    #[test]
    fn binary_and_damaged_files_are_refused() {
        let (_folder, entry) = only_file("a.py", b"\x7fELF\0\0\0\0");
        let reason = load(&entry, &DiscoverOptions::default()).unwrap_err();
        assert_eq!(reason.code(), "binary");
        let (_folder, entry) = only_file("a.rs", b"// \xc3\xa9 \xe9\n");
        let reason = load(&entry, &DiscoverOptions::default()).unwrap_err();
        assert_eq!(reason.code(), "not-utf8");
    }

    #[test]
    fn a_file_that_grew_since_it_was_seen_is_refused() {
        let (_folder, entry) = only_file("a.c", b"int x;\n");
        let options = DiscoverOptions { max_bytes: 7, ..DiscoverOptions::default() };
        assert!(load(&entry, &options).is_ok());
        std::fs::write(&entry.absolute, b"int xy;\n").unwrap();
        assert_eq!(load(&entry, &options).unwrap_err(), SkipReason::TooLarge { bytes: 8, limit: 7 });
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_became_a_pipe_is_unreadable_and_not_waited_for() {
        let (_folder, entry) = only_file("a.go", b"package p\n");
        std::fs::remove_file(&entry.absolute).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&entry.absolute).status().unwrap().success());
        let reason = load(&entry, &DiscoverOptions::default()).unwrap_err();
        assert!(
            reason.code() == "unreadable" && reason.to_string().contains("not a regular file"),
            "{reason}"
        );
    }

    #[test]
    fn a_file_that_went_away_is_unreadable() {
        let (_folder, entry) = only_file("a.go", b"package p\n");
        std::fs::remove_file(&entry.absolute).unwrap();
        assert_eq!(load(&entry, &DiscoverOptions::default()).unwrap_err().code(), "unreadable");
        assert_eq!(entry.language, Language::Go);
    }
}
