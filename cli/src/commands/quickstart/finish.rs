//! Stage 8: what to type next.

use std::path::Path;
use std::time::Duration;

use super::tune::Tuned;
use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::format::time;

/// Names the commands that go on from here.
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
        ("the fine-tuning run", format!("codetune runs show {}", lora.run)),
        ("the base run", format!("codetune runs show {}", base.run)),
        (
            "complete your own text",
            format!("codetune generate {model} --adapter {adapter} --prompt 'fn main() {{'"),
        ),
        ("every finding", format!("codetune analyze {} --all", path.display())),
        ("the plugins", "codetune plugin info metrics".to_owned()),
        (
            "train again, differently",
            format!("codetune train {} --set output.dir='\"again\"'", lora.run_file.display()),
        ),
    ];
    for (what, command) in text {
        context.terminal.print(&format!("{what:<25} {command}\n"))?;
    }
    context.terminal.print(&format!("\nall of it took {}\n", time(took)))
}
