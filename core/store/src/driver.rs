//! The database driver's futures, driven to their end.

use std::io;

use codetune_blocking::outside_runtimes;
use tokio::runtime::Builder;

/// Waits for a future of the driver, wherever the caller is. The runtime lasts as long as the call: what goes on in
/// between does so on the driver's own thread.
///
/// # Errors
/// The system gives no thread or no timer.
pub(crate) fn wait<T: Send>(make: impl AsyncFnOnce() -> T + Send) -> io::Result<T> {
    outside_runtimes(|| {
        let runtime = Builder::new_current_thread().enable_time().build()?;
        Ok(runtime.block_on(make()))
    })?
}
