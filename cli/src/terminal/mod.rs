//! Output on the terminal.
//!
//! Results go to stdout, everything else to stderr; pipes get neither color nor progress bars.

pub mod curve;
pub mod format;
pub mod progress;
pub mod style;
pub mod table;
pub mod wrap;

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

/// The properties of the output streams.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// Whether stdout supports color.
    pub color: bool,
    /// Whether stderr supports color.
    pub error_color: bool,
    /// Whether stdout is a terminal.
    pub watched: bool,
    /// Width in columns.
    pub width: usize,
    /// Whether lines have to fit in the width: stdout is a terminal, or COLUMNS is set.
    pub fits: bool,
    /// How progress is shown.
    pub progress: Mode,
    /// Whether to print only results and errors.
    pub quiet: bool,
}

impl Terminal {
    /// Examines the streams and the environment.
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
        let known: Option<usize> = columns.or_else(|| out.then(of_terminal)?);
        let (width, fits) = (known.unwrap_or(100), known.is_some());
        let progress = if quiet { Mode::Silent } else { progress.mode(err) };
        Terminal { color: wanted(out), error_color: wanted(err), watched: out, width, fits, progress, quiet }
    }

    /// Prints a result.
    ///
    /// # Errors
    /// Stdout is closed, which exits silently, or cannot be written.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        self.write(|out| out.write_all(text.as_bytes()))
    }

    /// Prints a result as JSON.
    ///
    /// # Errors
    /// As [`Terminal::print`].
    pub fn json(&self, value: &impl Serialize) -> Result<(), Failure> {
        self.write(|out| write_json(out, value))
    }

    /// Prints a result from a closure.
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

    /// Prints a note to stderr, unless `--quiet` is given.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Prints a warning to stderr.
    pub fn warn(&self, text: &str) {
        self.note(&format!("{}: {text}", paint(self.error_color, Style::Warning, "warning")));
    }

    /// Starts showing progress; `unit` is what is counted.
    pub fn progress(&self, doing: &str, unit: &'static str) -> Progress {
        Progress::new(self.progress, doing, unit)
    }

    /// A text after its label that fits in the terminal: broken between words, with the following lines indented.
    pub fn fit(&self, label: &str, text: &str, indent: usize) -> String {
        if self.fits { wrap::hang(label, text, indent, self.width) } else { format!("{label}{text}") }
    }

    /// Applies a style to a part of the output.
    pub fn paint(&self, style: Style, text: &str) -> String {
        paint(self.color, style, text)
    }
}

/// Writes indented JSON with escaped invisible characters and a trailing newline.
///
/// # Errors
/// The error of the writer.
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
