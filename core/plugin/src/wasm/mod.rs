//! The runtime for WASM components, on wasmtime.
//!
//! Our own services are linked as the plugin's world asks for them. The WASI interfaces that standard
//! toolchains import lead to an empty, deterministic world: no files, environment, arguments or network, a
//! clock that stands still and randomness from a fixed seed.

mod analyzer;
mod backend;
mod cache;
mod call;
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
pub use component::COMPILING;
pub(crate) use component::LoadedComponent;
pub use engine::WasmEngine;
pub(crate) use imports::missing as missing_imports;
pub(crate) use measure::MOST_FILE_BYTES;
