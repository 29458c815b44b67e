//! Why a file is left out.

use std::fmt;

use super::Language;

/// Why a file that was seen takes no part in analysis. Its display says what was found and what can be done about
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// Larger than the limit of the options.
    TooLarge {
        /// Size of the file, in bytes.
        bytes: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// Holds no text.
    Binary {
        /// What it is, where it begins as a known format does: `a PNG image`.
        format: Option<String>,
        /// Offset of the first byte that a text would not have there.
        offset: u64,
    },
    /// Neither name nor `#!` line tells a language that has a grammar here.
    UnknownLanguage,
    /// Not valid in the encoding that the file states, or that most of it is in.
    NotUtf8 {
        /// The encoding that was tried, as the file or its byte order mark names it.
        encoding: String,
        /// Offset of the first byte that does not fit, where it is known.
        offset: Option<u64>,
    },
    /// States an encoding that is not known here.
    UnknownEncoding {
        /// The encoding, as the file names it.
        encoding: String,
    },
    /// The system refused to read it.
    Unreadable {
        /// What the system said.
        message: String,
    },
    /// A symbolic link; links are not followed, so that no file is read twice and no walk is endless.
    Symlink,
    /// Neither a file nor a directory: a pipe, a socket or a device.
    Special,
    /// The path cannot be written as UTF-8, so no report could name it.
    NonUtf8Path,
}

impl SkipReason {
    /// The stable code of this reason, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too-large",
            Self::Binary { .. } => "binary",
            Self::UnknownLanguage => "unknown-language",
            Self::NotUtf8 { .. } => "not-utf8",
            Self::UnknownEncoding { .. } => "unknown-encoding",
            Self::Unreadable { .. } => "unreadable",
            Self::Symlink => "symlink",
            Self::Special => "special",
            Self::NonUtf8Path => "non-utf8-path",
        }
    }

    /// What a file in this language, `None` where that is not known, was withheld for: whether an analyzer that
    /// wanted it has not seen what it should have.
    ///
    /// A text that is too large or damaged, that cannot be opened or named, has not been seen. Neither has what
    /// goes by the name of a source file and is no text; but a picture is none for being called `a.ts`. Links
    /// and pipes have no text of their own, and a file of no language is one that nobody asked for.
    pub fn withholds(&self, language: Option<Language>) -> bool {
        match self {
            Self::TooLarge { .. }
            | Self::NotUtf8 { .. }
            | Self::UnknownEncoding { .. }
            | Self::Unreadable { .. }
            | Self::NonUtf8Path => true,
            Self::Binary { format, .. } => {
                format.is_none() && language.is_some_and(|language| language != Language::Text)
            }
            Self::UnknownLanguage | Self::Symlink | Self::Special => false,
        }
    }

    /// The reason for an error of reading or listing.
    pub(super) fn unreadable(error: impl fmt::Display) -> Self {
        Self::Unreadable { message: error.to_string() }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes, limit } => {
                write!(
                    f,
                    "too large: {bytes} bytes, the limit is {limit}; raise it (--max-bytes) to include the file"
                )
            }
            Self::Binary { format: Some(format), .. } => write!(f, "binary: {format}"),
            Self::Binary { format: None, offset } => write!(f, "binary: no text from byte {offset} on"),
            Self::UnknownLanguage => {
                f.write_str("unknown language: no grammar for it; read it as text with --all-files")
            }
            Self::NotUtf8 { encoding, offset: Some(offset) } => {
                write!(f, "not valid {encoding}: byte {offset} does not fit; convert it to UTF-8")
            }
            Self::NotUtf8 { encoding, offset: None } => {
                write!(f, "not valid {encoding}; convert it to UTF-8")
            }
            Self::UnknownEncoding { encoding } => {
                write!(f, "states the unknown encoding {encoding:?}; convert it to UTF-8")
            }
            Self::Unreadable { message } => write!(f, "unreadable: {message}"),
            Self::Symlink => f.write_str("a symbolic link, which is not followed; name its target instead"),
            Self::Special => f.write_str("neither a file nor a directory"),
            Self::NonUtf8Path => f.write_str("its path is not UTF-8; rename it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_one_could_have_read_is_not_withheld() {
        let format =
            |format: Option<&str>| SkipReason::Binary { format: format.map(str::to_owned), offset: 0 };
        for (reason, of_rust, of_text, of_nothing) in [
            (SkipReason::TooLarge { bytes: 2, limit: 1 }, true, true, true),
            (SkipReason::NotUtf8 { encoding: "UTF-8".into(), offset: Some(3) }, true, true, true),
            (SkipReason::UnknownEncoding { encoding: "klingon".into() }, true, true, true),
            (SkipReason::unreadable("permission denied"), true, true, true),
            (SkipReason::NonUtf8Path, true, true, true),
            (format(None), true, false, false),
            (format(Some("a PNG image")), false, false, false),
            (SkipReason::UnknownLanguage, false, false, false),
            (SkipReason::Symlink, false, false, false),
            (SkipReason::Special, false, false, false),
        ] {
            assert_eq!(reason.withholds(Some(Language::Rust)), of_rust, "{reason}");
            assert_eq!(reason.withholds(Some(Language::Text)), of_text, "{reason}");
            assert_eq!(reason.withholds(None), of_nothing, "{reason}");
        }
    }
}
