//! Runs, configurations, metrics, artifacts and plugins over sqlx.
//!
//! [`Store::open`] opens or creates a SQLite database and brings it to this build's schema. All calls are
//! synchronous, so that the training loop needs no runtime of its own, and may be made inside an async runtime, whose
//! thread then waits. Writes are transactions: each happens entirely or not at all, and two processes may share a file.
//!
//! Values are checked against [`validate`](codetune_validate) first and answered with [`StoreError::Invalid`];
//! the schema states the same bounds again, for whoever writes to the file by other means.
//!
//! ```
//! use codetune_store::{MetricRow, NewConfig, NewRun, Outcome, Store};
//!
//! # fn main() -> Result<(), codetune_store::StoreError> {
//! let store = Store::open(":memory:")?;
//! let config = store.save_config(&NewConfig::new("qwen2", "local/repo", serde_json::json!({"seed": 7})))?;
//! let run = store.start_run(&NewRun::new(config, "lora"))?;
//! store.append_metrics(&run, &[], &[MetricRow { key: "train_loss", step: 1, value: 2.5 }])?;
//! store.finish_run(&run, &Outcome::Completed)?;
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
mod runs;
mod schema;
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
pub use datasets::{Dataset, DatasetId, NewDataset};
pub use error::StoreError;
pub use host::{HostInfo, Liveness};
pub use metrics::{Epoch, LatestMetric, MetricPoint, MetricRow};
pub use run_id::RunId;
pub use runs::{NewRun, Run, RunFilter};
pub use starting::RunStart;
pub use status::{Outcome, RunStatus};
