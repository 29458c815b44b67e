//! The command line of codetune.

mod allocator;
mod arguments;
mod bounds;
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

use std::io::Write;
use std::process::ExitCode;

use crate::arguments::Arguments;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

fn main() -> ExitCode {
    explain_panics();
    let arguments = match Arguments::read() {
        Ok(arguments) => arguments,
        Err(error) => {
            let error = former_option::explain(error);
            if error.use_stderr() && arguments::json_is_wanted() {
                arguments::failure(&error).print(false, true);
                return Exit::Usage.into();
            }
            // A closed pipe, as in `codetune --help | head`, is not an error.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done }.into();
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
        let report = concat!(env!("CARGO_PKG_REPOSITORY"), "/issues");
        // `eprintln` would panic again if stderr is closed.
        let _ = writeln!(
            std::io::stderr(),
            "error: internal error in codetune {}\n  help: this is a bug; please report the lines above and the \
             command at {report}",
            env!("CARGO_PKG_VERSION")
        );
    }));
}
