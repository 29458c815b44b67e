//! The plugin's side of the C ABI: implements the tables with an author's traits.
//!
//! Panics are caught here, since they must not unwind into the host.

mod analyzer;
mod backend;
pub mod operations;
mod panic;
mod tensor;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::mem::offset_of;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use analyzer::analyzer_table;
pub use backend::backend_table;
pub use panic::in_host;
pub(crate) use tensor::HostTensor;

use crate::abi::{FAILED, FailKind, Host, OK, Str, Table};
use crate::{Error, LogLevel};

thread_local! {
    /// The host that called the plugin on this thread.
    static CURRENT: Cell<*const Host> = const { Cell::new(std::ptr::null()) };
}

pub(crate) fn log(level: LogLevel, message: &str) {
    let host = CURRENT.get();
    if !host.is_null() {
        // SAFETY: the pointer is set only while a call from this host is under way.
        unsafe { ((*host).log)((*host).context, level as u32, Str::text(message)) }
    }
}

/// Runs `body` as a call from `host`: reports errors to the host, and turns panics into errors.
///
/// The host's table may be shorter or longer than [`Host`] in this build, so there must never be a reference to all of
/// it: fields are read one by one through the pointer.
fn call(host: *const Host, body: impl FnOnce() -> Result<(), Error>) -> u32 {
    // SAFETY: a host hands over its table, which begins with its size.
    let size = unsafe { (*host).size };
    if size < Host::NEEDED {
        let needed = Host::NEEDED;
        let message = format!(
            "the host's table has {size} bytes and ABI 0 began with {needed}: codetune has to be upgraded"
        );
        if size >= offset_of!(Host, fail) + size_of::<usize>() {
            // SAFETY: the table says itself that it has this function and the context before it.
            unsafe { ((*host).fail)((*host).context, FailKind::Failed as u32, Str::text(&message)) };
        }
        return FAILED;
    }
    panic::keep_for_host();
    let outer = CURRENT.replace(host);
    let outcome = catch_unwind(AssertUnwindSafe(body));
    CURRENT.set(outer);
    let (kind, message) = match outcome {
        Ok(Ok(())) => return OK,
        Ok(Err(error)) => fail_parts(error),
        Err(payload) => (FailKind::Panicked, panic::message(&*payload)),
    };
    // SAFETY: the host table outlives the call.
    unsafe { ((*host).fail)((*host).context, kind as u32, Str::text(&message)) };
    FAILED
}

fn fail_parts(error: Error) -> (FailKind, String) {
    match error {
        Error::InvalidConfig(message) => (FailKind::InvalidConfig, message),
        Error::Refused(message) => (FailKind::Refused, message),
        Error::Failed(message) => (FailKind::Failed, message),
        Error::Cancelled => (FailKind::Cancelled, String::new()),
    }
}
