//! What tests across crates share.

mod batch;
mod model;
mod plugins;
mod registries;

pub use batch::TestBatch;
pub use model::{Tokens, decoder, fixture, open_model, open_model_by};
pub use plugins::*;
pub use registries::{faulty, probes, registry};
