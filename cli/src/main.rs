//! The command line of codetune.

mod allocator;
mod arguments;
mod bounds;
mod command_error;
mod commands;
mod context;
mod dispatch;
mod exit;
mod failure;
mod folders;
mod former_option;
mod globals;
mod interrupt;
mod logging;
mod plugins;
mod terminal;
mod training;
mod usage_error;

use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::arguments::Arguments;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::{Color, ShowProgress, Terminal};
use crate::usage_error::UsageError;

fn main() -> ExitCode {
    explain_panics();
    let arguments = match Arguments::read() {
        Ok(arguments) => arguments,
        Err(error) => {
            return refuse(&former_option::explain(error)).into();
        }
    };
    let terminal = {
        let globals = &arguments.globals;
        Terminal::detect(globals.color, globals.quiet, globals.progress)
    };
    match run(&arguments, terminal) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.print(terminal.error_color, arguments::json_is_wanted());
            failure.exit().into()
        }
    }
}

/// Prints the requested help, or what is wrong with the arguments.
fn refuse(error: &clap::Error) -> Exit {
    let is_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    let as_json = arguments::json_is_wanted();
    if !error.use_stderr() || (is_help && !as_json) {
        // A closed pipe, as in `codetune --help | head`, is not an error.
        let _ = error.print();
        return if error.use_stderr() { Exit::Usage } else { Exit::Done };
    }
    let failure = Failure::from(CommandError::Usage(UsageError::from(error)));
    failure.print(Terminal::detect(Color::Auto, false, ShowProgress::Auto).error_color, as_json);
    failure.exit()
}

fn run(arguments: &Arguments, terminal: Terminal) -> Result<Exit, Failure> {
    let globals = &arguments.globals;
    logging::start(globals.verbose, globals.quiet, terminal.error_color)?;
    let context = Context::new(globals, terminal, interrupt::listen()?)?;
    dispatch::run(&arguments.command, &context)
}

/// Asks the user to report a panic.
fn explain_panics() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        default(panic);
        Failure::from(CommandError::Internal).print(false, arguments::json_is_wanted());
    }));
}
