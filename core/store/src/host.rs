//! The process that works on a run, and whether it is still alive.

use std::{env, fs, path::Path, process, thread};

use serde::{Deserialize, Serialize};

/// A process and its machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostInfo {
    /// The machine's name, or `unknown`.
    pub machine: String,
    /// The process id.
    pub pid: u32,
    /// When the process started, in clock ticks since boot, if known. Process ids are reused.
    pub started_ticks: Option<u64>,
    /// The boot id of the machine, if known. No process survives a reboot.
    pub boot: Option<String>,
    /// The operating system.
    pub os: String,
    /// The processor's architecture.
    pub arch: String,
    /// Hardware threads of the machine.
    pub cpus: usize,
    /// The version of codetune.
    pub version: String,
}

/// Whether a process is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    /// It is running.
    Alive,
    /// It has ended.
    Dead,
    /// Unknown: it runs on another machine, or the system provides no information.
    Unknown,
}

impl HostInfo {
    /// This process.
    pub fn of_this_process() -> Self {
        let pid = process::id();
        Self {
            machine: machine(),
            pid,
            started_ticks: started_ticks(pid),
            boot: boot(),
            os: env::consts::OS.to_owned(),
            arch: env::consts::ARCH.to_owned(),
            cpus: thread::available_parallelism().map_or(1, usize::from),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Whether the process is alive. Only certain cases are [`Liveness::Dead`].
    pub fn liveness(&self) -> Liveness {
        if self.machine != machine() || !Path::new("/proc/self/stat").exists() {
            return Liveness::Unknown;
        }
        match (&self.boot, boot()) {
            (Some(then), Some(now)) if *then != now => return Liveness::Dead,
            (Some(_), Some(_)) => {}
            _ => return Liveness::Unknown,
        }
        match (started_ticks(self.pid), self.started_ticks) {
            (None, _) => Liveness::Dead,
            (Some(now), Some(then)) if now != then => Liveness::Dead,
            _ => Liveness::Alive,
        }
    }
}

fn machine() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .map(|name| name.trim_end().to_owned())
        .or_else(|| env::var("COMPUTERNAME").ok())
        .or_else(|| env::var("HOSTNAME").ok())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}

fn boot() -> Option<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim_end().to_owned())
}

/// Field 22 of `/proc/PID/stat`, counted after the process name, which may contain spaces and parentheses. A zombie
/// counts as dead.
fn started_ticks(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    if matches!(fields.next(), Some("Z" | "X")) {
        return None;
    }
    fields.nth(18)?.parse().ok()
}
