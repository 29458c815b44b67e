//! Training runs, from their configuration to their record.
//!
//! [`Session::train`] opens the model with a training backend and the data, checks that they fit together, records the
//! run in the store, trains, and records metrics, the outcome, and all files of the result with their digests. However
//! the run ends, the store has its status. [`Completer`] completes prompts with a model; [`open_model`] and
//! [`create_model`] find its training backend.

mod artifacts;
mod completion;
mod data;
mod error;
mod models;
mod record;
mod run_metrics;
mod session;

pub use completion::{Completer, Completion, CompletionRequest, Prompt};
pub use error::RunError;
pub use models::{ModelSource, NewModel, backend, create_model, open_model};
pub use run_metrics::RunMetrics;
pub use session::{Session, Start, Trained};
