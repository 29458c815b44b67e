use std::{fmt, io, path::PathBuf};

use codetune_validate::{Blame, SettingError, Violation};

/// Why a run file was refused.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum RunFileError {
    /// The file cannot be read.
    #[error("run file {}: {source}", path.display())]
    #[diagnostic(code(train::run_file::read), help("give the path of a TOML run file"))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no TOML.
    #[error("{place}: not valid TOML: {message}")]
    #[diagnostic(code(train::run_file::syntax))]
    Syntax {
        /// Where.
        place: FilePosition,
        /// What is wrong.
        message: String,
    },
    /// A setting that takes precedence over the file contradicts it.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Setting(SettingError),
    /// A key that nobody reads.
    #[error("{place}: {key}: unknown key{}", hint(nearest, *reason))]
    #[diagnostic(code(train::run_file::unknown_key), help("known keys: {known}"))]
    UnknownKey {
        /// Where.
        place: FilePosition,
        /// The key with its full dotted path.
        key: String,
        /// The known key that was meant, with its full dotted path.
        nearest: Option<String>,
        /// Why there is no such key, where other tools have one.
        reason: Option<&'static str>,
        /// The keys known at that place.
        known: Box<str>,
    },
    /// A value out of bounds or of another type; the field is the full dotted path.
    #[error("{place}: {violation}")]
    #[diagnostic(forward(violation))]
    Value {
        /// Where.
        place: FilePosition,
        /// The field, its value and the rule.
        violation: Violation,
    },
    /// A path that no record of the run could name.
    #[error("{place}: {key}: {path:?} is not Unicode")]
    #[diagnostic(
        code(train::run_file::not_unicode),
        help("rename that folder, or move the run file out of it and write an absolute path")
    )]
    NotUnicode {
        /// Where.
        place: FilePosition,
        /// The key with its full dotted path.
        key: String,
        /// The whole path.
        path: PathBuf,
    },
    /// A path from the home folder as shells have it.
    #[error("{place}: {key}: {path:?} starts with ~, which only a shell expands")]
    #[diagnostic(code(train::run_file::home), help("write the whole path"))]
    Home {
        /// Where.
        place: FilePosition,
        /// The key with its full dotted path.
        key: String,
        /// The path.
        path: String,
    },
    /// A key that has to be given.
    #[error("{place}: {key}: missing")]
    #[diagnostic(code(train::run_file::missing), help("{remedy}"))]
    Missing {
        /// Where it should stand.
        place: FilePosition,
        /// The key with its full dotted path.
        key: &'static str,
        /// What to write.
        remedy: &'static str,
    },
    /// Two keys that exclude each other.
    #[error("{place}: {key} and {other} exclude each other")]
    #[diagnostic(code(train::run_file::conflict), help("{remedy}"))]
    Conflict {
        /// Where the first stands.
        place: FilePosition,
        /// The first key.
        key: &'static str,
        /// The other key.
        other: &'static str,
        /// What to write.
        remedy: &'static str,
    },
}

/// The position of an error, borrowed as the error is.
macro_rules! position {
    ($error:expr) => {
        match $error {
            RunFileError::Read { .. } | RunFileError::Setting(_) => None,
            RunFileError::Syntax { place, .. }
            | RunFileError::UnknownKey { place, .. }
            | RunFileError::Value { place, .. }
            | RunFileError::NotUnicode { place, .. }
            | RunFileError::Home { place, .. }
            | RunFileError::Missing { place, .. }
            | RunFileError::Conflict { place, .. } => Some(place),
        }
    };
}

impl RunFileError {
    /// Who has to act.
    pub fn blame(&self) -> Blame {
        Blame::Input
    }

    /// Where in the file, unless it cannot be read or a setting is the cause.
    pub fn place(&self) -> Option<&FilePosition> {
        self.position().filter(|place| place.line > 0)
    }

    /// The error of a file with settings: that of the file alone if it is the same, and otherwise without a position,
    /// which would be one in a text that nobody wrote.
    pub(super) fn with_settings(mut self, of_file: Option<Self>) -> Self {
        let own = self.position().cloned();
        if let Some(of_file) = of_file {
            // The same at the same place is the same.
            if let (Some(place), Some(there)) = (self.position_mut(), of_file.position()) {
                place.clone_from(there);
            }
            if of_file.to_string() == self.to_string() {
                return of_file;
            }
        }
        if let (Some(place), Some(own)) = (self.position_mut(), own) {
            *place = FilePosition { line: 0, ..own };
        }
        self
    }

    fn position_mut(&mut self) -> Option<&mut FilePosition> {
        position!(self)
    }

    fn position(&self) -> Option<&FilePosition> {
        position!(self)
    }
}

/// A place in a run file; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePosition {
    /// The file as it was named.
    pub file: String,
    /// The line; 0 if the position is unknown.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl fmt::Display for FilePosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}:{}", self.file, self.column),
        }
    }
}

impl FilePosition {
    pub(super) fn of(file: &str, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).map_or(0, |line| line.chars().count()) + 1,
        }
    }
}

fn hint(nearest: &Option<String>, reason: Option<&str>) -> String {
    match (nearest, reason) {
        (Some(key), _) => format!("; did you mean {key}?"),
        (None, Some(reason)) => format!(": {reason}"),
        (None, None) => String::new(),
    }
}
