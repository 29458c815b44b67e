//! The command line.

use std::ffi::OsStr;

use clap::error::{ContextKind, ContextValue, Error};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::{
    analyze, completions, dataset, explain, generate, model, plugin, quickstart, runs, tokenizer, train,
};
use crate::exit;
use crate::globals::Globals;

const AFTER_HELP: &str = "\
Examples:
  codetune quickstart                      Run the whole pipeline here
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
        let is_empty = |variable: &OsStr| std::env::var_os(variable).is_some_and(|value| value.is_empty());
        let command = Self::command().mut_args(|argument| match argument.get_env() {
            Some(variable) if is_empty(variable) => argument.env(NO_VARIABLE),
            _ => argument,
        });
        let mut command = with_negative_numbers(command);
        let read = command.try_get_matches_from_mut(std::env::args_os());
        let read = read.and_then(|matches| Self::from_arg_matches(&matches));
        read.map_err(|error| if error.use_stderr() { blame(error.format(&mut command)) } else { error })
    }
}

const NO_VARIABLE: Option<&str> = None;

/// Lets options take negative numbers as values, as in `--seed -1`, so that errors are about the value.
fn with_negative_numbers(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|argument| {
        let takes_value = argument.get_long().is_some() && argument.get_action().takes_values();
        argument.allow_negative_numbers(takes_value)
    });
    command.mut_subcommands(with_negative_numbers)
}

/// Adds the environment variable that caused an error. If the command line is invalid without variables too, returns
/// that error: otherwise the usage would show all options with variables as required.
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
    /// Explain an error code.
    Explain(explain::Arguments),
    /// Print a shell completion script.
    Completions(completions::Arguments),
}

/// Whether the arguments ask for JSON, even if they are invalid otherwise: errors are then printed as JSON, too.
pub fn json_is_wanted() -> bool {
    std::env::args_os().take_while(|argument| argument != "--").any(|argument| argument == "--json")
}
