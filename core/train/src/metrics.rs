use serde::{Deserialize, Deserializer, Serialize, de::Error};
use time::OffsetDateTime;

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

    /// All of them.
    pub const ALL: [&str; 6] = [TRAIN_LOSS, EVAL_LOSS, LEARNING_RATE, GRAD_NORM, TOKENS, TOKENS_PER_S];
}

/// A value of a key at a step; steps count from 1, and 0 is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Metric {
    /// What it measures, of [`key`].
    pub key: &'static str,
    /// The step.
    pub step: u64,
    /// The value.
    pub value: f64,
}

/// Where an epoch begins.
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

/// A metric as it is read.
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
        let known = known.ok_or_else(|| D::Error::custom(format!("there is no metric {name:?}")))?;
        Ok(Metric { key: known, step, value })
    }
}

/// Keeps the metrics of one run. The trainer hands them over in large lots, before each checkpoint; what is refused is
/// kept in the checkpoint, and handed over again.
pub trait MetricSink: Send {
    /// The run's name there; checkpoints carry it, so that whoever resumes finds the run again.
    fn run(&self) -> Option<String> {
        None
    }

    /// Takes the run up again after a step: what was recorded after it is to be forgotten.
    ///
    /// # Errors
    /// The sink cannot be reached.
    fn resume(&mut self, after_step: u64) -> Result<(), ModelError>;

    /// Records epochs and metrics, all of them or none.
    ///
    /// # Errors
    /// The sink cannot be reached.
    fn append(&mut self, epochs: &[EpochStart], metrics: &[Metric]) -> Result<(), ModelError>;
}

/// Keeps nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoMetrics;

impl MetricSink for NoMetrics {
    fn resume(&mut self, _: u64) -> Result<(), ModelError> {
        Ok(())
    }

    fn append(&mut self, _: &[EpochStart], _: &[Metric]) -> Result<(), ModelError> {
        Ok(())
    }
}
