//! The plugin's side of the component model: connects an author's traits with the bindings that `wit-bindgen` generates
//! from `wit/plugin.wit`.

mod analysis;
pub mod operations;
mod tensors;

pub use analysis::{AnalyzerPlugin, analyzer};
pub(crate) use tensors::HostTensor;
pub use tensors::{BackendPlugin, backend};

pub(crate) use analysis::analyzer::codetune::plugin::services::log;
