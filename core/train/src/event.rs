use std::path::PathBuf;

/// What happens in a run, in the order in which it happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Before the first step of this part of the run.
    RunStarted {
        /// Steps done in earlier parts.
        step: u64,
        /// Steps in all.
        total: u64,
        /// Steps in an epoch.
        steps_per_epoch: u64,
        /// How many numbers are trained.
        parameters: u64,
    },
    /// A step is done.
    Step(StepReport),
    /// The held-out data was looked at.
    Evaluated {
        /// Steps done.
        step: u64,
        /// Nats a label token.
        loss: f64,
        /// Whether it is the lowest so far.
        best: bool,
    },
    /// The state was kept.
    CheckpointSaved {
        /// Steps done.
        step: u64,
        /// Its folder.
        path: PathBuf,
    },
    /// Something that the run survives but someone should know.
    Warning(String),
    /// No further step in this part of the run.
    Stopped {
        /// Steps done.
        step: u64,
        /// Why.
        reason: StopReason,
    },
    /// The weights of an earlier step were put back, as `eval.restore_best` asks, and become the result.
    Restored {
        /// The step that they are of.
        step: u64,
        /// The held-out loss there, the lowest; nats a label token.
        loss: f64,
    },
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// Steps done, this one included.
    pub step: u64,
    /// Steps in all.
    pub total: u64,
    /// The epoch of the step, counted from 0.
    pub epoch: u64,
    /// Nats a label token.
    pub loss: f64,
    /// Learning rate.
    pub learning_rate: f64,
    /// Norm of the gradients before clipping.
    pub grad_norm: f64,
    /// Label tokens since the start of the run.
    pub tokens: u64,
    /// Label tokens a second in this step.
    pub tokens_per_s: f64,
}

/// Why no further step is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// All steps are done.
    AllSteps,
    /// The time is up.
    TimeLimit,
    /// The held-out loss has not improved for long enough.
    EarlyStopping,
    /// Someone asked for it; the run can be resumed.
    Interrupted,
}

/// Watches a run. It is called between computations, so it should be quick.
pub trait Observer {
    /// Takes note of an event.
    fn on(&mut self, event: &Event);
}

/// Watches with a closure.
impl<F: FnMut(&Event)> Observer for F {
    fn on(&mut self, event: &Event) {
        self(event);
    }
}

/// How a call of [`Trainer::run`](super::Trainer::run) ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The result is written.
    Completed(TrainSummary),
    /// It was asked to stop; resuming goes on from the checkpoint.
    Interrupted {
        /// Steps done.
        step: u64,
        /// The checkpoint.
        checkpoint: PathBuf,
    },
}

/// What a completed run came to.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct TrainSummary {
    /// Why it ended.
    pub reason: StopReason,
    /// Steps done.
    pub steps: u64,
    /// Label tokens trained on.
    pub tokens: u64,
    /// Seconds of training, resumed parts included.
    pub seconds: f64,
    /// The last step's loss.
    pub train_loss: Option<f64>,
    /// The held-out loss before the first step.
    pub first_eval_loss: Option<f64>,
    /// The held-out loss after the last step.
    pub last_eval_loss: Option<f64>,
    /// The lowest held-out loss.
    pub best_eval_loss: Option<f64>,
    /// The step whose weights are the result: the last, or with `eval.restore_best` that of the lowest held-out loss.
    pub delivered_step: u64,
    /// The folder of the adapter or the model.
    pub output: PathBuf,
}
