use std::fmt;

/// Why a call failed; affects only the file or call in question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The configuration is invalid: what is wrong and how to fix it.
    InvalidConfig(String),
    /// The plugin does not support this input; not a fault.
    Refused(String),
    /// The plugin failed.
    Failed(String),
    /// The host asked to stop.
    Cancelled,
}

impl Error {
    /// A failure with a message.
    pub fn failed(message: impl fmt::Display) -> Self {
        Error::Failed(message.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::InvalidConfig(message) => write!(f, "invalid configuration: {message}"),
            Error::Refused(message) => write!(f, "refused: {message}"),
            Error::Failed(message) => f.write_str(message),
            Error::Cancelled => f.write_str("cancelled"),
        }
    }
}

impl std::error::Error for Error {}
