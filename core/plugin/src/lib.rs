//! Manifests, the registry, the three runtimes, limits and the compiled-component cache.
//!
//! A [`Registry`] knows plugins by name. Each [`Plugin`] was read, by its embedded manifest, without running
//! any of it; its code is loaded on first use, by one of three [`Runtime`]s:
//!
//! * a built-in and a native library are called over the C ABI of `codetune_plugin_sdk::abi`;
//! * a WASM component runs in a sandbox with limits on memory, time and output.
//!
//! Whichever it is, the host sees an [`AnalyzerInstance`] or a [`BackendInstance`], and serves it through a
//! [`SourceBatch`] or a [`TensorHost`]. What a plugin answers is checked before anyone else sees it, and a
//! fault is a [`CallError`] that costs the call and nothing more.

mod call_error;
mod call_rules;
mod check;
mod config;
mod digest;
mod entry;
mod folder;
mod identity;
mod instance;
mod limits;
mod load_error;
mod log;
mod manifest;
pub mod name;
mod native;
mod plan;
mod plugin;
mod registry;
mod registry_error;
mod runtime;
mod section;
mod service;
mod shorten;
mod value_kind;
mod wasm;

pub use call_error::{CallError, Fault};
pub use call_rules::{CallRules, LimitError, LimitOverride, LimitOverrides};
pub use check::report_bytes;
pub use config::ConfigOption;
pub use digest::{Digest, InvalidDigest};
pub use entry::{Entry, Origin, PluginState};
pub use folder::PassedOver;
pub use identity::PluginIdentity;
pub use instance::{AnalyzerInstance, BackendInstance};
pub use limits::{LimitOutOfRange, Limits, LimitsRequest};
pub use load_error::MachineError;
pub use manifest::{
    AnalyzerManifest, AttributeType, BackendManifest, CONTRACT, Manifest, ManifestError, Rule, SCHEMA, Scope,
};
pub use plan::parameter_count;
pub use plan::plan_bytes;
pub use plugin::{Plugin, PluginDirectories};
pub use registry::{Registry, Trust};
pub use registry_error::RegistryError;
pub use runtime::{Runtime, UnknownRuntime};
pub use service::{SourceBatch, TensorHost};
pub use shorten::shorten;
pub use value_kind::ValueKind;
pub use wasm::{COMPILING, ComponentCache, WasmEngine};
