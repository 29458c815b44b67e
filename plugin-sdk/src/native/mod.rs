//! The plugin's side of the C ABI: implements the tables with an author's traits.
//!
//! Panics are caught here, since they must not unwind into the host.

mod analyzer;
mod backend;
mod call;
mod current;
pub mod operations;
mod panic;
pub(crate) mod tensor;
#[cfg(test)]
mod tests;

pub use analyzer::analyzer_table;
pub use backend::backend_table;
pub(crate) use current::log;
pub use panic::in_host;
