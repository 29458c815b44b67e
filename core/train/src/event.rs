use std::path::PathBuf;

/// An event of a run, in order of occurrence.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The start of this part of the run.
    RunStarted {
        /// Steps done in earlier parts.
        step: u64,
        /// Total number of steps.
        total: u64,
        /// Steps per epoch.
        steps_per_epoch: u64,
        /// Number of trained parameters.
        parameters: u64,
    },
    /// A step was done.
    Step(StepReport),
    /// The model was evaluated on the held-out data.
    Evaluated {
        /// Steps done.
        step: u64,
        /// Loss in nats per label token.
        loss: f64,
        /// Whether it is the lowest so far.
        best: bool,
    },
    /// A checkpoint was saved.
    CheckpointSaved {
        /// Steps done.
        step: u64,
        /// Its directory.
        path: PathBuf,
    },
    /// A problem that does not end the run.
    Warning(String),
    /// The end of this part of the run.
    Stopped {
        /// Steps done.
        step: u64,
        /// The reason.
        reason: StopReason,
    },
    /// The weights of the best evaluation were restored, as requested by `eval.restore_best`.
    Restored {
        /// The step of that evaluation.
        step: u64,
        /// Its held-out loss in nats per label token, the lowest.
        loss: f64,
    },
}

/// A training step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// Steps done, including this one.
    pub step: u64,
    /// Total number of steps.
    pub total: u64,
    /// The epoch of the step, counted from 0.
    pub epoch: u64,
    /// Loss in nats per label token.
    pub loss: f64,
    /// Learning rate.
    pub learning_rate: f64,
    /// Gradient norm before clipping.
    pub grad_norm: f64,
    /// Label tokens since the start of the run.
    pub tokens: u64,
    /// Label tokens per second in this step.
    pub tokens_per_s: f64,
}

/// Why a run stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// All steps are done.
    AllSteps,
    /// The time limit was reached.
    TimeLimit,
    /// The held-out loss did not improve for `eval.early_stopping_patience` evaluations.
    EarlyStopping,
    /// The user asked to stop; the run can be resumed.
    Interrupted,
}

/// Observes a run. It is called between computations, so it should return quickly.
pub trait Observer {
    /// Handles an event.
    fn on(&mut self, event: &Event);
}

/// A closure as an observer.
impl<F: FnMut(&Event)> Observer for F {
    fn on(&mut self, event: &Event) {
        self(event);
    }
}

/// The outcome of [`Trainer::run`](super::Trainer::run).
#[derive(Debug, Clone, PartialEq)]
pub enum TrainOutcome {
    /// The run finished and its result is written.
    Completed(TrainSummary),
    /// The run was stopped; it can be resumed from the checkpoint.
    Interrupted {
        /// Steps done.
        step: u64,
        /// The checkpoint.
        checkpoint: PathBuf,
    },
}

/// The results of a completed run.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct TrainSummary {
    /// Why it stopped.
    pub reason: StopReason,
    /// Steps done.
    pub steps: u64,
    /// Label tokens trained on.
    pub tokens: u64,
    /// Seconds of training, including earlier parts.
    pub seconds: f64,
    /// Loss of the last step.
    pub train_loss: Option<f64>,
    /// Held-out loss before the first step.
    pub first_eval_loss: Option<f64>,
    /// Held-out loss after the last step.
    pub last_eval_loss: Option<f64>,
    /// Lowest held-out loss.
    pub best_eval_loss: Option<f64>,
    /// The step of the resulting weights: the last, or with `eval.restore_best` the one with the lowest held-out loss.
    pub delivered_step: u64,
    /// The directory of the adapter or model.
    pub output: PathBuf,
}
