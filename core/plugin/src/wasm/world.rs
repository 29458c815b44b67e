//! The empty, deterministic world behind the WASI interfaces.

use std::time::Duration;

use wasmtime_wasi::p2::pipe::{ClosedInputStream, MemoryOutputPipe, SinkOutputStream};
use wasmtime_wasi::random::Deterministic;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx};

/// What a component may write to its standard error before writing fails.
const STDERR_BYTES: usize = 64 << 10;

/// The seed of all randomness: the same for every instance, so that results never depend on it.
const RANDOM: &[u8] = b"codetune";

/// A context without files, environment, arguments or network, and what it writes to standard error.
pub(crate) fn empty_world() -> (WasiCtx, MemoryOutputPipe) {
    let stderr = MemoryOutputPipe::new(STDERR_BYTES);
    let random = || Deterministic::new(RANDOM.to_vec());
    let context = WasiCtx::builder()
        .stdin(ClosedInputStream)
        .stdout(SinkOutputStream)
        .stderr(stderr.clone())
        .secure_random(random())
        .insecure_random(random())
        .insecure_random_seed(0)
        .wall_clock(StandingClock)
        .monotonic_clock(StandingClock)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .build();
    (context, stderr)
}

/// The last thing that was written to standard error, which for a panic is its message.
pub(crate) fn last_line(stderr: &MemoryOutputPipe) -> Option<String> {
    let contents = stderr.contents();
    let text = String::from_utf8_lossy(&contents);
    // Rust writes "thread … panicked at FILE:LINE:", the message, and a note about backtraces.
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("note: "));
    let last: Vec<&str> = lines.collect();
    let from =
        last.iter().rposition(|line| line.contains("panicked at")).unwrap_or(last.len().saturating_sub(1));
    let said = last.get(from..)?.join(" ");
    let said: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect();
    Some(said).filter(|said| !said.is_empty())
}

/// Whether what was written to standard error past `before` bytes is nothing, or says that there was no memory, as
/// runtimes do when they give up. A plugin that says something else has failed for another reason.
pub(crate) fn says_out_of_memory_after(stderr: &MemoryOutputPipe, before: usize) -> bool {
    let contents = stderr.contents();
    let said = String::from_utf8_lossy(contents.get(before..).unwrap_or_default()).to_ascii_lowercase();
    // Rust; Go, C and others; C++; Python.
    let words = ["memory allocation of", "out of memory", "bad_alloc", "memoryerror"];
    said.trim().is_empty() || words.iter().any(|word| said.contains(word))
}

/// A clock that never moves.
struct StandingClock;

impl HostWallClock for StandingClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

impl HostMonotonicClock for StandingClock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}
