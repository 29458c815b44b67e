//! The runtimes that go through the C ABI: built-ins and native dynamic libraries.

mod analyzer;
mod backend;
mod host;
mod instance;
mod library;
mod table;
mod tables;
#[cfg(test)]
mod tests;

pub(crate) use analyzer::NativeAnalyzer;
pub(crate) use backend::NativeBackend;
pub(crate) use library::open as open_library;
pub(crate) use tables::Tables;
