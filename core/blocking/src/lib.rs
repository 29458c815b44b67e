//! Blocking calls that may be made from async code too.
//!
//! The core's calls are synchronous. Some of them drive a future to its end, as the database's driver and WASI need it,
//! and tokio panics where a thread that already drives a runtime does that. [`outside_runtimes`] is how they do it.

use std::{io, panic, thread};

use tokio::runtime::Handle;

/// Runs `body` where blocking is allowed: on this thread or, where it belongs to an async runtime, on one of its own.
///
/// The caller waits in either case; async code that wants its other tasks to go on calls it from a thread for that,
/// such as `tokio::task::spawn_blocking` gives. A panic of `body` is the caller's.
///
/// # Errors
/// The system gives no thread; `body` has not run then.
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

    /// What a thread of a runtime may not do.
    fn drive_another() -> u32 {
        let inner = Builder::new_current_thread().build().unwrap();
        outside_runtimes(|| inner.block_on(async { 7 })).unwrap()
    }

    #[test]
    fn a_future_can_be_driven_from_plain_code_and_from_both_kinds_of_runtime() {
        assert_eq!(drive_another(), 7);
        for runtime in runtimes() {
            // The inner runtime is dropped there as well, which would panic where it has threads to wait for.
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
