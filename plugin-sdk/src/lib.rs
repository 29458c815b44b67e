//! The SDK for codetune plugins.
//!
//! A plugin is an [`Analyzer`], which analyzes source files, or a [`TrainingBackend`], which describes the forward pass
//! of a model. The host reads, decodes and parses files, owns parameters and tensors, and computes gradients. The same
//! source compiles to a built-in plugin, a native library and a WASM component:
//!
//! ```toml
//! [lib]
//! crate-type = ["rlib", "cdylib"]
//! ```
//!
//! A complete analyzer, with its manifest in `plugin.toml` next to `Cargo.toml`:
//!
//! ```
//! use codetune_plugin_sdk::{Analyzer, Error, Report, RuleId, Setup, Severity, Source};
//!
//! /// Finds `TODO` in any text.
//! pub struct Todo {
//!     rule: RuleId,
//! }
//!
//! #[derive(serde::Deserialize)]
//! pub struct Config {
//!     word: String,
//! }
//!
//! impl Analyzer for Todo {
//!     type Config = Config;
//!
//!     fn new(_config: Config, setup: &Setup) -> Result<Self, Error> {
//!         Ok(Todo { rule: setup.rule("todo")? })
//!     }
//!
//!     fn analyze(&mut self, source: &Source<'_>, report: &mut Report) -> Result<(), Error> {
//!         for (start, word) in source.text().match_indices("TODO") {
//!             report.finding(self.rule, Severity::Note, start..start + word.len());
//!         }
//!         Ok(())
//!     }
//! }
//! # // In a plugin crate: codetune_plugin_sdk::export!(analyzer: Todo);
//! ```
//!
//! `cargo build` produces the native library and `cargo build --target wasm32-wasip2` the component; hosts that depend
//! on the crate have it built in.
#![deny(missing_docs)]

mod analyzer;
mod backend;
mod error;
mod export;
mod log;
mod log_level;
mod manifest_id;
mod op;
mod operations;
pub mod ops;
mod plan;
mod report;
mod source;
mod tensor;

#[cfg(not(target_family = "wasm"))]
pub mod abi;
#[cfg(not(target_family = "wasm"))]
mod builtin;
#[cfg(not(target_family = "wasm"))]
mod native;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod wasm;

pub use analyzer::{Analyzer, Setup};
pub use backend::TrainingBackend;
#[cfg(not(target_family = "wasm"))]
pub use builtin::Builtin;
pub use error::Error;
pub use log::log;
pub use log_level::LogLevel;
pub use manifest_id::{AttributeId, RuleId};
pub use op::{Op, Reduction, TensorId};
pub use plan::{Initializer, Parameter, Plan, Role};
pub use report::{Attribute, Edit, Finding, FindingEntry, Report, Severity, Subject, Symbol, Value};
pub use source::{Capture, Captures, Source};
pub use tensor::Tensor;

#[doc(hidden)]
pub mod __private {
    #[cfg(not(target_family = "wasm"))]
    pub use crate::native::{analyzer_table, backend_table, in_host};
    #[cfg(not(target_family = "wasm"))]
    pub use inventory;
}
