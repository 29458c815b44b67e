//! The errors of the command line itself. Those of the core have their own types.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use codetune_core::analysis::OptionError;
use codetune_core::source::PathListError;

use crate::exit::Exit;
use crate::usage_error::UsageError;

/// Why a command cannot do what was asked, unless the core says so.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum CommandError {
    /// The arguments are invalid.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Usage(#[from] UsageError),
    /// The filter of the log is invalid.
    #[error("invalid filter in {variable}")]
    #[diagnostic(code(cli::log_filter), help("for example: {variable}=warn,codetune=debug"))]
    LogFilter {
        /// The environment variable.
        variable: &'static str,
        /// What the parser says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// There is no home directory for the database and the cache.
    #[error("cannot find the home directory")]
    #[diagnostic(code(cli::home), help("set HOME, or use --data-dir and --cache-dir"))]
    Home {
        /// What the system says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The path of the default database is not UTF-8.
    #[error("cannot open the database {}: its path is not UTF-8", path.display())]
    #[diagnostic(
        code(cli::database_path),
        help("choose another directory with --data-dir, or a file with --database")
    )]
    DatabasePath {
        /// The database.
        path: PathBuf,
    },
    /// An option needs the full name of a plugin.
    #[error("{option} {name} is not a full plugin name")]
    #[diagnostic(code(cli::full_name), help("use {option} {full}{rest}"))]
    FullName {
        /// The option.
        option: &'static str,
        /// The given name.
        name: String,
        /// The full name.
        full: String,
        /// What follows the name in a value of the option.
        rest: &'static str,
    },
    /// An option has no effect at temperature 0, where the most likely token is always picked.
    #[error("{option} has no effect at temperature 0, where the most likely token is always picked")]
    #[diagnostic(code(cli::no_effect), help("add --temperature 1 to sample, or remove {option}"))]
    NoEffect {
        /// The option.
        option: &'static str,
    },
    /// An option of an analyzer is rejected.
    #[error("--option {given} is rejected")]
    #[diagnostic(forward(source))]
    Option {
        /// The given option.
        given: String,
        /// What is wrong with it.
        source: OptionError,
    },
    /// Standard input was given with other paths.
    #[error("standard input cannot be combined with other paths")]
    #[diagnostic(code(cli::stdin_combined), help("remove the other paths, or remove - and --stdin-filename"))]
    StdinCombined,
    /// Standard input was given a name that no file can have.
    #[error("--stdin-filename {} is not a file name", name.display())]
    #[diagnostic(code(cli::stdin_name), help("for example: --stdin-filename src/main.rs"))]
    StdinName {
        /// The given name.
        name: PathBuf,
    },
    /// Standard input is larger than files may be.
    #[error("standard input is larger than {limit}")]
    #[diagnostic(code(cli::stdin_size), help("raise the limit with --max-bytes"))]
    StdinSize {
        /// The limit, such as 1.0 MiB.
        limit: String,
    },
    /// A list of paths is too large.
    #[error("the list of paths is larger than {limit}")]
    #[diagnostic(code(cli::list_size), help("pass a directory, or split the list"))]
    ListSize {
        /// The limit, such as 1.0 GiB.
        limit: String,
    },
    /// A list of paths has an invalid line.
    #[error("the list of paths {} is invalid", list.display())]
    #[diagnostic(forward(source))]
    List {
        /// The list.
        list: PathBuf,
        /// What is wrong with the line.
        source: PathListError,
    },
    /// No analyzer can run.
    #[error("no analyzer is available")]
    #[diagnostic(code(cli::no_analyzer), help("for the reasons run: codetune plugin list"))]
    NoAnalyzer,
    /// An analyzer that was named failed on every file.
    #[error("analyzer {analyzer} failed on every file")]
    #[diagnostic(code(cli::analyzer_failed), help("the report lists the reasons"))]
    AnalyzerFailed {
        /// The analyzer.
        analyzer: String,
    },
    /// With `--fail-on`, analyzers reached limits on files.
    #[error("analyzers reached their limits on {files}: {reasons}")]
    #[diagnostic(code(cli::over_limit), help("raise the limits with --plugin-limit, as the report says"))]
    OverLimit {
        /// How many, such as `2 files`.
        files: String,
        /// How many for each code.
        reasons: String,
    },
    /// This machine cannot run an analyzer.
    #[error("this machine cannot run an analyzer")]
    #[diagnostic(code(cli::not_run), help("the report lists the reasons"))]
    NotRun,
    /// With `--fail-on`, findings of this severity or higher.
    #[error("the check failed: {findings} of severity {severity}")]
    #[diagnostic(
        code(cli::findings),
        help("fix the code, or skip files that need no check with --exclude GLOB")
    )]
    NotClean {
        /// How many, such as `2 findings`.
        findings: String,
        /// From which severity on.
        severity: &'static str,
    },
    /// With `--fail-on`, analyzers failed on files.
    #[error("analyzers failed on {files}: {reasons}")]
    #[diagnostic(
        code(cli::not_analyzed),
        help("the report lists the reasons; `codetune explain CODE` explains a code")
    )]
    NotAnalyzed {
        /// How many, such as `2 files`.
        files: String,
        /// How many for each code.
        reasons: String,
    },
    /// With `--fail-on`, files that an analyzer asked for could not be read.
    #[error("{files} could not be read, so the check did not pass: {reasons}")]
    #[diagnostic(
        code(cli::not_checked),
        help("{}skip files that need no check with --exclude GLOB", if *larger { "raise --max-bytes, or " } else { "" })
    )]
    NotChecked {
        /// How many, such as `2 files`.
        files: String,
        /// How many for each reason.
        reasons: String,
        /// Whether some are only too large.
        larger: bool,
    },
    /// The output directory holds something that quickstart did not write.
    #[error("{} is not empty, and was not created by quickstart, so it is not overwritten", folder.display())]
    #[diagnostic(code(cli::occupied), help("choose another directory with --out"))]
    Occupied {
        /// The directory.
        folder: PathBuf,
    },
    /// No name is left to move an earlier quickstart to.
    #[error("too many earlier quickstarts beside {}", folder.display())]
    #[diagnostic(
        code(cli::earlier_quickstarts),
        help("remove some of them, or choose another directory with --out")
    )]
    EarlierQuickstarts {
        /// The directory.
        folder: PathBuf,
    },
    /// A quickstart found too little code.
    #[error("not enough code to train on: {found}, but at least {needed} are needed")]
    #[diagnostic(code(cli::too_little_code), help("choose a larger project: codetune quickstart PATH"))]
    TooLittleCode {
        /// What is there.
        found: String,
        /// What is needed.
        needed: String,
    },
    /// An input that an argument names cannot be read.
    #[error("cannot read {what}")]
    #[diagnostic(code(cli::input), help("check the path and its permissions"))]
    Input {
        /// The file, or what is read from it.
        what: String,
        /// What the system says.
        source: io::Error,
    },
    /// A file or directory cannot be used.
    #[error("cannot {doing} {}", path.display())]
    #[diagnostic(code(cli::file), help("check the path, its permissions and the free space"))]
    File {
        /// What was tried, such as `write`.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The output directory of a quickstart cannot be used.
    #[error("cannot use the directory {}", folder.display())]
    #[diagnostic(code(cli::output_directory), help("choose another directory with --out"))]
    OutputDirectory {
        /// The directory.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Stdout cannot be written.
    #[error("cannot write the output")]
    #[diagnostic(code(cli::output), help("check where stdout is redirected to, and the free space there"))]
    Output {
        /// What the system says.
        source: io::Error,
    },
    /// Ctrl-C cannot be handled.
    #[error("cannot install the signal handler")]
    #[diagnostic(code(cli::signals), help("check the limits on threads and processes of this system"))]
    Signals {
        /// What the system says.
        source: io::Error,
    },
    /// The user interrupted the command.
    #[error("interrupted")]
    #[diagnostic(code(cli::interrupted))]
    Interrupted,
    /// The user interrupted a training run.
    #[error("run {run} was interrupted after step {step}, and its checkpoint is {}", checkpoint.display())]
    #[diagnostic(code(cli::run_interrupted), help("resume it with: {resume}"))]
    RunInterrupted {
        /// The run.
        run: String,
        /// The last step.
        step: String,
        /// The checkpoint to resume from.
        checkpoint: PathBuf,
        /// The command that resumes it.
        resume: String,
    },
    /// A bug of codetune: it panicked.
    #[error("internal error in codetune {}", env!("CARGO_PKG_VERSION"))]
    #[diagnostic(
        code(cli::internal),
        help(
            "this is a bug; please report the lines above and the command at {}/issues",
            env!("CARGO_PKG_REPOSITORY")
        )
    )]
    Internal,
}

impl CommandError {
    /// A file or directory that the system refuses.
    pub fn file(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| CommandError::File { doing, path: path.to_owned(), source }
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            CommandError::Usage(error) => error.exit(),
            CommandError::Option { source, .. } => source.blame().into(),
            CommandError::List { source, .. } => source.blame().into(),
            CommandError::LogFilter { .. }
            | CommandError::Home { .. }
            | CommandError::DatabasePath { .. }
            | CommandError::FullName { .. }
            | CommandError::NoEffect { .. }
            | CommandError::StdinCombined
            | CommandError::StdinName { .. }
            | CommandError::ListSize { .. }
            | CommandError::Occupied { .. }
            | CommandError::EarlierQuickstarts { .. }
            | CommandError::TooLittleCode { .. }
            | CommandError::Input { .. } => Exit::Usage,
            CommandError::NoAnalyzer
            | CommandError::AnalyzerFailed { .. }
            | CommandError::NotAnalyzed { .. } => Exit::Plugin,
            CommandError::NotClean { .. } => Exit::Findings,
            CommandError::StdinSize { .. }
            | CommandError::NotRun
            | CommandError::NotChecked { .. }
            | CommandError::File { .. }
            | CommandError::OutputDirectory { .. }
            | CommandError::Output { .. }
            | CommandError::Signals { .. } => Exit::Storage,
            CommandError::Interrupted | CommandError::RunInterrupted { .. } => Exit::Interrupted,
            CommandError::OverLimit { .. } => Exit::Limit,
            CommandError::Internal => Exit::Internal,
        }
    }
}
