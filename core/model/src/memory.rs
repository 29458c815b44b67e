//! Tracks the memory of tensors in a pass: a sandboxed backend can request any number of tensors, and running out of
//! memory would end the process.

use std::collections::HashMap;

use candle_core::Tensor;

/// Overhead of a tensor.
const OVERHEAD: u64 = 512;

/// The memory of the tensors in a pass. A storage shared by several tensors counts once, until the last of them is
/// dropped.
#[derive(Default)]
pub(super) struct Memory {
    /// By address.
    storages: HashMap<usize, Storage>,
    bytes: u64,
    /// Whether released memory still counts, since the autograd graph holds it.
    keeps: bool,
}

struct Storage {
    users: u64,
    bytes: u64,
}

impl Memory {
    /// Starts a pass with the memory already in use.
    pub fn begin(&mut self, keeps: bool, taken: u64) {
        *self = Memory { bytes: taken, keeps, ..Memory::default() };
    }

    /// Bytes in use.
    pub fn taken(&self) -> u64 {
        self.bytes
    }

    /// Adds a tensor.
    pub fn take(&mut self, tensor: &Tensor) {
        let storage = self.storages.entry(address(tensor)).or_insert(Storage { users: 0, bytes: 0 });
        storage.users += 1;
        // A new storage at a reused address may be larger.
        let more = bytes(tensor).saturating_sub(storage.bytes);
        storage.bytes += more;
        self.bytes = self.bytes.saturating_add(more).saturating_add(OVERHEAD);
    }

    /// Removes a tensor.
    pub fn give_back(&mut self, tensor: &Tensor) {
        self.bytes = self.bytes.saturating_sub(OVERHEAD);
        if self.keeps {
            return;
        }
        let address = address(tensor);
        let Some(storage) = self.storages.get_mut(&address) else { return };
        storage.users = storage.users.saturating_sub(1);
        if storage.users == 0 {
            self.bytes = self.bytes.saturating_sub(storage.bytes);
            self.storages.remove(&address);
        }
    }

    /// Adds memory that stays in use until the end of the pass.
    pub fn keep(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// The bytes of a tensor's elements. A view may refer to more, which was counted with its origin.
pub(super) fn bytes(tensor: &Tensor) -> u64 {
    (tensor.elem_count() as u64).saturating_mul(tensor.dtype().size_in_bytes() as u64)
}

fn address(tensor: &Tensor) -> usize {
    let (storage, _) = tensor.storage_and_layout();
    std::ptr::from_ref(&*storage).addr()
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    fn zeros(elements: usize) -> Tensor {
        Tensor::zeros(elements, DType::F32, &Device::Cpu).unwrap()
    }

    #[test]
    fn tensors_count_from_when_they_are_made_until_they_are_given_back() {
        let mut memory = Memory::default();
        memory.begin(false, 7);
        let (a, b) = (zeros(1000), zeros(10));
        memory.take(&a);
        memory.take(&b);
        assert_eq!(memory.taken(), 7 + 4040 + 2 * OVERHEAD);
        memory.give_back(&a);
        memory.keep(5);
        assert_eq!(memory.taken(), 7 + 40 + OVERHEAD + 5);
        memory.begin(false, 0);
        assert_eq!(memory.taken(), 0);
    }

    #[test]
    fn views_share_a_storage_that_counts_until_the_last_is_gone() {
        let mut memory = Memory::default();
        let all = zeros(1000);
        let part = all.narrow(0, 3, 2).unwrap();
        memory.take(&all);
        memory.take(&part);
        assert_eq!(memory.taken(), 4000 + 2 * OVERHEAD);
        memory.give_back(&all);
        assert_eq!(memory.taken(), 4000 + OVERHEAD, "the part holds all of it");
        memory.give_back(&part);
        assert_eq!(memory.taken(), 0);
    }

    #[test]
    fn what_gradients_need_counts_to_the_end_of_the_pass() {
        let mut memory = Memory::default();
        memory.begin(true, 0);
        let x = zeros(1000);
        memory.take(&x);
        memory.give_back(&x);
        assert_eq!(memory.taken(), 4000);
    }
}
