//! Errors as they are told: in one line, and whose turn it is to act.

use miette::Diagnostic;

/// Who has to act on an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The user: arguments, settings or input files are invalid.
    Input,
    /// The author of a plugin, or whoever chose it: it is unavailable, failed, or broke the contract.
    Plugin,
    /// The user, who can raise a limit of the host: memory, time or output.
    Limit,
    /// The owner of the machine: a file or the database cannot be read or written.
    Storage,
    /// Nobody: the work was stopped as asked.
    Stopped,
}

/// The message and the help of an error on one line, for logs and for reports that have a single text.
pub fn whole(error: &dyn Diagnostic) -> String {
    match error.help() {
        Some(help) => format!("{error}; {help}"),
        None => error.to_string(),
    }
}

/// [`whole`] as a method.
pub trait Whole {
    /// The message and the help on one line.
    fn whole(&self) -> String;
}

impl<E: Diagnostic> Whole for E {
    fn whole(&self) -> String {
        whole(self)
    }
}
