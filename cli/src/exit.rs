//! How the program ends.

use std::process::ExitCode;

/// What the exit code says. The numbers are part of the interface and do not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did what was asked.
    Done = 0,
    /// `analyze --fail-on` found something.
    Findings = 1,
    /// The arguments or the input are wrong.
    Usage = 2,
    /// A plugin is not available, or failed so that there is no answer. A file that an analyzer fails on is part of the
    /// answer, but `analyze --fail-on` wants one for every file.
    Plugin = 3,
    /// Files or the database cannot be read or written, or `analyze --fail-on` has not seen every file that an
    /// analyzer wanted.
    Storage = 4,
    /// It was interrupted; a training run can be resumed.
    Interrupted = 130,
}

/// The codes, for `--help`.
pub const TABLE: &str = "\
Exit codes:
  0    done
  1    findings at or above --fail-on
  2    wrong arguments or bad input
  3    a plugin is not available, or failed so that there is no answer
  4    files or the database cannot be read or written, or not every file for --fail-on
  101  a defect of codetune itself
  130  interrupted; a training run can be resumed";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
