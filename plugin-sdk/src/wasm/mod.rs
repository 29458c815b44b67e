//! The plugin's side of the component model: connects an author's traits with the bindings that `wit-bindgen` generates
//! from `wit/plugin.wit`.

mod analysis;
mod backend_plugin;
pub mod operations;
pub(crate) mod tensors;

pub use analysis::{AnalyzerPlugin, analyzer};
pub use backend_plugin::BackendPlugin;
pub use tensors::backend;

pub(crate) use analysis::analyzer::codetune::plugin::services::log;
