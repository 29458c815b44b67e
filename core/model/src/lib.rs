//! Models, adapters and generation.
//!
//! A [`Model`] combines a training backend with the [`ModelHost`] that owns its tensors. The host owns all parameters
//! and decides for each projection whether it is frozen, adapted or trained; the backend only refers to them by name.

mod adapter;
mod adapter_config;
mod adapter_file;
mod arithmetic;
mod backward;
mod beside;
mod budget;
mod cache;
mod checkpoint;
mod config;
mod create;
mod dropout;
mod error;
mod files;
mod generate;
mod gradients;
mod host;
mod init;
mod loss;
mod memory;
mod merge;
mod model;
mod open_backend;
mod output;
mod parameters;
mod pass;
mod preset;
mod random;
mod sample;
mod service;
mod sizes;
mod weights_file;

pub use adapter::{LoraConfig, Targets};
pub use adapter_file::{Adapter, read_adapter, write_adapter};
pub use beside::Beside;
pub use budget::MemoryBudget;
pub use checkpoint::{read_weights, write_model};
pub use config::ModelConfig;
pub use create::create_model;
pub use dropout::DropoutKey;
pub use error::{ModelError, Result};
pub use generate::{Finish, Generated, Request};
pub use gradients::Gradients;
pub use host::ModelHost;
pub use init::initial_weights;
pub use loss::Loss;
pub use model::Model;
pub use open_backend::OpenBackend;
pub use parameters::{Lora, Parameters};
pub use pass::{Batch, PassMode};
pub use preset::Preset;
pub use sample::Sampling;
