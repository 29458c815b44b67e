//! One training run from its configuration to its record: the crate where the others meet.
//!
//! [`Session::train`] opens the model with a training backend of the registry, opens the data and checks that they
//! fit, records in the store who takes part, trains, and records what came of it: metrics as they arise, the
//! outcome, and every file of the result with its digest. Whatever ends the run, the store says so. [`complete`] lets
//! a model go on from a text.

mod artifacts;
mod completion;
mod data;
mod error;
mod record;
mod run_metrics;
mod session;

pub use completion::{Completion, Prompt, complete};
pub use error::RunError;
pub use run_metrics::RunMetrics;
pub use session::{Session, Start, Trained, backend};
