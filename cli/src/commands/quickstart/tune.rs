//! Stages 4 and 5: training from scratch, then fine-tuning.

use std::path::{Path, PathBuf};

use codetune_core::model::Preset;
use codetune_core::plugin::Registry;
use codetune_core::run::{NewModel, Start, create_model};
use codetune_core::store::RunId;
use codetune_core::train::{RunConfig, TrainOutcome, TrainSummary};

use super::arguments::Arguments;
use super::corpus::{Corpus, SEQUENCE};
use super::recipe;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::format::{count, short};
use crate::training::{self, Watch};

/// The base model's share of the training time.
const BASE_SHARE: f64 = 0.6;

/// A finished run.
pub struct Tuned {
    /// Its id in the store.
    pub run: RunId,
    /// Its run file.
    pub run_file: PathBuf,
    /// Its results.
    pub summary: TrainSummary,
    /// Its loss curve.
    pub watch: Watch,
}

/// Trains the base model.
///
/// # Errors
/// As [`training::train`].
pub fn base(
    corpus: &Corpus,
    out: &Path,
    arguments: &Arguments,
    registry: &Registry,
    context: &Context,
) -> Result<Tuned, Failure> {
    let folder = out.join("init");
    let tokenizer = &corpus.tokenizer;
    let config = Preset::Small.config(folder.join("config.json"), tokenizer.vocab_size(), tokenizer.end());
    let new = NewModel { config: &config, tokenizer: Some(tokenizer), seed: arguments.seed, backend: None };
    let parameters = create_model(registry, &new, &folder, context.memory)?;
    context.terminal.print(&format!(
        "{}, {} parameters, sequences of {SEQUENCE} tokens\n",
        config.architecture,
        count(parameters)
    ))?;
    let text = recipe::base(arguments.seed, arguments.minutes * BASE_SHARE);
    run(&out.join("base.toml"), &text, "base model", context)
}

/// Fine-tunes it.
///
/// # Errors
/// As [`training::train`].
pub fn lora(base: &Tuned, out: &Path, arguments: &Arguments, context: &Context) -> Result<Tuned, Failure> {
    let minutes = arguments.minutes * (1.0 - BASE_SHARE);
    // The schedule needs a number of steps; the base model's speed tells how many fit into the time.
    let steps_per_s = base.summary.steps as f64 / base.summary.seconds.max(0.1);
    let steps = (steps_per_s * minutes * 60.0).clamp(20.0, 100_000.0) as u64;
    // The time limit still ends the run if the machine slows down.
    let text = recipe::lora(arguments.seed, minutes * 1.3, steps);
    run(&out.join("lora.toml"), &text, "fine-tuning", context)
}

fn run(path: &Path, text: &str, doing: &str, context: &Context) -> Result<Tuned, Failure> {
    std::fs::write(path, text).map_err(CommandError::file("write", path))?;
    let config = RunConfig::load(path)?;
    let mut watch = Watch::new(context.terminal, doing);
    let trained = training::train(&config, &Start::New, context, &mut watch)?;
    let summary = match trained.outcome {
        TrainOutcome::Completed(summary) => summary,
        TrainOutcome::Interrupted { step, checkpoint } => {
            let resume = format!("codetune train {} --resume", path.display());
            let run = trained.run.to_string();
            return Err(CommandError::RunInterrupted { run, step: count(step), checkpoint, resume }.into());
        }
    };
    let held_out = |loss: Option<f64>| loss.map_or_else(|| "-".into(), |loss| format!("{loss:.4}"));
    context.terminal.print(&format!(
        "{} steps, {} tokens, {} tokens/s; held-out loss {} before, {} after\n",
        count(summary.steps),
        count(summary.tokens),
        short(summary.tokens as f64 / summary.seconds.max(0.1)),
        held_out(summary.first_eval_loss),
        held_out(summary.last_eval_loss)
    ))?;
    Ok(Tuned { run: trained.run, run_file: path.to_owned(), summary, watch })
}
