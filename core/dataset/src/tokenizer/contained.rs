//! The tokenizers crate panics on some files of tokenizers and on some texts: a template that names no token, a chunk of
//! no characters, a prefix longer than a token. Such a file is bad input like any other, so that its panics become errors.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// This thread runs code whose panics are errors of the tokenizer.
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
    /// Where the last of them was.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Calls the tokenizers crate, and gives its error or panic as a text.
pub(super) fn contained<T>(body: impl FnOnce() -> tokenizers::Result<T>) -> Result<T, String> {
    keep_quiet();
    let outer = CONTAINED.replace(true);
    // What is left half done is the tokenizer that failed, or a cache of it that takes no lock it cannot have.
    let outcome = panic::catch_unwind(AssertUnwindSafe(body));
    CONTAINED.set(outer);
    match outcome {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(payload) => {
            let text = payload.downcast_ref::<&str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            let text = text.unwrap_or("no reason given");
            let place = PLACE.take().map_or_else(String::new, |place| format!(", at {place}"));
            Err(format!("the tokenizers library failed on it ({text}{place})"))
        }
    }
}

/// Has contained panics kept; all others go where they went before.
fn keep_quiet() {
    static ONCE: Once = Once::new();
    // The hook cannot be replaced while this thread unwinds.
    if ONCE.is_completed() || std::thread::panicking() {
        return;
    }
    ONCE.call_once(|| {
        let outer = panic::take_hook();
        panic::set_hook(Box::new(move |panic| match CONTAINED.get() {
            true => PLACE.set(panic.location().map(|place| {
                // The folder of a registry says nothing to whoever reads it.
                let file = place.file().rsplit(['/', '\\']).next().unwrap_or_default();
                format!("{file}:{}", place.line())
            })),
            false => outer(panic),
        }));
    });
}
