//! Ctrl-C: asks to stop at first, and ends the program at the second.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::Exit;
use crate::failure::Failure;

/// A flag that Ctrl-C sets.
///
/// # Errors
/// The system refuses the handler.
pub fn flag() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&stop);
    let handler = move || {
        if set.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(Exit::Interrupted as u8));
        }
        let _ = writeln!(std::io::stderr(), "\nstopping; press Ctrl-C again to end at once");
    };
    let refused =
        |error: ctrlc::Error| Failure::new(Exit::Storage, format!("cannot listen to Ctrl-C: {error}"));
    ctrlc::set_handler(handler).map_err(refused)?;
    Ok(stop)
}
