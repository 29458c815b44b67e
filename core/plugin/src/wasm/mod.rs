//! The runtime for WASM components, based on wasmtime.
//!
//! Links the services that the plugin's world imports. The WASI interfaces imported by standard toolchains have an
//! empty, deterministic implementation: no files, environment, arguments or network, a fixed clock and seeded
//! randomness.

mod analyzer;
mod backend;
mod cache;
mod call;
mod compile;
mod component;
mod contract;
mod engine;
mod imports;
mod link;
mod measure;
mod sleep;
mod state;
mod tick;
mod world;

pub(crate) use analyzer::WasmAnalyzer;
pub(crate) use backend::WasmBackend;
pub use cache::ComponentCache;
pub use compile::COMPILING;
pub(crate) use component::LoadedComponent;
pub use engine::WasmEngine;
pub(crate) use imports::missing as missing_imports;
pub(crate) use measure::MOST_FILE_BYTES;
