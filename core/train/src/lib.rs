//! Run files, the training loop, schedule, optimizer, checkpoints and exact resume.
//!
//! [`RunConfig::load`] reads a run file; [`Trainer`] trains a [`Trainable`] model on a
//! [`BatchSource`](codetune_dataset::BatchSource) as it says. One step is `train.gradient_accumulation` micro-batches,
//! one update of AdamW, and a row of metrics. Everything random follows from the seed and the step, so that a
//! run that was killed and resumed gives the same bits as one that was not. The result is the last step's weights,
//! or with `eval.restore_best` those of the evaluation with the lowest loss.

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
mod plan;
mod run_config;
mod run_file;
mod run_file_error;
mod run_file_section;
mod schedule;
mod state;
mod step;
#[cfg(test)]
mod tests;
mod trainable;
mod trained_model;
mod trainer;

pub use audit::audit;
pub use checkpoint_error::CheckpointError;
pub use error::TrainError;
pub use event::{Event, Observer, Outcome, StepReport, StopReason, TrainSummary};
pub use metrics::{EpochStart, Metric, MetricSink, NoMetrics, key};
pub use pending::Pending;
pub use run_config::{
    AdapterConfig, CheckpointConfig, DataConfig, DataSource, EvalConfig, ModelConfig, OutputConfig,
    RunConfig, Targets, TrainConfig,
};
pub use run_file_error::{Place, RunFileError};
pub use schedule::{Schedule, ScheduleKind, Warmup};
pub use trainable::{Gradients, ModelError, PassContext, Trainable};
pub use trained_model::TrainedModel;
pub use trainer::{Resumed, Trainer};
