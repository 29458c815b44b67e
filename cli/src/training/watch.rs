//! Progress of a training run.

use codetune_core::redact::escape_control;
use codetune_core::train::{Event, Observer, StopReason};

use crate::terminal::Terminal;
use crate::terminal::format::{count, short};
use crate::terminal::progress::Progress;

/// Shows the progress of a run and records its loss curve.
pub struct Watch {
    terminal: Terminal,
    doing: String,
    progress: Progress,
    eval: Option<f64>,
    /// Training loss by step.
    pub train: Vec<(f32, f32)>,
    /// Held-out loss by step.
    pub held_out: Vec<(f32, f32)>,
}

impl Watch {
    /// Creates a watch with a label.
    pub fn new(terminal: Terminal, doing: &str) -> Self {
        Watch {
            terminal,
            doing: doing.to_owned(),
            progress: terminal.progress(doing, "steps"),
            eval: None,
            train: Vec::new(),
            held_out: Vec::new(),
        }
    }

    /// Removes the progress bar.
    pub fn finish(&self) {
        self.progress.finish();
    }
}

impl Observer for Watch {
    fn on(&mut self, event: &Event) {
        match event {
            Event::RunStarted { step, total, parameters, .. } => {
                let from = if *step > 0 { format!(" from step {}", count(*step)) } else { String::new() };
                let (parameters, total) = (count(*parameters), count(*total));
                self.terminal.note(&format!("{}: {parameters} parameters, {total} steps{from}", self.doing));
                self.progress = self.terminal.progress(&self.doing, "steps");
            }
            Event::Step(report) => {
                self.train.push((report.step as f32, report.loss as f32));
                let held_out = self.eval.map(|loss| format!(", held-out {loss:.3}")).unwrap_or_default();
                let more =
                    format!("loss {:.3}{held_out}, {} tokens/s", report.loss, short(report.tokens_per_s));
                self.progress.at_with(report.step, report.total, &more);
            }
            Event::Evaluated { step, loss, .. } => {
                self.eval = Some(*loss);
                self.held_out.push((*step as f32, *loss as f32));
            }
            Event::CheckpointSaved { step, path } => {
                tracing::info!("checkpoint of step {step} saved at {}", path.display());
            }
            Event::Warning(warning) => self.terminal.warn(&escape_control(warning)),
            Event::Stopped { step, reason } => {
                self.progress.finish();
                let why = match reason {
                    StopReason::AllSteps => "all steps done",
                    StopReason::TimeLimit => "time limit reached",
                    StopReason::EarlyStopping => "early stopping",
                    StopReason::Interrupted => "interrupted",
                };
                self.terminal.note(&format!("{}: stopped after step {}: {why}", self.doing, count(*step)));
            }
            Event::Restored { step, .. } => self.terminal.note(&format!(
                "{}: restored the weights of step {}, which had the lowest held-out loss",
                self.doing,
                count(*step)
            )),
        }
    }
}
