use super::trainable::ModelError;

/// What [`MetricSink`] records. All but [`TOKENS_PER_S`](key::TOKENS_PER_S) are equal in equal runs.
pub mod key {
    /// Loss of the step, nats a label token.
    pub const TRAIN_LOSS: &str = "train_loss";
    /// Loss on the held-out data, nats a label token.
    pub const EVAL_LOSS: &str = "eval_loss";
    /// Learning rate of the step.
    pub const LEARNING_RATE: &str = "learning_rate";
    /// Norm of the gradients before clipping.
    pub const GRAD_NORM: &str = "grad_norm";
    /// Label tokens since the start.
    pub const TOKENS: &str = "tokens";
    /// Label tokens a second in the step: a measurement, different in every run.
    pub const TOKENS_PER_S: &str = "tokens_per_s";
}

/// A value of a key at a step; steps count from 1, and 0 is before the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// What it measures, of [`key`].
    pub key: &'static str,
    /// The step.
    pub step: u64,
    /// The value.
    pub value: f64,
}

/// Keeps the metrics of one run. The trainer hands them over in large lots, before each checkpoint.
pub trait MetricSink {
    /// The run's name there; checkpoints carry it, so that whoever resumes finds the run again.
    fn run(&self) -> Option<String> {
        None
    }

    /// Takes the run up again after a step: what was recorded after it is to be forgotten.
    ///
    /// # Errors
    /// The sink cannot be reached.
    fn resume(&mut self, after_step: u64) -> Result<(), ModelError>;

    /// Records that an epoch, counted from 0, begins with a step.
    ///
    /// # Errors
    /// The sink cannot be reached.
    fn begin_epoch(&mut self, epoch: u64, first_step: u64) -> Result<(), ModelError>;

    /// Records metrics, all of them or none.
    ///
    /// # Errors
    /// The sink cannot be reached.
    fn append(&mut self, metrics: &[Metric]) -> Result<(), ModelError>;
}

/// Keeps nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoMetrics;

impl MetricSink for NoMetrics {
    fn resume(&mut self, _: u64) -> Result<(), ModelError> {
        Ok(())
    }

    fn begin_epoch(&mut self, _: u64, _: u64) -> Result<(), ModelError> {
        Ok(())
    }

    fn append(&mut self, _: &[Metric]) -> Result<(), ModelError> {
        Ok(())
    }
}
