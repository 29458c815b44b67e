//! The author's side of the component model: what [`crate::export!`] puts between an author's traits and
//! the bindings that `wit-bindgen` makes from `wit/plugin.wit`.

mod analysis;
mod tensors;

pub use analysis::{AnalyzerPlugin, analyzer};
pub(crate) use tensors::HostTensor;
pub use tensors::{BackendPlugin, backend};

use crate::LogLevel;

pub(crate) fn log(level: LogLevel, message: &str) {
    use analysis::analyzer::codetune::plugin::services::{self, LogLevel as Level};
    let level = match level {
        LogLevel::Error => Level::Error,
        LogLevel::Warn => Level::Warn,
        LogLevel::Info => Level::Info,
        LogLevel::Debug => Level::Debug,
    };
    services::log(level, message);
}
