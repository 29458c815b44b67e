//! Assigns micro-batches to steps.

use std::ops::Range;

use super::{run_config::RunConfig, schedule::Schedule};

/// The number of steps of a run, and the micro-batches of each step.
///
/// A step never spans two epochs; the last step of an epoch takes the remaining micro-batches. This is what
/// transformers' `Trainer` does without `dataloader_drop_last`: an epoch of `n` sequences has `⌈n / (b·a)⌉` steps with
/// batch size `b` and `a` accumulation steps, so the batch shape does not change which tokens a step is trained on.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepPlan {
    /// Steps per epoch.
    pub steps_per_epoch: u64,
    /// Total number of steps.
    pub total: u64,
    /// The learning rate of each step.
    pub schedule: Schedule,
    /// Micro-batches per epoch.
    per_epoch: u64,
    /// Micro-batches per step, except for the last step of an epoch.
    accumulation: u64,
}

/// A position between two micro-batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The epoch of the next micro-batch, counted from 0.
    pub epoch: u64,
    /// Micro-batches of that epoch before it.
    pub position: u64,
}

impl StepPlan {
    /// Creates the plan for a configuration and data with this many micro-batches per epoch.
    pub(super) fn new(config: &RunConfig, per_epoch: u64) -> Self {
        let train = &config.train;
        let (per_epoch, accumulation) = (per_epoch.max(1), train.gradient_accumulation.max(1));
        let steps_per_epoch = per_epoch.div_ceil(accumulation);
        let by_epochs = train.epochs.map_or(u64::MAX, |epochs| epochs.saturating_mul(steps_per_epoch));
        let total = by_epochs.min(train.max_steps.unwrap_or(u64::MAX));
        let schedule = Schedule {
            kind: train.schedule,
            peak: train.learning_rate,
            warmup: train.warmup.steps(total),
            total,
        };
        Self { steps_per_epoch, total, schedule, per_epoch, accumulation }
    }

    /// The epoch of a step, both counted from 0.
    pub(super) fn epoch(&self, step: u64) -> u64 {
        step / self.steps_per_epoch
    }

    /// Whether a step, counted from 0, is the first of its epoch.
    pub(super) fn begins_epoch(&self, step: u64) -> bool {
        step.is_multiple_of(self.steps_per_epoch)
    }

    /// The micro-batches of a step, both counted from 0 over all epochs.
    pub(super) fn micro_batches(&self, step: u64) -> Range<u64> {
        let begin = self.epoch(step).saturating_mul(self.per_epoch);
        let first = begin.saturating_add(step % self.steps_per_epoch * self.accumulation);
        first..first.saturating_add(self.accumulation).min(begin.saturating_add(self.per_epoch))
    }

    /// The position of a micro-batch.
    pub(super) fn place(&self, micro_batch: u64) -> Place {
        Place { epoch: micro_batch / self.per_epoch, position: micro_batch % self.per_epoch }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn plan(rows: u64, batch: u64, accumulation: u64, limit: &str) -> StepPlan {
        let text = format!(
            "[model]\npath = 'm'\n[data]\ndataset = 'd'\n[train]\nbatch_size = {batch}\n\
             gradient_accumulation = {accumulation}\n{limit}\n[output]\ndir = 'o'\n"
        );
        let config = RunConfig::parse(&text, "run.toml", Path::new("/")).unwrap();
        StepPlan::new(&config, rows.div_ceil(batch))
    }

    /// The rows of each step, by epoch and number.
    fn rows(plan: &StepPlan, rows: u64, batch: u64) -> Vec<Vec<(u64, u64)>> {
        let of = |micro_batch| {
            let place = plan.place(micro_batch);
            let first = place.position * batch;
            (first..rows.min(first + batch)).map(move |row| (place.epoch, row))
        };
        (0..plan.total).map(|step| plan.micro_batches(step).flat_map(of).collect()).collect()
    }

    #[test]
    fn six_rows_in_steps_of_four_make_two_steps_an_epoch_as_transformers_trainer_does() {
        // `Trainer` with 6 rows, 3 epochs and 1 × 4, 2 × 2 or 4 × 1 ends with `global_step` 6.
        for (batch, accumulation) in [(1, 4), (2, 2), (4, 1)] {
            let plan = plan(6, batch, accumulation, "epochs = 3");
            assert_eq!((plan.total, plan.steps_per_epoch), (6, 2));
            let lengths: Vec<usize> = rows(&plan, 6, batch).iter().map(Vec::len).collect();
            assert_eq!(lengths, [4, 2, 4, 2, 4, 2]);
        }
    }

    #[test]
    fn a_step_has_the_same_rows_however_it_is_cut_and_an_epoch_has_each_row_once() {
        for count in 1..30 {
            for size in [1, 2, 3, 4, 6, 12] {
                let expected: Vec<Vec<(u64, u64)>> = (0..3)
                    .flat_map(|epoch| {
                        let all: Vec<(u64, u64)> = (0..count).map(|row| (epoch, row)).collect();
                        all.chunks(size as usize).map(<[_]>::to_vec).collect::<Vec<_>>()
                    })
                    .collect();
                for batch in (1..=size).filter(|batch| size % batch == 0) {
                    let plan = plan(count, batch, size / batch, "epochs = 3");
                    assert_eq!(rows(&plan, count, batch), expected, "{count} rows, {batch} of {size}");
                }
            }
        }
    }

    #[test]
    fn steps_without_end_go_on_over_the_epochs() {
        let plan = plan(5, 2, 1, "max_steps = 1000000");
        assert_eq!((plan.total, plan.epoch(999_999)), (1_000_000, 333_333));
        assert_eq!(plan.micro_batches(999_999), 999_999..1_000_000);
        assert!(plan.begins_epoch(999_999) && !plan.begins_epoch(1));
        // Large numbers do not overflow.
        plan.micro_batches(u64::MAX);
    }
}
