//! The command line.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, Error};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, builder::ValueParser};
use codetune_core::model::Budget;
use codetune_core::plugin::{Carrier, Digest, LimitOverride};

use crate::commands::{
    analyze, completions, dataset, generate, model, plugin, quickstart, runs, tokenizer, train,
};
use crate::exit;
use crate::terminal::format::parsed_size;
use crate::terminal::{Color, ShowProgress};

const AFTER_HELP: &str = "\
Examples:
  codetune quickstart                      the whole way, on the code in this folder
  codetune analyze src                     findings and numbers
  codetune dataset build src -o data/mine  a dataset of it
  codetune train run.toml                  a training run
  codetune runs list                       what was trained";

/// Curates code and fine-tunes code models, with analyzers and training backends as plugins.
#[derive(Debug, Parser)]
#[command(name = "codetune", version, max_term_width = 100, after_help = AFTER_HELP, after_long_help = long_help())]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    /// What holds for every command.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// Reads the command line, and the variables that stand for options. One that is empty counts as not set, as those of
    /// the system's folders do: Compose files and shells cannot unset a variable.
    ///
    /// # Errors
    /// What cannot be understood, or the help that was asked for.
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

/// Names the variable that an error is from. What is wrong without variables too is told without them: usage shows every
/// option that has a value as if it had to be given.
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
        let tip = format!("the variable {} has this value", variable.display());
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

fn long_help() -> String {
    format!("{AFTER_HELP}\n\n{}", exit::TABLE)
}

/// What holds for every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Use colours.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// Show how far something is.
    #[arg(long, global = true, value_enum, default_value_t = ShowProgress::Auto, value_name = "WHEN")]
    pub progress: ShowProgress,
    /// Show answers and errors alone.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Log what is done; twice for details. CODETUNE_LOG sets it exactly.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Keep what can be made again here.
    #[arg(long, global = true, env = "CODETUNE_CACHE", value_name = "FOLDER", hide_env_values = true)]
    pub cache_dir: Option<PathBuf>,
    /// Keep the database here.
    #[arg(long, global = true, env = "CODETUNE_HOME", value_name = "FOLDER", hide_env_values = true)]
    pub data_dir: Option<PathBuf>,
    /// Keep runs in this database: a file, or sqlite://PATH.
    #[arg(long, global = true, env = "CODETUNE_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<String>,
    /// Give the tensors of models at most this much memory, such as 8GB or 512MiB; otherwise three quarters of what the
    /// machine or the container has.
    #[arg(long, global = true, env = "CODETUNE_MEMORY", value_name = "SIZE", hide_env_values = true, value_parser = memory())]
    pub memory: Option<Budget>,
    /// Load the plugins of this folder too.
    #[arg(long, global = true, value_name = "FOLDER")]
    pub plugins: Vec<PathBuf>,
    /// Load the native library with this digest, with your own rights.
    #[arg(long, global = true, value_name = "DIGEST", value_parser = digest())]
    pub trust_native: Vec<Digest>,
    /// Switch a plugin off, by its whole name or by its file.
    #[arg(long, global = true, value_name = "NAME")]
    pub disable: Vec<String>,
    /// Set a limit of every plugin, as time_ms=5000, or of one, as acme/todo.memory_mib=512. There are time_ms,
    /// memory_mib and output_kib, for each file. Several are separated by commas.
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
    /// Load codetune's own plugins this way: builtin, native or wasm.
    #[arg(long, global = true, value_name = "CARRIER", value_parser = carrier())]
    pub carrier: Option<Carrier>,
}

fn digest() -> ValueParser {
    ValueParser::new(|text: &str| text.parse::<Digest>())
}

fn plugin_limit() -> ValueParser {
    ValueParser::new(|text: &str| text.parse::<LimitOverride>())
}

fn memory() -> ValueParser {
    let read = |text: &str| parsed_size(text).filter(|bytes| *bytes > 0).map(Budget::bytes);
    ValueParser::new(move |text: &str| read(text).ok_or("write a size, such as 8GB or 512MiB"))
}

fn carrier() -> ValueParser {
    ValueParser::new(|text: &str| text.parse::<Carrier>())
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Go the whole way on real code: analyse, build a dataset, train, fine-tune, compare.
    Quickstart(quickstart::Arguments),
    /// Show the plugins.
    #[command(subcommand)]
    Plugin(plugin::Command),
    /// Analyse source code.
    Analyze(analyze::Arguments),
    /// Build and look into datasets.
    #[command(subcommand)]
    Dataset(dataset::Command),
    /// Train tokenizers.
    #[command(subcommand)]
    Tokenizer(tokenizer::Command),
    /// Make models.
    #[command(subcommand)]
    Model(model::Command),
    /// Train as a run file says.
    Train(train::Arguments),
    /// Look at training runs.
    #[command(subcommand)]
    Runs(runs::Command),
    /// Let a model go on with a text.
    Generate(generate::Arguments),
    /// Print completions for a shell.
    Completions(completions::Arguments),
}
