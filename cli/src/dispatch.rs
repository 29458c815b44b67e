//! Which command the arguments mean.

use clap::CommandFactory;

use crate::arguments::{Arguments, Command};
use crate::commands::{
    analyze, completions, dataset, explain, generate, model, plugin, quickstart, runs, tokenizer, train,
};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Runs a command.
///
/// # Errors
/// What the command says.
pub fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Quickstart(arguments) => quickstart::run(arguments, context),
        Command::Plugin(command) => plugin::run(command, context),
        Command::Analyze(arguments) => analyze::run(arguments, context),
        Command::Dataset(command) => dataset::run(command, context),
        Command::Tokenizer(command) => tokenizer::run(command, context),
        Command::Model(command) => model::run(command, context),
        Command::Train(arguments) => train::run(arguments, context),
        Command::Runs(command) => runs::run(command, context),
        Command::Generate(arguments) => generate::run(arguments, context),
        Command::Explain(arguments) => explain::run(arguments, context),
        Command::Completions(arguments) => completions::run(arguments, Arguments::command(), context),
    }
}
