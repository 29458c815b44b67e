//! The status and outcome of runs.

use std::fmt;

/// The status of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunStatus {
    /// Its process is working on it, or died without recording the end.
    Running,
    /// It finished.
    Completed,
    /// It was stopped and can be resumed.
    Interrupted,
    /// It failed.
    Failed,
}

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunOutcome {
    /// It finished.
    Completed,
    /// It was stopped and can be resumed.
    Interrupted,
    /// It failed with this error. Escape foreign text with [`escape_control`](codetune_redact::escape_control): control
    /// characters are rejected.
    Failed(String),
}

impl RunStatus {
    /// The status in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }

    /// Parses a status.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Running, Self::Completed, Self::Interrupted, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl RunOutcome {
    /// The status after this outcome.
    pub fn status(&self) -> RunStatus {
        match self {
            Self::Completed => RunStatus::Completed,
            Self::Interrupted => RunStatus::Interrupted,
            Self::Failed(_) => RunStatus::Failed,
        }
    }
}
