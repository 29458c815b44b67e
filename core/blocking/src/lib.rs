//! Blocking calls that are safe inside an async runtime.
//!
//! Calls of the core are synchronous. Some drive a future to completion, for the database driver or WASI, and tokio
//! panics if a thread that already drives a runtime does that. They use [`outside_runtimes`] to avoid this.

use std::{io, panic, thread};

use tokio::runtime::Handle;

/// Runs `body` where blocking is allowed: on this thread or, inside an async runtime, on a new one.
///
/// The caller blocks in both cases; to let other tasks continue, call it on a blocking thread, for example with
/// `tokio::task::spawn_blocking`. Panics of `body` are propagated.
///
/// # Errors
/// No thread can be started; `body` did not run.
pub fn outside_runtimes<R: Send>(body: impl FnOnce() -> R + Send) -> io::Result<R> {
    if Handle::try_current().is_err() {
        return Ok(body());
    }
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("codetune-blocking".into()).spawn_scoped(scope, body)?;
        Ok(thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
    })
}

#[cfg(test)]
mod tests {
    use tokio::runtime::{Builder, Runtime};

    use super::*;

    fn runtimes() -> [Runtime; 2] {
        [Builder::new_current_thread(), Builder::new_multi_thread()]
            .map(|mut builder| builder.build().unwrap())
    }

    /// Something that panics on a thread of a runtime.
    fn drive_another() -> u32 {
        let inner = Builder::new_current_thread().build().unwrap();
        outside_runtimes(|| inner.block_on(async { 7 })).unwrap()
    }

    #[test]
    fn a_future_can_be_driven_from_plain_code_and_from_both_kinds_of_runtime() {
        assert_eq!(drive_another(), 7);
        for runtime in runtimes() {
            // The inner runtime is dropped there as well, which would panic if it has threads to wait for.
            assert_eq!(runtime.block_on(async { outside_runtimes(drive_another).unwrap() }), 7);
            let task = runtime.spawn_blocking(drive_another);
            assert_eq!(runtime.block_on(task).unwrap(), 7);
        }
    }

    #[test]
    fn plain_code_stays_on_its_thread_and_async_code_gets_another() {
        let here = thread::current().id();
        assert_eq!(outside_runtimes(|| thread::current().id()).unwrap(), here);
        for runtime in runtimes() {
            let there = runtime.block_on(async { outside_runtimes(|| thread::current().id()).unwrap() });
            assert_ne!(there, here);
        }
    }

    #[test]
    fn a_panic_reaches_the_caller() {
        let [runtime, _] = runtimes();
        let called = || runtime.block_on(async { outside_runtimes(|| panic!("of the body")) });
        let panic = panic::catch_unwind(panic::AssertUnwindSafe(called)).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"of the body"));
    }
}
