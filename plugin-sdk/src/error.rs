use std::fmt;

/// Why a plugin's call failed; it costs only the file or the call it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The configuration cannot be used: what is wrong and what to write instead.
    InvalidConfig(String),
    /// The plugin will not handle this input, and that is not a fault.
    Refused(String),
    /// The plugin tried and failed.
    Failed(String),
    /// The host asked to stop.
    Cancelled,
}

impl Error {
    /// A failure with this message.
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
