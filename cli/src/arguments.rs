//! The command line.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, Error};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, builder::ValueParser};
use codetune_core::model::MemoryBudget;
use codetune_core::plugin::{Digest, LimitOverride, Runtime};

use crate::commands::{
    analyze, completions, dataset, generate, model, plugin, quickstart, runs, tokenizer, train,
};
use crate::exit;
use crate::terminal::format::parsed_size;
use crate::terminal::{Color, ShowProgress};

const AFTER_HELP: &str = "\
Examples:
  codetune quickstart                      Run the whole pipeline on the current directory
  codetune analyze src                     Print findings and metrics
  codetune dataset build src -o data/mine  Build a dataset
  codetune train run.toml                  Train a model
  codetune runs list                       List training runs";

/// Curate source code and fine-tune code models, with analyzers and training backends as plugins.
#[derive(Debug, Parser)]
#[command(name = "codetune", version, max_term_width = 100, after_help = AFTER_HELP, after_long_help = long_help())]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    /// Options of every command.
    #[command(flatten)]
    pub globals: Globals,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// Parses the command line and the environment variables of options. Empty variables count as unset, as in the XDG
    /// specification: Compose files and shells cannot unset a variable.
    ///
    /// # Errors
    /// Invalid arguments, or the requested help.
    pub fn read() -> Result<Self, Error> {
        let set = |variable: &OsStr| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
        let mut command = Self::command().mut_args(|argument| match argument.get_env() {
            Some(variable) if !set(variable) => argument.env(NO_VARIABLE),
            _ => argument,
        });
        let read = command.try_get_matches_from_mut(std::env::args_os());
        let read = read.and_then(|matches| Self::from_arg_matches(&matches));
        read.map_err(|error| if error.use_stderr() { blame(error.format(&mut command)) } else { error })
    }
}

const NO_VARIABLE: Option<&str> = None;

/// Adds the environment variable that caused an error. If the command line is invalid without variables too, returns that
/// error: otherwise the usage would show all options with variables as required.
fn blame(mut error: Error) -> Error {
    match Arguments::command().mut_args(|argument| argument.env(NO_VARIABLE)).try_get_matches() {
        Err(alone) if alone.kind() == error.kind() => return alone,
        _ => {}
    }
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else { return error };
    let option = option.split(' ').next().and_then(|option| option.strip_prefix("--"));
    let command = Arguments::command();
    let argument = command.get_arguments().find(|argument| option.is_some() && argument.get_long() == option);
    if let Some(variable) = argument.and_then(clap::Arg::get_env) {
        let tip = format!("the value is from the environment variable {}", variable.display());
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

fn long_help() -> String {
    format!("{AFTER_HELP}\n\n{}", exit::TABLE)
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// When to use color.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// When to show progress.
    #[arg(long, global = true, value_enum, default_value_t = ShowProgress::Auto, value_name = "WHEN")]
    pub progress: ShowProgress,
    /// Print only results and errors.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Log more; repeat for debug output. CODETUNE_LOG takes a filter such as warn,codetune=debug.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Store cached data in this directory.
    #[arg(long, global = true, env = "CODETUNE_CACHE", value_name = "DIR", hide_env_values = true)]
    pub cache_dir: Option<PathBuf>,
    /// Store the run database in this directory.
    #[arg(long, global = true, env = "CODETUNE_HOME", value_name = "DIR", hide_env_values = true)]
    pub data_dir: Option<PathBuf>,
    /// Record runs in this database: a file or sqlite://PATH.
    #[arg(long, global = true, env = "CODETUNE_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<String>,
    /// Limit the memory of tensors, such as 8GB or 512MiB [default: three quarters of the memory of the machine or
    /// container].
    #[arg(long, global = true, env = "CODETUNE_MEMORY", value_name = "SIZE", hide_env_values = true, value_parser = memory())]
    pub memory: Option<MemoryBudget>,
    /// Also load plugins from this directory.
    #[arg(long, global = true, value_name = "DIR")]
    pub plugins: Vec<PathBuf>,
    /// Allow the native library with this digest; it runs with your privileges, outside the sandbox.
    #[arg(long, global = true, value_name = "DIGEST", value_parser = digest())]
    pub trust_native: Vec<Digest>,
    /// Disable a plugin, given by its full name or its file.
    #[arg(long, global = true, value_name = "NAME")]
    pub disable: Vec<String>,
    /// Override limits of all plugins (time_ms=5000) or of one (acme/todo.memory_mib=512), separated by commas. The
    /// limits are time_ms, memory_mib and output_kib, and apply to each file.
    #[arg(
        long,
        global = true,
        env = "CODETUNE_PLUGIN_LIMIT",
        value_name = "[PLUGIN.]LIMIT=NUMBER",
        value_delimiter = ',',
        hide_env_values = true,
        value_parser = plugin_limit()
    )]
    pub plugin_limit: Vec<LimitOverride>,
    /// Load the first-party plugins in this runtime: builtin, native or wasm.
    #[arg(long, global = true, value_name = "RUNTIME", value_parser = runtime())]
    pub runtime: Option<Runtime>,
}

fn digest() -> ValueParser {
    ValueParser::new(|text: &str| text.parse::<Digest>())
}

fn plugin_limit() -> ValueParser {
    ValueParser::new(|text: &str| text.parse::<LimitOverride>())
}

fn memory() -> ValueParser {
    let read = |text: &str| parsed_size(text).filter(|bytes| *bytes > 0).map(MemoryBudget::bytes);
    ValueParser::new(move |text: &str| read(text).ok_or("expected a size, such as 8GB or 512MiB"))
}

fn runtime() -> ValueParser {
    ValueParser::new(|text: &str| text.parse::<Runtime>())
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole pipeline on real code: analyze, build a dataset, train, fine-tune and compare.
    Quickstart(quickstart::Arguments),
    /// List and inspect plugins.
    #[command(subcommand)]
    Plugin(plugin::Command),
    /// Analyze source code.
    Analyze(analyze::Arguments),
    /// Build and inspect datasets.
    #[command(subcommand)]
    Dataset(dataset::Command),
    /// Train tokenizers.
    #[command(subcommand)]
    Tokenizer(tokenizer::Command),
    /// Create models.
    #[command(subcommand)]
    Model(model::Command),
    /// Train a model as configured in a run file.
    Train(train::Arguments),
    /// List, show and delete training runs.
    #[command(subcommand)]
    Runs(runs::Command),
    /// Generate text with a model.
    Generate(generate::Arguments),
    /// Print a shell completion script.
    Completions(completions::Arguments),
}
