//! `codetune train`

use std::path::PathBuf;

use codetune_core::run::{Start, Trained};
use codetune_core::train::{RunConfig, TrainOutcome, TrainSummary};
use codetune_core::validate::Setting;

use crate::bounds::setting;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::curve::{self, Series};
use crate::terminal::format::{count, time};
use crate::training::{self, Watch};

const EXAMPLES: &str = "\
Examples:
  codetune train run.toml
  codetune train run.toml --set train.learning_rate=1e-4 --set output.dir='\"runs/other\"'
  codetune train run.toml --resume

A run file:
  seed = 7
  [model]
  path = \"models/mine\"
  [data]
  dataset = \"data/mine\"
  [adapter]                  # omit to train all weights
  r = 16
  targets = \"all-linear\"
  [train]
  epochs = 3
  batch_size = 8
  learning_rate = 1e-3
  warmup_ratio = 0.05
  [output]
  dir = \"runs/mine\"

Ctrl-C, SIGTERM and SIGHUP save a checkpoint and exit. A resumed run produces bit-identical results to an \
uninterrupted one. To extend a finished run, raise epochs or max_steps and use --resume.";

/// Arguments of `train`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Run file in TOML.
    pub run_file: PathBuf,
    /// Resume from the newest checkpoint, or restart if there is none yet; with RUN, only if the checkpoint belongs to
    /// it.
    #[arg(long, value_name = "RUN", num_args = 0..=1)]
    pub resume: Option<Option<String>>,
    /// Override a key of the run file with a TOML value [can be repeated].
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    pub settings: Vec<Setting>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Runs `train`.
///
/// # Errors
/// The run file or one of its inputs is invalid, or training fails.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let config = RunConfig::load_with(&arguments.run_file, &arguments.settings)?;
    let start = match &arguments.resume {
        None => Start::New,
        Some(run) => Start::Resume(run.clone()),
    };
    let mut watch = Watch::new(context.terminal, "training");
    let trained = training::train(&config, &start, context, &mut watch)?;
    answer(arguments, &trained, &watch, context)
}

fn answer(
    arguments: &Arguments,
    trained: &Trained,
    watch: &Watch,
    context: &Context,
) -> Result<Exit, Failure> {
    let (terminal, run) = (&context.terminal, &trained.run);
    match &trained.outcome {
        TrainOutcome::Interrupted { step, checkpoint } => {
            let resume = resume_command(std::env::args_os().map(|word| word.to_string_lossy().into_owned()));
            if arguments.json {
                terminal.json(&serde_json::json!({
                    "run": run.to_string(), "status": "interrupted", "step": step, "checkpoint": checkpoint,
                }))?;
            }
            let (run, checkpoint) = (run.to_string(), checkpoint.clone());
            Err(CommandError::RunInterrupted { run, step: count(*step), checkpoint, resume }.into())
        }
        TrainOutcome::Completed(summary) if arguments.json => {
            terminal.json(
                &serde_json::json!({ "run": run.to_string(), "status": "completed", "summary": summary }),
            )?;
            Ok(Exit::Done)
        }
        TrainOutcome::Completed(summary) => {
            let series = [
                Series { name: "training loss", points: watch.train.clone() },
                Series { name: "held-out loss", points: watch.held_out.clone() },
            ];
            terminal.print(&curve::draw(&series, terminal.width))?;
            let seconds = std::time::Duration::from_secs_f64(summary.seconds.max(0.0));
            let mut text = format!(
                "{} steps, {} tokens, {}\n",
                count(summary.steps),
                count(summary.tokens),
                time(seconds)
            );
            text.extend(held_out(summary));
            text.push_str(&format!(
                "wrote {}\nfor details run: codetune runs show {run}\n",
                summary.output.display()
            ));
            terminal.print(&text)?;
            Ok(Exit::Done)
        }
    }
}

/// A line about the held-out loss, if it was evaluated.
fn held_out(summary: &TrainSummary) -> Option<String> {
    let (first, last) = (summary.first_eval_loss?, summary.last_eval_loss?);
    let best = summary.best_eval_loss.filter(|_| summary.delivered_step != summary.steps);
    let kept = best.map_or_else(String::new, |best| {
        format!("; {best:.4} at step {}, whose weights are kept", count(summary.delivered_step))
    });
    Some(format!("held-out loss {first:.4} before, {last:.4} after{kept}\n"))
}

/// The given command line with `--resume`, quoted for a shell.
fn resume_command(given: impl IntoIterator<Item = String>) -> String {
    let mut words = vec!["codetune".to_owned()];
    words.extend(given.into_iter().skip(1));
    if !words.iter().any(|word| word == "--resume" || word.starts_with("--resume=")) {
        words.push("--resume".to_owned());
    }
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}

#[cfg(test)]
mod tests {
    use codetune_core::train::StopReason;

    use super::*;

    #[test]
    fn the_held_out_loss_is_told_with_the_step_whose_weights_are_kept() {
        let mut summary = TrainSummary {
            reason: StopReason::EarlyStopping,
            steps: 150,
            tokens: 1,
            seconds: 1.0,
            train_loss: None,
            first_eval_loss: Some(3.0),
            last_eval_loss: Some(2.5),
            best_eval_loss: Some(2.0),
            delivered_step: 150,
            output: PathBuf::new(),
        };
        assert_eq!(held_out(&summary).unwrap(), "held-out loss 3.0000 before, 2.5000 after\n");
        summary.delivered_step = 120;
        assert_eq!(
            held_out(&summary).unwrap(),
            "held-out loss 3.0000 before, 2.5000 after; 2.0000 at step 120, whose weights are kept\n"
        );
        summary.first_eval_loss = None;
        assert_eq!(held_out(&summary), None);
    }

    #[test]
    fn the_command_to_go_on_with_can_be_pasted() {
        let given =
            ["target/codetune", "train", "my run.toml", "--set", "output.dir='a'", "--database", "x.db"];
        assert_eq!(
            resume_command(given.map(str::to_owned)),
            "codetune train 'my run.toml' --set \"output.dir='a'\" --database x.db --resume"
        );
        let given = ["codetune", "train", "run.toml", "--resume", "20260131"];
        assert_eq!(resume_command(given.map(str::to_owned)), "codetune train run.toml --resume 20260131");
    }
}
