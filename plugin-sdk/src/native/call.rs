use std::mem::offset_of;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::current::CURRENT;
use super::panic;
use crate::abi::{FAILED, FailKind, Host, OK, Str, Table};
use crate::error::Error;

/// Runs `body` as a call from `host`: reports errors to the host, and turns panics into errors.
///
/// The host's table may be shorter or longer than [`Host`] in this build, so there must never be a reference to all of
/// it: fields are read one by one through the pointer.
pub(super) fn call(host: *const Host, body: impl FnOnce() -> Result<(), Error>) -> u32 {
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

/// An error as the host is told.
pub(super) fn fail_parts(error: Error) -> (FailKind, String) {
    match error {
        Error::InvalidConfig(message) => (FailKind::InvalidConfig, message),
        Error::Refused(message) => (FailKind::Refused, message),
        Error::Failed(message) => (FailKind::Failed, message),
        Error::Cancelled => (FailKind::Cancelled, String::new()),
    }
}
