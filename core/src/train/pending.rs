//! Metrics that the sink does not have yet.

use super::{
    error::TrainError,
    event::StepReport,
    metrics::{Metric, MetricSink, key},
};

/// What is handed to the sink before the next checkpoint.
#[derive(Default)]
pub(super) struct Pending {
    epochs: Vec<(u64, u64)>,
    metrics: Vec<Metric>,
}

impl Pending {
    /// Takes note of an epoch, counted from 0, and the step that it begins with.
    pub(super) fn epoch(&mut self, epoch: u64, first_step: u64) {
        self.epochs.push((epoch, first_step));
    }

    /// Takes note of a step.
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

    /// Takes note of an evaluation.
    pub(super) fn evaluation(&mut self, step: u64, loss: f64) {
        self.metrics.push(Metric { key: key::EVAL_LOSS, step, value: loss });
    }

    /// Hands everything over; metrics that the sink refuses stay.
    pub(super) fn flush(&mut self, sink: &mut dyn MetricSink) -> Result<(), TrainError> {
        for (epoch, first_step) in self.epochs.drain(..) {
            sink.begin_epoch(epoch, first_step).map_err(TrainError::Metrics)?;
        }
        sink.append(&self.metrics).map_err(TrainError::Metrics)?;
        self.metrics.clear();
        Ok(())
    }
}
