//! Runs, configurations, metrics, artifacts and plugins over sqlx.
//!
//! [`Store::open`] opens or creates a SQLite database and migrates it to the current schema. All calls are synchronous,
//! so that the training loop needs no async runtime; inside one, they block the thread. Writes are atomic transactions,
//! and several processes can share a file.
//!
//! Values are checked against [`validate`](codetune_validate) and rejected with [`StoreError::Invalid`]; the schema
//! repeats the bounds for other writers.
//!
//! ```
//! use codetune_store::{MetricRow, NewConfig, NewRun, RunOutcome, Store};
//!
//! # fn main() -> Result<(), codetune_store::StoreError> {
//! let store = Store::open(":memory:")?;
//! let config = store.save_config(&NewConfig::new("qwen2", "local/repo", serde_json::json!({"seed": 7})))?;
//! let run = store.start_run(&NewRun::new(config, "lora"))?;
//! store.append_metrics(&run, &[], &[MetricRow { key: "train_loss", step: 1, value: 2.5 }])?;
//! store.finish_run(&run, &RunOutcome::Completed)?;
//! assert_eq!(store.metrics(&run, "train_loss")?[0].value, 2.5);
//! # Ok(())
//! # }
//! ```

mod analysis_cache;
mod artifacts;
mod canonical;
mod configs;
mod connection;
mod datasets;
mod driver;
mod error;
mod host;
mod location;
mod metrics;
mod plugins;
mod resuming;
mod run_id;
mod run_report;
mod runs;
mod schema;
mod settings;
mod starting;
mod status;
mod timestamp;

#[cfg(test)]
mod tests;

pub use analysis_cache::{AnalysisCache, CacheError};
pub use artifacts::{Artifact, NewArtifact};
pub use canonical::{canonical_json, digest_json};
pub use configs::{ConfigId, NewConfig, TrainingConfig};
pub use connection::Store;
pub use datasets::{DatasetId, DatasetRecord, NewDataset};
pub use error::StoreError;
pub use host::{HostInfo, Liveness};
pub use metrics::{Epoch, LatestMetric, MetricPoint, MetricRow};
pub use run_id::RunId;
pub use run_report::{RunDetails, RunSummary, to_the_second};
pub use runs::{NewRun, Run, RunFilter};
pub use settings::{SettingValue, Settings};
pub use starting::RunStart;
pub use status::{RunOutcome, RunStatus};
