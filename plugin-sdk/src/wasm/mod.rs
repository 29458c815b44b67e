//! The author's side of the component model: what [`crate::export!`] puts between an author's traits and
//! the bindings that `wit-bindgen` makes from `wit/plugin.wit`.

mod analysis;
mod tensors;

pub use analysis::{AnalyzerPlugin, analyzer};
pub(crate) use tensors::HostTensor;
pub use tensors::{BackendPlugin, backend};

pub(crate) use analysis::analyzer::codetune::plugin::services::log;
