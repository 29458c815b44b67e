//! How the data becomes steps.

use std::ops::Range;

use super::{run_config::RunConfig, schedule::Schedule};

/// How many steps a run has, and which micro-batches each of them takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Micro-batches in an epoch.
    pub per_epoch: u64,
    /// Micro-batches in a step.
    pub accumulation: u64,
    /// Steps in all.
    pub total: u64,
    /// The learning rate of each step.
    pub schedule: Schedule,
    /// The micro-batch after the last.
    end: u64,
}

impl Plan {
    /// The plan of a configuration, for data with that many micro-batches in an epoch, at least 1.
    pub(super) fn new(config: &RunConfig, per_epoch: u64) -> Self {
        let train = &config.train;
        let accumulation = train.gradient_accumulation.max(1);
        let end = train.epochs.map_or(u64::MAX, |epochs| epochs.saturating_mul(per_epoch));
        let total = end.div_ceil(accumulation).min(train.max_steps.unwrap_or(u64::MAX));
        let schedule = Schedule {
            kind: train.schedule,
            peak: train.learning_rate,
            warmup: train.warmup.steps(total),
            total,
        };
        Self { per_epoch, accumulation, total, schedule, end }
    }

    /// The micro-batches of a step, both counted from 0 over all epochs.
    pub(super) fn micro_batches(&self, step: u64) -> Range<u64> {
        let first = step * self.accumulation;
        first..first.saturating_add(self.accumulation).min(self.end)
    }
}
