//! What is shown, where, and how.
//!
//! Answers go to stdout, everything else to stderr; a pipe gets neither colours nor bars.

pub mod curve;
pub mod format;
pub mod progress;
pub mod style;
pub mod table;

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use serde::Serialize;

use crate::failure::Failure;
use progress::{Mode, Progress};
use style::{Style, paint};

/// When to use color.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// When to show progress.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ShowProgress {
    /// On a terminal.
    #[default]
    Auto,
    /// Always; without a terminal, as a line every few seconds.
    Always,
    /// Never.
    Never,
}

impl ShowProgress {
    fn mode(self, on_terminal: bool) -> Mode {
        match (self, on_terminal) {
            (ShowProgress::Never, _) | (ShowProgress::Auto, false) => Mode::Silent,
            (ShowProgress::Auto | ShowProgress::Always, true) => Mode::Bar,
            (ShowProgress::Always, false) => Mode::Lines,
        }
    }
}

/// Where the program writes, and what is possible there.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// Whether stdout takes colours.
    pub color: bool,
    /// Whether stderr takes colours.
    pub error_color: bool,
    /// Whether someone looks at stdout.
    pub watched: bool,
    /// Columns.
    pub width: usize,
    /// How progress is shown.
    pub progress: Mode,
    /// Whether answers and errors alone are shown.
    pub quiet: bool,
}

impl Terminal {
    /// Looks at the streams and the environment.
    pub fn detect(color: Color, quiet: bool, progress: ShowProgress) -> Self {
        let wanted = |is_terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                is_terminal
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                    && std::env::var_os("TERM").is_none_or(|value| value != "dumb")
            }
        };
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let of_terminal = || console::Term::stdout().size_checked().map(|(_, columns)| columns.into());
        let width = columns.or_else(|| out.then(of_terminal)?).unwrap_or(100);
        let progress = if quiet { Mode::Silent } else { progress.mode(err) };
        Terminal { color: wanted(out), error_color: wanted(err), watched: out, width, progress, quiet }
    }

    /// Writes an answer.
    ///
    /// # Errors
    /// Stdout is closed, which ends the program quietly, or cannot be written.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        self.write(|out| out.write_all(text.as_bytes()))
    }

    /// Writes an answer as JSON.
    ///
    /// # Errors
    /// As [`Terminal::print`].
    pub fn json(&self, value: &impl Serialize) -> Result<(), Failure> {
        self.write(|out| write_json(out, value))
    }

    /// Writes an answer that is made on the way.
    ///
    /// # Errors
    /// As [`Terminal::print`].
    pub fn write(
        &self,
        answer: impl FnOnce(&mut BufWriter<StdoutLock<'static>>) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let mut out = BufWriter::with_capacity(256 << 10, io::stdout().lock());
        answer(&mut out)?;
        Ok(out.flush()?)
    }

    /// Tells something on the way, unless `--quiet`.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Tells something on the way that is likely not what the user wants.
    pub fn warn(&self, text: &str) {
        self.note(&format!("{}: {text}", paint(self.error_color, Style::Warning, "warning")));
    }

    /// Shows how far something is; `unit` is what is counted.
    pub fn progress(&self, doing: &str, unit: &'static str) -> Progress {
        Progress::new(self.progress, doing, unit)
    }

    /// A part of an answer in a style.
    pub fn paint(&self, style: Style, text: &str) -> String {
        paint(self.color, style, text)
    }
}

/// JSON as every command writes it: indented, every character seen, with a newline at the end.
///
/// # Errors
/// The writer's.
pub fn write_json(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    codetune_core::redact::write_seen_json(out, value)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_shown_elsewhere_than_on_a_terminal_only_on_request() {
        assert_eq!(
            [ShowProgress::Auto, ShowProgress::Always].map(|when| when.mode(false)),
            [Mode::Silent, Mode::Lines]
        );
        assert_eq!(
            [ShowProgress::Auto, ShowProgress::Always].map(|when| when.mode(true)),
            [Mode::Bar, Mode::Bar]
        );
        assert_eq!(
            [true, false].map(|terminal| ShowProgress::Never.mode(terminal)),
            [Mode::Silent, Mode::Silent]
        );
    }
}
