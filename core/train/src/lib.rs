//! Run files, the training loop, schedule, optimizer, checkpoints and exact resume.
//!
//! [`RunConfig::load`] reads a run file. [`Trainer`] trains a [`Trainable`] model on a
//! [`BatchSource`](codetune_dataset::BatchSource) accordingly. A step consists of `train.gradient_accumulation`
//! micro-batches, one AdamW update, and a row of metrics. All randomness derives from the seed and the step, so a run
//! that was killed and resumed is bit-identical to an uninterrupted one. The result has the weights of the last step,
//! or with `eval.restore_best` those with the lowest held-out loss.

mod audit;
mod best;
pub mod checkpoint;
mod checkpoint_error;
mod error;
mod event;
mod finite;
mod metrics;
mod optimizer;
mod output_lock;
mod pending;
mod run_config;
mod run_file;
mod run_file_error;
mod run_file_section;
mod schedule;
mod state;
mod step;
mod step_plan;
#[cfg(test)]
mod tests;
mod trainable;
mod trained_model;
mod trainer;

pub use audit::audit;
pub use checkpoint_error::CheckpointError;
pub use error::TrainError;
pub use event::{Event, Observer, StepReport, StopReason, TrainOutcome, TrainSummary};
pub use metrics::{EpochStart, Metric, MetricSink, NoMetrics, key};
pub use pending::Pending;
pub use run_config::{
    AdapterSettings, CheckpointSettings, DataSettings, DataSource, EvalSettings, ModelSettings,
    OutputSettings, RunConfig, TrainSettings,
};
pub use run_file_error::{FilePosition, RunFileError};
pub use schedule::{Schedule, ScheduleKind, Warmup};
pub use trainable::{PassContext, Trainable, TrainableError};
pub use trained_model::TrainedModel;
pub use trainer::{Resumed, Trainer};
