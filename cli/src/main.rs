//! The command line of codetune: arguments, progress and output.

mod allocator;
mod arguments;
mod bounds;
mod commands;
mod context;
mod dispatch;
mod exit;
mod failure;
mod folders;
mod globals;
mod interrupt;
mod logging;
mod plugins;
mod presets;
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
            // A closed pipe, as in `codetune --help | head`, is no error.
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
            failure.print(terminal.error_color);
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

/// A panic is never the user's fault.
fn explain_panics() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        default(panic);
        let report = concat!(env!("CARGO_PKG_REPOSITORY"), "/issues");
        // Printing may not panic again, as `eprintln` does on a closed stderr.
        let _ = writeln!(
            std::io::stderr(),
            "error: this is a defect of codetune {}, not of your input\n  help: please report the lines above and \
             the command at {report}",
            env!("CARGO_PKG_VERSION")
        );
    }));
}
