//! Calls into a component from any thread.

use std::io;

use codetune_blocking::outside_runtimes;

/// No thread could be started for the call; the component was not entered.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no thread for the call: {0}")]
pub(super) struct NoThread(io::Error);

/// Enters a component. WASI may drive futures, which tokio does not allow on threads of an async runtime, so there the
/// call runs on another thread.
pub(super) fn call<R: Send>(body: impl FnOnce() -> wasmtime::Result<R> + Send) -> wasmtime::Result<R> {
    outside_runtimes(body).unwrap_or_else(|error| Err(NoThread(error).into()))
}
