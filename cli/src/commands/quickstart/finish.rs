//! Stage 8: commands to run next.

use std::path::Path;
use std::time::Duration;

use super::tune::Tuned;
use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::format::time;

/// Prints commands to run next.
///
/// # Errors
/// Stdout cannot be written.
pub fn show(
    path: &Path,
    base: &Tuned,
    lora: &Tuned,
    took: Duration,
    context: &Context,
) -> Result<(), Failure> {
    let (model, adapter) = (base.summary.output.display(), lora.summary.output.display());
    let text = [
        ("show the fine-tuning run", format!("codetune runs show {}", lora.run)),
        ("show the base run", format!("codetune runs show {}", base.run)),
        (
            "complete your own code",
            format!("codetune generate {model} --adapter {adapter} --prompt 'fn main() {{'"),
        ),
        ("list all findings", format!("codetune analyze {} --all", path.display())),
        ("describe a plugin", "codetune plugin info metrics".to_owned()),
        ("train again", format!("codetune train {} --set output.dir='\"again\"'", lora.run_file.display())),
    ];
    for (what, command) in text {
        context.terminal.print(&format!("{what:<26} {command}\n"))?;
    }
    context.terminal.print(&format!("\nfinished in {}\n", time(took)))
}
