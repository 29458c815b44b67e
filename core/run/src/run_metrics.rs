use std::{collections::HashSet, sync::Arc};

use codetune_store::{Epoch, MetricRow, RunId, Store};
use codetune_train::{EpochStart, Metric, MetricSink, TrainableError, key};

/// Records the metrics of a run in a store.
pub struct RunMetrics {
    store: Arc<Store>,
    run: RunId,
    /// Metrics of the step from which the run was resumed, which are already recorded.
    recorded: HashSet<(&'static str, u64)>,
}

impl RunMetrics {
    /// Creates a sink for a started run.
    pub fn new(store: Arc<Store>, run: RunId) -> Self {
        Self { store, run, recorded: HashSet::new() }
    }
}

impl MetricSink for RunMetrics {
    fn run(&self) -> Option<String> {
        Some(self.run.to_string())
    }

    fn resume(&mut self, after_step: u64) -> Result<(), TrainableError> {
        self.store.reopen_run(&self.run, after_step)?;
        // A run that was stopped between the evaluation of a step and the next checkpoint evaluates again.
        for key in [key::EVAL_LOSS, key::TRAIN_LOSS] {
            let known = self.store.metrics(&self.run, key)?;
            self.recorded
                .extend(known.iter().filter(|point| point.step == after_step).map(|_| (key, after_step)));
        }
        Ok(())
    }

    fn append(&mut self, epochs: &[EpochStart], metrics: &[Metric]) -> Result<(), TrainableError> {
        let began = |epoch: &EpochStart| Epoch {
            epoch: epoch.epoch,
            first_step: epoch.first_step,
            started_at: epoch.started_at,
        };
        let epochs: Vec<Epoch> = epochs.iter().map(began).collect();
        let new = |metric: &&Metric| !self.recorded.contains(&(metric.key, metric.step));
        let row = |metric: &Metric| MetricRow { key: metric.key, step: metric.step, value: metric.value };
        let rows: Vec<MetricRow<'_>> = metrics.iter().filter(new).map(row).collect();
        Ok(self.store.append_metrics(&self.run, &epochs, &rows)?)
    }
}

#[cfg(test)]
mod tests {
    use codetune_store::{NewConfig, NewRun};
    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn a_resumed_run_forgets_later_rows_and_records_none_twice() {
        let store = Arc::new(Store::open(":memory:").unwrap());
        let config = store.save_config(&NewConfig::new("toy", "rows", serde_json::json!({}))).unwrap();
        let run = store.start_run(&NewRun::new(config, "lora")).unwrap();
        let metric = |key, step, value| Metric { key, step, value };
        let mut sink = RunMetrics::new(store.clone(), run.clone());
        let epoch =
            |epoch, first_step| EpochStart { epoch, first_step, started_at: OffsetDateTime::now_utc() };
        let first = [metric(key::TRAIN_LOSS, 1, 2.0), metric(key::EVAL_LOSS, 1, 3.0)];
        sink.append(&[epoch(0, 1)], &first).unwrap();
        sink.append(&[epoch(1, 2)], &[metric(key::TRAIN_LOSS, 2, 1.0)]).unwrap();
        let mut resumed = RunMetrics::new(store.clone(), run.clone());
        resumed.resume(1).unwrap();
        let again = [metric(key::EVAL_LOSS, 1, 3.0), metric(key::TRAIN_LOSS, 2, 1.5)];
        resumed.append(&[epoch(1, 2)], &again).unwrap();
        let values: Vec<f64> =
            store.metrics(&run, key::TRAIN_LOSS).unwrap().iter().map(|point| point.value).collect();
        assert_eq!(values, [2.0, 1.5]);
        assert_eq!(store.metrics(&run, key::EVAL_LOSS).unwrap().len(), 1);
        assert_eq!(resumed.run(), Some(run.to_string()));
    }
}
