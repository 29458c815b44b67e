//! The command line.

use clap::{Parser, Subcommand};

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
