//! `codetune completions`

use clap_complete::Shell;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  codetune completions fish > ~/.config/fish/completions/codetune.fish")]
pub struct Arguments {
    /// Shell to generate completions for.
    pub shell: Shell,
}

/// Prints the completion script.
///
/// # Errors
/// Stdout cannot be written.
pub fn run(arguments: &Arguments, mut program: clap::Command, context: &Context) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut program, "codetune", &mut script);
    context.terminal.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
