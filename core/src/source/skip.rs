//! Why a file is left out.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a file that was seen takes no part in analysis.
///
/// It serialises as an object whose `code` is [`SkipReason::code`]; its display says what was found and what
/// can be done about it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum SkipReason {
    /// Larger than the limit of the options.
    TooLarge {
        /// Size of the file, in bytes.
        bytes: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// Contains a NUL, which no text does.
    Binary {
        /// Offset of the first NUL, in bytes.
        offset: u64,
    },
    /// Neither name nor `#!` line tells a language that has a grammar here.
    UnknownLanguage,
    /// Not valid in the encoding that the file states, or in UTF-8 when it states none.
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
            Self::Binary { offset } => write!(f, "binary: a NUL at byte {offset}"),
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
    fn serialised_code_is_the_code() {
        for reason in [
            SkipReason::TooLarge { bytes: 2, limit: 1 },
            SkipReason::Binary { offset: 0 },
            SkipReason::UnknownLanguage,
            SkipReason::NotUtf8 { encoding: "UTF-8".into(), offset: Some(3) },
            SkipReason::UnknownEncoding { encoding: "klingon".into() },
            SkipReason::unreadable("permission denied"),
            SkipReason::Symlink,
            SkipReason::Special,
            SkipReason::NonUtf8Path,
        ] {
            let json = serde_json::to_value(&reason).unwrap();
            assert_eq!(json["code"], reason.code());
            assert_eq!(serde_json::from_value::<SkipReason>(json).unwrap(), reason);
        }
    }
}
