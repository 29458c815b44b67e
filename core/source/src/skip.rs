//! Why files are skipped.

use std::fmt;

use super::language::Language;

/// Why a file is skipped. The display text includes a remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// Larger than the limit.
    TooLarge {
        /// Size of the file, in bytes.
        bytes: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// Not text.
    Binary {
        /// Its format, if it is known: `a PNG image`.
        format: Option<String>,
        /// Offset of the first byte that is not text.
        offset: u64,
    },
    /// Neither the name nor a `#!` line identifies a supported language.
    UnknownLanguage,
    /// Invalid in the declared or detected encoding.
    NotUtf8 {
        /// The encoding.
        encoding: String,
        /// Offset of the first invalid byte, if known.
        offset: Option<u64>,
    },
    /// Declares an unknown encoding.
    UnknownEncoding {
        /// The declared name.
        encoding: String,
    },
    /// Cannot be read.
    Unreadable {
        /// The error of the operating system.
        message: String,
    },
    /// A symbolic link; links are not followed, to avoid duplicates and cycles.
    Symlink,
    /// Neither a file nor a directory: a pipe, a socket or a device.
    Special,
    /// The path is not UTF-8, so no report could name it.
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

    /// Whether a file in this language, `None` if unknown, is *unread*: an analyzer asked for it and did not get it.
    ///
    /// Texts that are too large, invalid, unreadable or cannot be named are unread. So are binary files named like
    /// source code, in no known format; an image called `a.ts` is not. Links and pipes have no text of their own, and
    /// files in unknown languages were not requested.
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

    /// The reason for an error while reading or listing.
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
            Self::Binary { format: None, offset } => write!(f, "binary: not text from byte {offset}"),
            Self::UnknownLanguage => f.write_str("unknown language; read it as text with --all-files"),
            Self::NotUtf8 { encoding, offset: Some(offset) } => {
                write!(f, "invalid {encoding} at byte {offset}; convert the file to UTF-8")
            }
            Self::NotUtf8 { encoding, offset: None } => {
                write!(f, "invalid {encoding}; convert the file to UTF-8")
            }
            Self::UnknownEncoding { encoding } => {
                write!(f, "unknown encoding {encoding:?}; convert the file to UTF-8")
            }
            Self::Unreadable { message } => write!(f, "unreadable: {message}"),
            Self::Symlink => f.write_str("symbolic link; specify its target instead"),
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
