//! Exit codes.

use std::process::ExitCode;

use codetune_core::validate::Blame;

/// The exit codes. They are part of the interface and do not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Success.
    Done = 0,
    /// `analyze --fail-on` found something.
    Findings = 1,
    /// The arguments or the input are invalid.
    Usage = 2,
    /// A plugin is unavailable, or failed as a whole. An analyzer's failure on a single file is part of the report and
    /// only counts with `analyze --fail-on`.
    Plugin = 3,
    /// A file or the database cannot be read or written, or `analyze --fail-on` could not check every file that an
    /// analyzer asked for.
    Storage = 4,
    /// A limit of the host on memory, time or output was reached.
    Limit = 5,
    /// A bug of codetune: a panic, which ends the process with this code in Rust.
    Internal = 101,
    /// Interrupted; a training run can be resumed.
    Interrupted = 130,
}

/// The codes, for `--help`.
pub const TABLE: &str = "\
Exit codes:
  0    success
  1    findings at or above --fail-on
  2    invalid arguments or input
  3    a plugin is unavailable or failed
  4    a file or the database is not accessible, or --fail-on missed a file
  5    a limit on memory, time or output was reached
  101  internal error in codetune
  130  interrupted; a training run can be resumed";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Who has to act decides the exit code.
impl From<Blame> for Exit {
    fn from(blame: Blame) -> Self {
        match blame {
            Blame::Input => Exit::Usage,
            Blame::Plugin => Exit::Plugin,
            Blame::Storage => Exit::Storage,
            Blame::Limit => Exit::Limit,
            Blame::Stopped => Exit::Interrupted,
        }
    }
}
