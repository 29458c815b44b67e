//! `codetune quickstart`: the whole pipeline on real code, a file for each stage.

mod compare;
mod complete;
mod corpus;
mod finish;
mod folder;
mod recipe;
mod survey;
mod tune;

use std::path::PathBuf;
use std::time::Instant;

use codetune_core::validate::SEED;

use crate::bounds::whole;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::terminal::style::Style;

const EXAMPLES: &str = "\
Examples:
  codetune quickstart                     Use the code in the current directory
  codetune quickstart ~/src/project       Use other code
  codetune quickstart . --minutes 10      Train longer

Writes only to the --out directory, the run database and the cache.";

/// Arguments of `quickstart`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Directory with source code.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Write results to this directory; results of an earlier quickstart are moved aside.
    #[arg(long, value_name = "DIR", default_value = "codetune-quickstart")]
    pub out: PathBuf,
    /// Training time in minutes: three fifths for the base model, the rest for fine-tuning.
    #[arg(long, value_name = "N", default_value_t = 3.0, value_parser = minutes)]
    pub minutes: f64,
    /// Random seed.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole::<u64>(&SEED))]
    pub seed: u64,
}

fn minutes(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(minutes) if (0.05..=10_000.0).contains(&minutes) => Ok(minutes),
        _ => Err("expected a number from 0.05 to 10000".into()),
    }
}

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
