//! Calls into a component, from wherever the caller is.

use std::io;

use codetune_blocking::outside_runtimes;

/// The system gave no thread for a call that needed one of its own; the component was not entered.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no thread for the call: {0}")]
pub(super) struct NoThread(io::Error);

/// Enters a component. Its use of WASI may drive futures, which tokio does not allow on a thread of a runtime, so where
/// this is one the call is made on another.
pub(super) fn call<R: Send>(body: impl FnOnce() -> wasmtime::Result<R> + Send) -> wasmtime::Result<R> {
    outside_runtimes(body).unwrap_or_else(|error| Err(NoThread(error).into()))
}
