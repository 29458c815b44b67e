//! What a command says when it cannot do what was asked.

mod of_core;

use std::error::Error;
use std::io::{self, Write};

use codetune_core::redact::{escape_control, redact};
use miette::Diagnostic;
use serde_json::{Value, json};

use crate::command_error::CommandError;
use crate::exit::Exit;
use crate::terminal::style::{Style, paint};

/// One error: what went wrong, where or why, and what to type next.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    /// The stable code, which `codetune explain` explains.
    code: Box<str>,
    place: Option<Box<Place>>,
    what: String,
    why: Vec<String>,
    help: Option<String>,
    /// How to call the command, for errors of arguments.
    usage: Option<Box<str>>,
}

/// Where in a file the cause of an error is; lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    path: String,
    line: usize,
    column: Option<usize>,
}

impl Failure {
    /// Ends with this code and says nothing, because everything was said.
    pub fn quiet(exit: Exit) -> Self {
        let (code, what) = (Box::default(), String::new());
        Failure { exit, code, place: None, what, why: Vec::new(), help: None, usage: None }
    }

    /// Takes an error of the core: its message, its code and its help.
    fn of(exit: Exit, error: &dyn Diagnostic) -> Self {
        let what = error.to_string();
        let help = error.help().map(|help| help.to_string());
        Failure { exit, code: code(error), place: None, what, why: Vec::new(), help, usage: None }
    }

    /// Takes what a plugin said, after words of our own. Of several lines each but the first is marked, so that none
    /// passes for a line of ours.
    fn said(exit: Exit, error: &dyn Diagnostic, before: &str, said: &str) -> Self {
        let mut lines = said.lines();
        let what = format!("{before}{}", lines.next().unwrap_or_default());
        let help = error.help().map(|help| help.to_string());
        let why = lines.map(quoted).collect();
        Failure { exit, code: code(error), place: None, what, why, help, usage: None }
    }

    /// Adds the place of the cause.
    fn at(mut self, path: impl Into<String>, line: usize, column: Option<usize>) -> Self {
        self.place = Some(Box::new(Place { path: path.into(), line, column }));
        self
    }

    /// Adds where or why.
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why.push(why.into());
        self
    }

    /// Says what to type next. What was said of it before stays, among the reasons.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.why.extend(self.help.replace(help.into()));
        self
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Prints it to stderr: for people, or as one JSON object.
    pub fn print(&self, color: bool, as_json: bool) {
        if self.what.is_empty() {
            return;
        }
        let text = if as_json { format!("{}\n", self.json()) } else { self.text(color) };
        // There is no one left to tell when stderr is closed.
        let _ = io::stderr().write_all(text.as_bytes());
    }

    fn text(&self, color: bool) -> String {
        let label = paint(color, Style::Error, &format!("error[{}]", self.code));
        let mut text = format!("{label}: {}\n", clean(&self.what));
        for line in &self.why {
            // A text of others may hold several lines, any of which may look like one of ours.
            let line = if is_label(line) { quoted(line) } else { line.clone() };
            text.push_str(&format!("  {}\n", clean(&line)));
        }
        if let Some(help) = &self.help {
            text.push_str(&format!("  {}: {}\n", paint(color, Style::Help, "help"), clean(help)));
        }
        if let Some(usage) = &self.usage {
            text.push_str(&format!("  {}\n", clean(usage)));
        }
        text
    }

    /// `{"error": {"code", "message", "causes", "help", "place", "exit"}}`.
    fn json(&self) -> Value {
        let causes: Vec<String> = self.why.iter().map(|why| clean(why)).collect();
        let place = self.place.as_ref();
        let place = place.map(|at| json!({ "path": at.path, "line": at.line, "column": at.column }));
        json!({ "error": {
            "code": self.code,
            "message": clean(&self.what),
            "causes": causes,
            "help": self.help.as_ref().map(|help| clean(help)),
            "place": place,
            "exit": self.exit as u8,
        } })
    }
}

/// Without secrets, and without characters that a terminal obeys.
fn clean(text: &str) -> String {
    redact(&escape_control(text)).into_owned()
}

/// The code of an error.
fn code(error: &dyn Diagnostic) -> Box<str> {
    error.code().map(|code| code.to_string().into()).unwrap_or_default()
}

/// What each cause of an error says, from the nearest on.
fn causes(error: &dyn Error) -> Vec<String> {
    std::iter::successors(error.source(), |cause| (*cause).source()).map(ToString::to_string).collect()
}

/// A line of what someone else said.
fn quoted(line: &str) -> String {
    format!("| {line}")
}

/// Whether a line could pass for one of ours: it begins with one of our labels.
fn is_label(line: &str) -> bool {
    let line = line.trim_start().to_ascii_lowercase();
    ["error", "warning", "help", "note"].iter().any(|label| {
        let rest = line.strip_prefix(label).map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with([':', '[']))
    })
}

/// A closed pipe is how a reader says that it has seen enough.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::quiet(Exit::Done),
            _ => CommandError::Output { source: error }.into(),
        }
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        let failure = Failure::of(error.exit(), &error);
        let usage = match &error {
            CommandError::Usage(error) => error.usage().map(Into::into),
            _ => None,
        };
        Failure { why: causes(&error), usage, ..failure }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that is printed, in order.
    pub(super) fn printed(failure: &Failure) -> String {
        let help = failure.help.iter().map(|help| format!("help: {help}"));
        std::iter::once(failure.what.clone())
            .chain(failure.why.clone())
            .chain(help)
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn what_was_said_before_another_help_stays() {
        let failure = Failure::from(CommandError::StdinCombined).help("do that");
        let before = "remove the other paths, or remove - and --stdin-filename";
        assert_eq!(
            printed(&failure),
            format!("standard input cannot be combined with other paths\n{before}\nhelp: do that")
        );
    }

    #[test]
    fn a_closed_pipe_is_no_error() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((failure.exit(), failure.what.as_str()), (Exit::Done, ""));
    }
}
