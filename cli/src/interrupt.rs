//! Requests to end: Ctrl-C, and SIGTERM and SIGHUP from schedulers, containers and terminals that close.
//!
//! The first Ctrl-C asks the command to stop, a second one ends the program at once. SIGTERM and SIGHUP do the same to a
//! training run, which then saves a checkpoint, and end every other command at once, as they always do. They are sent
//! more than once by those who mean it once (systemd sends both, a closing terminal and its shell one each), so another
//! one counts only after [`BURST`].

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::exit::Exit;
use crate::failure::Failure;

/// Within this time after the first request, others are taken for the same one.
const BURST: Duration = Duration::from_secs(2);

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    /// By a person, who sees what becomes of it.
    CtrlC,
    /// By a program.
    Signal,
}

/// The requests so far.
#[derive(Debug, Default)]
struct Requests {
    first: Option<Instant>,
}

impl Requests {
    /// Whether a request means that the program is to end now, whatever it does.
    fn insists(&mut self, request: Request, now: Instant) -> bool {
        let Some(first) = self.first else {
            self.first = Some(now);
            return false;
        };
        request == Request::CtrlC || now.saturating_duration_since(first) >= BURST
    }
}

/// What requests set and look at.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    /// Set by the first request.
    pub stop: Arc<AtomicBool>,
    /// Set while a run is trained, which saves a checkpoint when it is asked to stop.
    pub resumable: Arc<AtomicBool>,
}

/// Listens to requests from now on.
///
/// # Errors
/// The system refuses the handler.
pub fn listen() -> Result<Interrupt, Failure> {
    let interrupt = Interrupt::default();
    let Interrupt { stop, resumable } = interrupt.clone();
    let mut requests = Requests::default();
    let mut saves = false;
    let handle = move |request: Request| {
        // Still so after the run has stopped, while its end is recorded.
        saves |= resumable.load(Ordering::SeqCst);
        let waits = request == Request::CtrlC || saves;
        if !waits || requests.insists(request, Instant::now()) {
            return Then::End;
        }
        if !stop.swap(true, Ordering::SeqCst) {
            let _ = writeln!(std::io::stderr(), "\nstopping; press Ctrl-C again to end at once");
        }
        Then::GoOn
    };
    handle_by(handle)
        .map_err(|error| Failure::new(Exit::Storage, format!("cannot listen to Ctrl-C: {error}")))?;
    Ok(interrupt)
}

/// What follows from a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// The program goes on until the command has stopped.
    GoOn,
    /// The program ends.
    End,
}

/// Blocks the signals in this thread and those that it starts, and waits for them in one of its own, so that nothing is
/// done inside of a handler. What the parent had ignored stays so: `nohup` is meant to outlive its terminal.
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
                // Of the signal itself, so that the parent sees which one it was; Ctrl-C has a code of its own.
                if request == Request::Signal && signals.thread_unblock().is_ok() {
                    let _ = raise(signal);
                }
                end();
            }
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(wait).map(drop)
}

/// A bit for each signal that this process was started to ignore, the lowest for signal 1.
///
/// Only Linux keeps ignored signals for those who wait for them, and it tells in this file.
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

/// Ends the program, whatever it does.
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
