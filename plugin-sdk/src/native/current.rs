//! The host of the call under way.

use std::cell::Cell;

use crate::abi::{Host, Str};
use crate::log_level::LogLevel;

thread_local! {
    /// The host that called the plugin on this thread.
    pub(super) static CURRENT: Cell<*const Host> = const { Cell::new(std::ptr::null()) };
}

/// Writes a line to the log of the host that called the plugin on this thread, if there is one.
pub(crate) fn log(level: LogLevel, message: &str) {
    let host = CURRENT.get();
    if !host.is_null() {
        // SAFETY: the pointer is set only while a call from this host is under way.
        unsafe { ((*host).log)((*host).context, level as u32, Str::text(message)) }
    }
}
