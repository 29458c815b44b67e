//! Locations of a store.

use std::{fmt, path::PathBuf};

use codetune_redact::{escape_control, redact_url};

use super::error::StoreError;

/// The location of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Location {
    /// In memory, dropped with the handle.
    Memory,
    /// A file.
    File(PathBuf),
}

impl Location {
    /// Parses a path, `sqlite:path`, `sqlite://path` or `:memory:`.
    pub(super) fn parse(given: &str) -> Result<Self, StoreError> {
        let path = match scheme(given) {
            None => given,
            Some(("sqlite", rest)) => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                // Options would be silently ignored: the store sets everything it needs.
                if path.contains('?') {
                    return Err(StoreError::Location {
                        given: redact_url(given),
                        reason: "options after ? are not taken",
                        help: Some("give the path alone"),
                    });
                }
                path
            }
            Some((scheme, _)) => {
                return Err(StoreError::UnsupportedScheme {
                    scheme: escape_control(scheme).into_owned(),
                    url: redact_url(given),
                });
            }
        };
        let refuse = |reason, help| Err(StoreError::Location { given: redact_url(given), reason, help });
        match path {
            ":memory:" => Ok(Self::Memory),
            "" => refuse("it is empty", Some("give the path of a database file")),
            path if path.contains(char::is_control) => refuse("it contains a control character", None),
            // SQLite would parse this as a URI with options.
            path if path.starts_with("file:") => {
                refuse("file: URIs are not taken", Some("give the path alone"))
            }
            path => Ok(Self::File(PathBuf::from(path))),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("in-memory database"),
            Self::File(path) => f.write_str(&escape_control(&path.display().to_string())),
        }
    }
}

/// Schemes that are recognized without `//`, so that `postgres:x` is not a file name.
const DATABASE_SCHEMES: [&str; 7] =
    ["sqlite", "postgres", "postgresql", "mysql", "mariadb", "mssql", "sqlserver"];

fn scheme(given: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = given.split_once(':')?;
    let url = rest.starts_with("//") && !scheme.is_empty() && !scheme.contains(['/', '\\']);
    (url || DATABASE_SCHEMES.contains(&scheme)).then_some((scheme, rest))
}
