//! `codetune quickstart`: the whole pipeline on real code, a file for each stage.

mod arguments;
mod compare;
mod complete;
mod corpus;
mod finish;
mod folder;
mod recipe;
mod survey;
mod tune;

use std::time::Instant;

pub use arguments::Arguments;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::terminal::style::Style;

/// Runs the pipeline.
///
/// # Errors
/// The error of the first stage that fails.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let (started, terminal) = (Instant::now(), &context.terminal);
    stage(terminal, 1, "plugins")?;
    let registry = context.registry()?;
    survey::plugins(&registry, context)?;

    stage(terminal, 2, &format!("analyzing {}", arguments.path.display()))?;
    let survey = survey::analyse(arguments, &registry, context)?;
    let out = folder::prepare(&arguments.out, context)?;

    stage(terminal, 3, "building a dataset")?;
    let corpus = corpus::build(survey, &out, arguments.seed, context)?;

    stage(terminal, 4, "training a base model from scratch")?;
    let base = tune::base(&corpus, &out, arguments, &registry, context)?;

    stage(terminal, 5, "fine-tuning it with LoRA")?;
    let lora = tune::lora(&base, &out, arguments, context)?;

    stage(terminal, 6, "results")?;
    compare::show(&base, &lora, context)?;

    stage(terminal, 7, "completing a held-out function")?;
    complete::show(&corpus, &base, &lora, &registry, context)?;

    stage(terminal, 8, "next steps")?;
    finish::show(&arguments.path, &corpus, &base, &lora, started.elapsed(), context)?;
    Ok(Exit::Done)
}

fn stage(terminal: &Terminal, number: u32, what: &str) -> Result<(), Failure> {
    let what = codetune_core::redact::escape_control(what);
    let heading = terminal.paint(Style::Heading, &format!("{number}/8 {what}"));
    terminal.print(&format!("\n{heading}\n\n"))
}
