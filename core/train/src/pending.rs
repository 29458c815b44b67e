//! Metrics that are not recorded yet.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    event::StepReport,
    metrics::{EpochStart, Metric, MetricSink, key},
    trainable::TrainableError,
};

/// Metrics to record before the next checkpoint. If the sink fails, the checkpoint keeps them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    epochs: Vec<EpochStart>,
    metrics: Vec<Metric>,
}

impl Pending {
    /// Adds the start of an epoch, counted from 0, at a step.
    pub(super) fn epoch(&mut self, epoch: u64, first_step: u64) {
        self.epochs.push(EpochStart { epoch, first_step, started_at: OffsetDateTime::now_utc() });
    }

    /// Adds a step.
    pub(super) fn step(&mut self, report: &StepReport) {
        let values = [
            (key::TRAIN_LOSS, report.loss),
            (key::LEARNING_RATE, report.learning_rate),
            (key::GRAD_NORM, report.grad_norm),
            (key::TOKENS, report.tokens as f64),
            (key::TOKENS_PER_S, report.tokens_per_s),
        ];
        self.metrics.extend(values.map(|(key, value)| Metric { key, step: report.step, value }));
    }

    /// Adds an evaluation.
    pub(super) fn evaluation(&mut self, step: u64, loss: f64) {
        self.metrics.push(Metric { key: key::EVAL_LOSS, step, value: loss });
    }

    /// Records everything; keeps everything if the sink fails.
    pub(super) fn flush(&mut self, sink: &mut dyn MetricSink) -> Result<(), TrainableError> {
        sink.append(&self.epochs, &self.metrics)?;
        *self = Self::default();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails once, then keeps what it gets.
    #[derive(Default)]
    struct Flaky {
        asked: bool,
        epochs: Vec<u64>,
        steps: Vec<u64>,
    }

    impl MetricSink for Flaky {
        fn resume(&mut self, _: u64) -> Result<(), TrainableError> {
            Ok(())
        }

        fn append(&mut self, epochs: &[EpochStart], metrics: &[Metric]) -> Result<(), TrainableError> {
            if !std::mem::replace(&mut self.asked, true) {
                return Err("the disk is full".into());
            }
            self.epochs.extend(epochs.iter().map(|epoch| epoch.epoch));
            self.steps.extend(metrics.iter().map(|metric| metric.step));
            Ok(())
        }
    }

    #[test]
    fn what_the_sink_refuses_is_handed_over_again_with_its_epochs_and_once() {
        let (mut pending, mut sink) = (Pending::default(), Flaky::default());
        pending.epoch(0, 1);
        pending.evaluation(1, 2.0);
        pending.epoch(1, 4);
        assert!(pending.flush(&mut sink).is_err());
        for _ in 0..2 {
            pending.flush(&mut sink).unwrap();
            assert_eq!((sink.epochs.as_slice(), sink.steps.as_slice()), (&[0, 1][..], &[1][..]));
        }
    }

    #[test]
    fn what_is_kept_in_a_checkpoint_is_read_back_as_it_was() {
        let mut pending = Pending::default();
        pending.epoch(3, 7);
        pending.evaluation(7, 0.9452706955539223);
        let text = serde_json::to_string(&pending).unwrap();
        assert_eq!(serde_json::from_str::<Pending>(&text).unwrap(), pending);
        assert!(serde_json::from_str::<Pending>(&text.replace("eval_loss", "evil_loss")).is_err());
    }
}
