//! Stage 6: the loss curve and a comparison of the models.

use super::tune::Tuned;
use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::curve::{self, Series};
use crate::terminal::format::short;
use crate::terminal::table::TextTable;

/// Prints both runs as one curve, and the losses on held-out code.
///
/// # Errors
/// Stdout cannot be written.
pub fn show(base: &Tuned, lora: &Tuned, context: &Context) -> Result<(), Failure> {
    let offset = base.summary.steps as f32;
    let joined = |first: &[(f32, f32)], second: &[(f32, f32)]| -> Vec<(f32, f32)> {
        first.iter().copied().chain(second.iter().map(|(step, loss)| (step + offset, *loss))).collect()
    };
    let series = [
        Series { name: "training loss", points: joined(&base.watch.train, &lora.watch.train) },
        Series { name: "held-out loss", points: joined(&base.watch.held_out, &lora.watch.held_out) },
    ];
    context.terminal.print(&curve::draw(&series, context.terminal.width))?;
    let mut table = TextTable::new(&["MODEL", ">STEPS", ">HELD-OUT LOSS", ">PERPLEXITY"]);
    let mut row = |name: &str, steps: u64, loss: Option<f64>| {
        let loss = loss.unwrap_or(f64::NAN);
        table.row([name.to_owned(), steps.to_string(), format!("{loss:.4}"), short(loss.exp())]);
    };
    row("random weights", 0, base.summary.first_eval_loss);
    row("base", base.summary.steps, base.summary.last_eval_loss);
    row("fine-tuned", lora.summary.steps, lora.summary.last_eval_loss);
    context.terminal.print(&format!("\n{}", table.render(&context.terminal)))?;
    context.terminal.print(&format!("\nPEFT adapter: {}\n", lora.summary.output.display()))
}
