//! Signals: Ctrl-C, and SIGTERM and SIGHUP from schedulers, containers and closing terminals.
//!
//! The first Ctrl-C asks the command to stop, the second one exits immediately. SIGTERM and SIGHUP do the same to a
//! training run, which saves a checkpoint, and terminate any other command immediately, as is their default. They often
//! arrive twice for one request (systemd sends both, a closing terminal and its shell one each), so a repeated signal
//! counts only after [`BURST`].

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::command_error::CommandError;
use crate::exit::Exit;

/// Signals within this time after the first belong to the same request.
const BURST: Duration = Duration::from_secs(2);

/// The source of a request to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    /// Ctrl-C in the terminal.
    CtrlC,
    /// SIGTERM or SIGHUP.
    Signal,
}

/// The requests so far.
#[derive(Debug, Default)]
struct Requests {
    first: Option<Instant>,
}

impl Requests {
    /// Whether the request is to exit immediately.
    fn insists(&mut self, request: Request, now: Instant) -> bool {
        let Some(first) = self.first else {
            self.first = Some(now);
            return false;
        };
        request == Request::CtrlC || now.saturating_duration_since(first) >= BURST
    }
}

/// Flags shared with the signal handler.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    /// Set by the first request.
    pub stop: Arc<AtomicBool>,
    /// Set during a training run, which saves a checkpoint when it is stopped.
    pub resumable: Arc<AtomicBool>,
}

/// Installs the signal handler.
///
/// # Errors
/// The system refuses the handler.
pub fn listen() -> Result<Interrupt, CommandError> {
    let interrupt = Interrupt::default();
    let Interrupt { stop, resumable } = interrupt.clone();
    let mut requests = Requests::default();
    let mut saves = false;
    let handle = move |request: Request| {
        // Remember it: the flag is cleared before the end of the run is recorded.
        saves |= resumable.load(Ordering::SeqCst);
        let waits = request == Request::CtrlC || saves;
        if !waits || requests.insists(request, Instant::now()) {
            return Then::End;
        }
        if !stop.swap(true, Ordering::SeqCst) {
            let _ = writeln!(std::io::stderr(), "\nstopping; press Ctrl-C again to exit immediately");
        }
        Then::GoOn
    };
    handle_by(handle).map_err(|source| CommandError::Signals { source })?;
    Ok(interrupt)
}

/// What the handler does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// Wait for the command to stop.
    GoOn,
    /// Exit.
    End,
}

/// Blocks the signals in this thread and its children and waits for them in a separate thread, so that no code runs
/// inside a signal handler. Signals that the parent ignored stay ignored, as `nohup` requires.
#[cfg(unix)]
fn handle_by(mut handle: impl FnMut(Request) -> Then + Send + 'static) -> std::io::Result<()> {
    use nix::sys::signal::{SigSet, Signal, raise};

    let ignored = ignored();
    let all = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter();
    let signals: SigSet = all.filter(|signal| ignored & (1 << (*signal as u32 - 1)) == 0).collect();
    signals.thread_block()?;
    let wait = move || {
        while let Ok(signal) = signals.wait() {
            let request = if signal == Signal::SIGINT { Request::CtrlC } else { Request::Signal };
            if handle(request) == Then::End {
                // Die of the signal, so that the parent sees which one it was. Ctrl-C has its own exit code.
                if request == Request::Signal && signals.thread_unblock().is_ok() {
                    let _ = raise(signal);
                }
                end();
            }
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(wait).map(drop)
}

/// A bit mask of the signals that the parent process ignored; bit 0 is signal 1.
///
/// Only needed on Linux, where `sigwait` also receives ignored signals.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

#[cfg(not(unix))]
fn handle_by(mut handle: impl FnMut(Request) -> Then + Send + 'static) -> std::io::Result<()> {
    let handler = move || {
        if handle(Request::CtrlC) == Then::End {
            end();
        }
    };
    ctrlc::set_handler(handler).map_err(std::io::Error::other)
}

/// Exits immediately.
fn end() {
    std::process::exit(i32::from(Exit::Interrupted as u8));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_ctrl_c_ends_at_once_and_a_burst_of_signals_is_one_request() {
        let start = Instant::now();
        let (soon, later) = (start + Duration::from_millis(10), start + BURST);
        for (second, at, ends) in [
            (Request::CtrlC, soon, true),
            (Request::Signal, soon, false),
            (Request::Signal, later, true),
            (Request::CtrlC, later, true),
        ] {
            for first in [Request::CtrlC, Request::Signal] {
                let mut requests = Requests::default();
                assert!(!requests.insists(first, start));
                assert_eq!(requests.insists(second, at), ends, "{first:?}, then {second:?}");
            }
        }
    }
}
