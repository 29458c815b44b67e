//! `codetune analyze`

mod excerpt;
mod options;
mod text;

use std::io::{self, Write};
use std::path::PathBuf;

use codetune_core::analysis::{
    self, Analysis, AnalysisError, AnalysisOptions, FileAnalysis, Summary, UsedAnalyzer,
};
use codetune_core::files;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::write_json;

pub use options::Selection;
pub use text::languages;

const EXAMPLES: &str = "\
Examples:
  codetune analyze src
  codetune analyze src --analyzer metrics --option metrics.max_cyclomatic=10
  codetune analyze . --json | jq '.summary'
  codetune analyze . --format sarif -o codetune.sarif
  codetune analyze . --fail-on error

Rules, attributes and options of an analyzer: codetune plugin info NAME";

/// What to analyse and how to answer.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A folder or a file. `.gitignore` is obeyed.
    pub path: PathBuf,
    /// What to run and which files to read.
    #[command(flatten)]
    pub selection: options::Selection,
    /// The form of the answer.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Answer in JSON; the same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Write the answer to this file.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Show every finding, not only the first ones; text alone is ever cut.
    #[arg(long)]
    pub all: bool,
    /// Exit with 1 where there is a finding of this severity or a higher one, or else with 3 where a plugin gave no
    /// answer for a file.
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<Level>,
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people, with source excerpts.
    Text,
    /// An object with `files`, `skipped` and `summary`.
    Json,
    /// SARIF 2.1.0, for code hosts and editors.
    Sarif,
}

/// A severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Probably wrong.
    Warning,
    /// Wrong.
    Error,
}

/// Analyses, and answers.
///
/// # Errors
/// The options are refused, the path cannot be read, or the answer cannot be written.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let format = if arguments.json { Format::Json } else { arguments.format };
    let registry = context.registry()?;
    // Excerpts need the texts.
    let options = arguments.selection.options(&registry, context, format == Format::Text)?;
    let analysis = analyze(&arguments.path, &options, context)?;
    let terminal = &context.terminal;
    match &arguments.output {
        None => terminal.write(|out| write(&analysis, format, arguments, context, out))?,
        Some(path) => {
            files::write_with(path, |out| write(&analysis, format, arguments, context, out))
                .map_err(|error| Failure::file("write", path, &error))?;
            terminal.note(&format!("written to {}", path.display()));
        }
    }
    if !arguments.selection.analyzers.is_empty()
        && analysis.analyzers.iter().any(|used| silent(&analysis, used))
    {
        return Ok(Exit::Plugin);
    }
    Ok(verdict(&analysis.summary, arguments.fail_on))
}

fn write(
    analysis: &Analysis,
    format: Format,
    arguments: &Arguments,
    context: &Context,
    out: &mut impl Write,
) -> io::Result<()> {
    match format {
        Format::Text => {
            let plain = arguments.output.is_some();
            out.write_all(text::render(analysis, arguments.all, &context.terminal, plain).as_bytes())
        }
        Format::Json => {
            analysis.write_json(out)?;
            out.write_all(b"\n")
        }
        Format::Sarif => write_json(out, &analysis::to_sarif(analysis, Some(&arguments.path))),
    }
}

/// Analyses with progress. Ctrl-C ends it; what was done is cached.
///
/// # Errors
/// As [`analysis::analyze`].
pub fn analyze(
    path: &std::path::Path,
    options: &AnalysisOptions,
    context: &Context,
) -> Result<Analysis, Failure> {
    let progress = context.terminal.progress("analysing", "files");
    let analysis = analysis::analyze(
        path,
        options,
        &|at: analysis::Progress| progress.at(at.files as u64, at.total_files as u64),
        &context.stop,
    )?;
    progress.finish();
    for warning in &analysis.warnings {
        context.terminal.warn(&codetune_core::validate::escape_control(warning));
    }
    Ok(analysis)
}

/// Whether an analyzer failed on every file that it was asked about: then there is no answer of it at all.
fn silent(analysis: &Analysis, used: &UsedAnalyzer) -> bool {
    let answered = analysis.files.iter().any(|file| file.attributes.contains_key(&used.key));
    let failed = |file: &FileAnalysis| file.errors.iter().any(|error| error.plugin == used.manifest.name);
    !answered && analysis.files.iter().any(failed)
}

fn verdict(summary: &Summary, fail_on: Option<Level>) -> Exit {
    // Whatever was asked for was not done: an analyzer could not be used at all.
    if summary.errors.contains_key("plugin::unavailable") {
        return Exit::Plugin;
    }
    let unread = summary.skipped.contains_key("unreadable");
    let found = &summary.findings;
    let reached = match fail_on {
        None if unread && summary.files.seen == summary.files.skipped => return Exit::Storage,
        None => return Exit::Done,
        Some(Level::Error) => found.error,
        Some(Level::Warning) => found.error + found.warning,
        Some(Level::Note) => found.total,
    };
    match (reached, summary.files.failed) {
        // A check that did not take place is not passed.
        (0, 0) if unread => Exit::Storage,
        (0, 0) => Exit::Done,
        (0, _) => Exit::Plugin,
        _ => Exit::Findings,
    }
}

impl From<AnalysisError> for Failure {
    fn from(error: AnalysisError) -> Self {
        match error {
            AnalysisError::Stopped => Failure::told(Exit::Interrupted, &error),
            AnalysisError::Threads(_) => Failure::told(Exit::Storage, &error),
            AnalysisError::Options(call) => {
                Failure::from(call).help("`codetune plugin info` shows its options")
            }
            other => Failure::told(Exit::Usage, &other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_did_not_take_place_is_not_passed() {
        let mut summary = Summary::default();
        (summary.files.seen, summary.files.analysed) = (3, 3);
        assert_eq!(verdict(&summary, None), Exit::Done);
        assert_eq!(verdict(&summary, Some(Level::Error)), Exit::Done);
        summary.findings.warning = 1;
        assert_eq!(verdict(&summary, Some(Level::Error)), Exit::Done);
        assert_eq!(verdict(&summary, Some(Level::Warning)), Exit::Findings);
        summary.skipped.insert("unreadable".into(), 1);
        assert_eq!(verdict(&summary, None), Exit::Done, "the others have their answers");
        assert_eq!(verdict(&summary, Some(Level::Error)), Exit::Storage);
        assert_eq!(verdict(&summary, Some(Level::Warning)), Exit::Findings);
        (summary.files.seen, summary.files.skipped) = (1, 1);
        assert_eq!(verdict(&summary, None), Exit::Storage, "nothing was read");
        summary.files.failed = 1;
        assert_eq!(verdict(&summary, Some(Level::Error)), Exit::Plugin);
        summary.errors.insert("plugin::unavailable".into(), 1);
        assert_eq!(verdict(&summary, None), Exit::Plugin);
    }
}
