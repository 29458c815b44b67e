//! `codetune analyze`

mod excerpt;
mod inputs;
mod options;
mod reason;
mod text;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use codetune_core::analysis::{self, Analysis, AnalysisOptions, AnalysisSummary, UsedAnalyzer, Verdict};
use codetune_core::files;
use codetune_core::source::Inputs;
use codetune_plugin_sdk::Severity;
use flate2::{Compression, write::GzEncoder};

use crate::command_error::CommandError;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::format::{count, counted};
use crate::terminal::{Terminal, write_json};

pub use options::AnalyzerSelection;
use reason::words;
pub use text::languages;

const EXAMPLES: &str = "\
Examples:
  codetune analyze src
  codetune analyze src --analyzer metrics --option metrics.max_cyclomatic=10
  codetune analyze . --json | jq '.summary'
  codetune analyze . --format sarif -o codetune.sarif
  codetune analyze . --fail-on error
  git diff --name-only --diff-filter=d -z | codetune analyze --files-from -

Which files are read:
  Files in supported languages, and with --all-files all other text files. Some analyzers, such as secrets, read \
every text file, including hidden ones. Symbolic links, version control directories and files excluded by ignore \
files or --exclude are skipped. Ignore files do not apply to files named on the command line.

Unread files:
  With --fail-on, exit with code 4 if an analyzer asked for a file that could not be read: it is larger than \
--max-bytes, unreadable, invalid in its encoding, has a path that is not UTF-8, or is named like a source file but \
binary. Other binary files, such as images and archives, do not count. Use --exclude to skip a file on purpose.

Run `codetune plugin info NAME` for the rules, attributes and options of an analyzer.";

/// Arguments of `analyze`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The files.
    #[command(flatten)]
    pub sources: inputs::Sources,
    /// The analyzers and filters.
    #[command(flatten)]
    pub selection: options::AnalyzerSelection,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Print JSON; short for --format json.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Write the report to this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print all findings; by default, text output is truncated.
    #[arg(long)]
    pub all: bool,
    /// Exit with code 1 if there is a finding of this severity or higher, 3 if a plugin failed on a file, or 4 if a
    /// file could not be read.
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<Level>,
}

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Human-readable, with source excerpts.
    Text,
    /// A JSON object with `root`, `files`, `skipped` and `summary`.
    Json,
    /// SARIF 2.1.0, for code scanning and editors.
    Sarif,
}

/// A severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Level {
    /// Informational.
    Note,
    /// Probably a problem.
    Warning,
    /// A problem.
    Error,
}

/// Analyzes files and prints the report.
///
/// # Errors
/// An option is invalid, a path cannot be read, or the report cannot be written.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let format = if arguments.json { Format::Json } else { arguments.format };
    let current = std::env::current_dir().map_err(CommandError::file("find", Path::new(".")))?;
    if let Some(path) = &arguments.output {
        files::check_writable(path).map_err(CommandError::file("write", path))?;
    }
    let inputs = arguments.sources.inputs(&current, arguments.selection.max_bytes)?;
    let registry = context.registry()?;
    let mut options = arguments.selection.options(&registry, context, false)?;
    // Excerpts and fingerprints need the texts.
    options.keep_found_text = format != Format::Json;
    // Do not analyze an earlier report.
    options.discover.leave.extend(arguments.output.as_ref().map(|path| current.join(path)));
    let analysis = analyze(inputs, &options, context)?;
    let terminal = &context.terminal;
    let answer = Answer { analysis: &analysis, format, arguments, current: &current };
    match &arguments.output {
        None => terminal.write(|out| answer.write(terminal, out))?,
        Some(path) => {
            let plain = Terminal { color: false, ..*terminal };
            files::write_with(path, |out| answer.write(&plain, out))
                .map_err(CommandError::file("write", path))?;
            terminal.note(&format!("wrote {}", path.display()));
        }
    }
    if arguments.fail_on.is_some() && analysis.summary.files.seen == 0 {
        terminal.warn("no files were checked: none were found, or none match");
    }
    let named = !arguments.selection.analyzers.is_empty();
    let failed = |used: &&UsedAnalyzer| named && analysis.failed_throughout(used);
    match analysis.summary.verdict(arguments.fail_on.map(Level::severity)) {
        Verdict::Passed => match analysis.analyzers.iter().find(failed) {
            Some(used) => Err(CommandError::AnalyzerFailed { analyzer: used.manifest.name.clone() }.into()),
            None => Ok(Exit::Done),
        },
        Verdict::Findings => {
            Err(not_clean(&analysis.summary, arguments.fail_on.unwrap_or(Level::Note)).into())
        }
        Verdict::OverLimit => {
            let (files, reasons) = failed_files(&analysis.summary);
            Err(CommandError::OverLimit { files, reasons }.into())
        }
        Verdict::NotRun => Err(CommandError::NotRun.into()),
        Verdict::AnalyzerFailed => {
            let (files, reasons) = failed_files(&analysis.summary);
            Err(CommandError::NotAnalyzed { files, reasons }.into())
        }
        Verdict::Unread if arguments.fail_on.is_some() => Err(not_checked(&analysis.summary).into()),
        Verdict::Unread => Ok(Exit::Storage),
    }
}

impl Level {
    fn severity(self) -> Severity {
        match self {
            Level::Note => Severity::Note,
            Level::Warning => Severity::Warning,
            Level::Error => Severity::Error,
        }
    }
}

/// A report and its format.
struct Answer<'a> {
    analysis: &'a Analysis,
    format: Format,
    arguments: &'a Arguments,
    current: &'a Path,
}

impl Answer<'_> {
    fn write(&self, terminal: &Terminal, out: &mut impl Write) -> io::Result<()> {
        let analysis = self.analysis;
        match self.format {
            Format::Text => {
                let places = text::Places { root: &analysis.root, current: self.current };
                out.write_all(text::render(analysis, self.arguments.all, places, terminal).as_bytes())
            }
            Format::Json => {
                analysis.write_json(out)?;
                out.write_all(b"\n")
            }
            Format::Sarif => {
                let report = analysis::to_sarif(analysis);
                for limit in analysis::github_limits(&report, gzipped_size(&report)?) {
                    terminal.warn(&limit);
                }
                write_json(out, &report)
            }
        }
    }
}

/// The gzipped size of a report, or its plain size if that is within GitHub's limit.
fn gzipped_size(report: &serde_json::Value) -> io::Result<u64> {
    let mut plain = Counted::default();
    write_json(&mut plain, report)?;
    // Compression only makes it smaller.
    if plain.0 <= analysis::GITHUB_MAX_GZIPPED {
        return Ok(plain.0);
    }
    let mut gzipped = GzEncoder::new(Counted::default(), Compression::default());
    write_json(&mut gzipped, report)?;
    Ok(gzipped.finish()?.0)
}

/// Counts and discards bytes.
#[derive(Default)]
struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs an analysis with progress. After Ctrl-C, finished results stay in the cache.
///
/// # Errors
/// As [`analysis::analyze`].
pub fn analyze(
    inputs: impl Into<Inputs>,
    options: &AnalysisOptions,
    context: &Context,
) -> Result<Analysis, Failure> {
    let progress = context.terminal.progress("analyzing", "files");
    let analysis = analysis::analyze(
        inputs,
        options,
        &|at: analysis::AnalysisProgress| progress.at(at.files as u64, at.total_files as u64),
        &context.stop,
    )?;
    progress.finish();
    for warning in &analysis.warnings {
        context.terminal.warn(&codetune_core::redact::escape_control(warning));
    }
    Ok(analysis)
}

fn not_clean(summary: &AnalysisSummary, level: Level) -> CommandError {
    let found = &summary.findings;
    let (number, severity) = match level {
        Level::Note => (found.total, "note or higher"),
        Level::Warning => (found.error + found.warning, "warning or higher"),
        Level::Error => (found.error, "error"),
    };
    CommandError::NotClean { findings: counted(number, "finding"), severity }
}

/// The number of files that failed, and the reasons by their codes.
fn failed_files(summary: &AnalysisSummary) -> (String, String) {
    let of_each = summary.errors.iter().map(|(code, number)| format!("{} {code}", count(*number)));
    (counted(summary.files.failed, "file"), of_each.collect::<Vec<_>>().join(", "))
}

fn not_checked(summary: &AnalysisSummary) -> CommandError {
    let all = counted(summary.unread.values().sum(), "file");
    let by_reason: Vec<String> =
        summary.unread.iter().map(|(code, number)| format!("{} {}", count(*number), words(code))).collect();
    let larger = summary.unread.contains_key("too-large");
    CommandError::NotChecked { files: all, reasons: by_reason.join(", "), larger }
}
