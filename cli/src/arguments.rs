//! The command line.

use std::ffi::OsStr;

use clap::error::{ContextKind, ContextValue, Error};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::{
    analyze, completions, dataset, generate, model, plugin, quickstart, runs, tokenizer, train,
};
use crate::exit;
use crate::globals::Globals;

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
