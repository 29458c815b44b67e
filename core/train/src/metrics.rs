use serde::{Deserialize, Deserializer, Serialize, de::Error};
use time::OffsetDateTime;

use super::trainable::TrainableError;

/// Names of metrics. All except [`TOKENS_PER_S`](key::TOKENS_PER_S) are the same in identical runs.
pub mod key {
    /// Loss of a step, in nats per label token.
    pub const TRAIN_LOSS: &str = "train_loss";
    /// Held-out loss, in nats per label token.
    pub const EVAL_LOSS: &str = "eval_loss";
    /// Learning rate of a step.
    pub const LEARNING_RATE: &str = "learning_rate";
    /// Gradient norm before clipping.
    pub const GRAD_NORM: &str = "grad_norm";
    /// Label tokens since the start.
    pub const TOKENS: &str = "tokens";
    /// Label tokens per second in a step, which differs between identical runs.
    pub const TOKENS_PER_S: &str = "tokens_per_s";

    /// All metric names.
    pub const ALL: [&str; 6] = [TRAIN_LOSS, EVAL_LOSS, LEARNING_RATE, GRAD_NORM, TOKENS, TOKENS_PER_S];
}

/// A metric at a step; steps count from 1, and 0 is before the first step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Metric {
    /// Its name, one of [`key`].
    pub key: &'static str,
    /// The step.
    pub step: u64,
    /// The value.
    pub value: f64,
}

/// The start of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochStart {
    /// The epoch, counted from 0.
    pub epoch: u64,
    /// Its first step, counted from 1.
    pub first_step: u64,
    /// When that step was done.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
}

/// A metric as deserialized.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    key: String,
    step: u64,
    value: f64,
}

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { key: name, step, value } = Written::deserialize(deserializer)?;
        let known = key::ALL.into_iter().find(|key| *key == name);
        let known = known.ok_or_else(|| D::Error::custom(format!("unknown metric {name:?}")))?;
        Ok(Metric { key: known, step, value })
    }
}

/// Records the metrics of a run. The trainer passes them in large batches before each checkpoint. If the sink fails,
/// the checkpoint keeps them, and they are passed again.
pub trait MetricSink: Send {
    /// The id of the run in the sink. Checkpoints store it, so that a resumed run is recognized.
    fn run(&self) -> Option<String> {
        None
    }

    /// Resumes the run after a step: discards everything recorded for later steps.
    ///
    /// # Errors
    /// The sink failed.
    fn resume(&mut self, after_step: u64) -> Result<(), TrainableError>;

    /// Records epochs and metrics atomically.
    ///
    /// # Errors
    /// The sink failed.
    fn append(&mut self, epochs: &[EpochStart], metrics: &[Metric]) -> Result<(), TrainableError>;
}

/// Discards all metrics.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoMetrics;

impl MetricSink for NoMetrics {
    fn resume(&mut self, _: u64) -> Result<(), TrainableError> {
        Ok(())
    }

    fn append(&mut self, _: &[EpochStart], _: &[Metric]) -> Result<(), TrainableError> {
        Ok(())
    }
}
