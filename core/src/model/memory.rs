//! Keeps a forward pass within the machine's memory: running out of it would end the whole process, and a backend in
//! a sandbox can ask for tensors as it likes.

use std::sync::atomic::{AtomicU64, Ordering};

use candle_core::Tensor;

use super::error::{ModelError, Result};

/// How much is made between two looks at the machine; whatever is smaller at once is not looked at.
const BETWEEN: u64 = 64 << 20;

/// What the machine has left, in bytes; nothing where it does not tell.
type Available = fn() -> Option<u64>;

/// Counts what a pass makes, and refuses what the machine has no room for.
pub(super) struct Room {
    made: AtomicU64,
    available: Available,
}

impl Default for Room {
    fn default() -> Self {
        Room { made: AtomicU64::new(0), available }
    }
}

impl Room {
    /// Refuses an operation whose result of `elements` like those of `x` does not fit.
    pub(super) fn ask(&self, x: &Tensor, elements: usize) -> Result<()> {
        let bytes = (elements as u64).saturating_mul(x.dtype().size_in_bytes() as u64);
        if bytes < BETWEEN { Ok(()) } else { self.look(bytes) }
    }

    /// Takes note of a result, and refuses to go on where the machine has no room for as much again.
    pub(super) fn note(&self, made: &Tensor) -> Result<()> {
        let bytes = (made.elem_count() * made.dtype().size_in_bytes()) as u64;
        if self.made.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) < BETWEEN {
            return Ok(());
        }
        self.made.store(0, Ordering::Relaxed);
        self.look(BETWEEN)
    }

    fn look(&self, bytes: u64) -> Result<()> {
        match (self.available)() {
            Some(left) if left < bytes => Err(ModelError::Batch(format!(
                "it needs {} MiB of memory, and this machine has {} MiB left; use a smaller batch_size or \
                 max_seq_length",
                bytes >> 20,
                left >> 20
            ))),
            _ => Ok(()),
        }
    }
}

/// `MemAvailable` of `/proc/meminfo`, which only Linux has.
fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_before_it_is_made() {
        let x = Tensor::zeros(1, DType::F32, &Device::Cpu).unwrap();
        let room = Room { available: || Some(100 << 20), ..Room::default() };
        room.ask(&x, 20 << 20).unwrap();
        let error = room.ask(&x, 30 << 20).unwrap_err().to_string();
        assert!(error.contains("120 MiB") && error.contains("100 MiB left"), "{error}");
        assert!(room.ask(&x, usize::MAX).is_err());
        Room { available: || None, ..Room::default() }.ask(&x, usize::MAX).unwrap();
    }

    #[test]
    fn many_small_results_are_counted() {
        let x = Tensor::zeros(1 << 20, DType::F32, &Device::Cpu).unwrap();
        let room = Room { available: || Some(1 << 20), ..Room::default() };
        let refused = (0..100).filter(|_| room.note(&x).is_err()).count();
        assert_eq!(refused, 100 / 16);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn linux_tells_what_is_left() {
        assert!(available().unwrap() > 1 << 20);
    }
}
