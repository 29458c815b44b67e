//! Reports panics to the host instead of standard error.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic;
use std::sync::Once;

use super::current::CURRENT;

thread_local! {
    /// Where the last panic of a call on this thread occurred.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
    /// Whether the host's own code is running, called by the plugin.
    static IN_HOST: Cell<bool> = const { Cell::new(false) };
}

/// Captures panics within calls; all others go to the previous hook.
pub(super) fn keep_for_host() {
    static ONCE: Once = Once::new();
    // The hook cannot be replaced while this thread unwinds.
    if ONCE.is_completed() || std::thread::panicking() {
        return;
    }
    ONCE.call_once(|| {
        let outer = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if CURRENT.get().is_null() || IN_HOST.get() {
                outer(panic);
            } else {
                PLACE.set(panic.location().map(ToString::to_string));
            }
        }));
    });
}

/// Runs a service of the host, whose panics are not the plugin's.
pub fn in_host<R>(body: impl FnOnce() -> R) -> R {
    let outer = IN_HOST.replace(true);
    let result = body();
    IN_HOST.set(outer);
    result
}

/// The message and the location of a caught panic.
pub(super) fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("a panic without a message");
    match PLACE.take() {
        Some(place) => format!("{text}, at {place}"),
        None => text.to_owned(),
    }
}
