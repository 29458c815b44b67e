//! Manifests, the registry, the three carriers, limits and the compiled-component cache.

mod call_error;
mod instance;
mod service;

pub use call_error::{CallError, Fault};
pub use instance::{AnalyzerInstance, BackendInstance};
pub use service::{SourceBatch, TensorHost};
