//! Counts what the tensors of a pass take: a backend in a sandbox can ask for tensors as it likes, and running out of
//! memory would end the whole process.

use std::collections::HashMap;

use candle_core::Tensor;

/// What a tensor takes beside its numbers.
const OVERHEAD: u64 = 512;

/// The memory behind the tensors of a pass. Several tensors may share one storage, which counts once, for as long as
/// one of them is there.
#[derive(Default)]
pub(super) struct Memory {
    /// By address.
    storages: HashMap<usize, Storage>,
    bytes: u64,
    /// What is given back stays where it is: the graph of gradients holds it.
    keeps: bool,
}

struct Storage {
    users: u64,
    bytes: u64,
}

impl Memory {
    /// Starts a pass, with what is there already.
    pub fn begin(&mut self, keeps: bool, taken: u64) {
        *self = Memory { bytes: taken, keeps, ..Memory::default() };
    }

    /// How many bytes are taken.
    pub fn taken(&self) -> u64 {
        self.bytes
    }

    /// Counts a tensor.
    pub fn take(&mut self, tensor: &Tensor) {
        let storage = self.storages.entry(address(tensor)).or_insert(Storage { users: 0, bytes: 0 });
        storage.users += 1;
        // What comes to lie where something was before may be larger.
        let more = bytes(tensor).saturating_sub(storage.bytes);
        storage.bytes += more;
        self.bytes = self.bytes.saturating_add(more).saturating_add(OVERHEAD);
    }

    /// Counts a tensor no longer.
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

    /// Counts what stays until the pass ends, whatever becomes of its tensor.
    pub fn keep(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// The bytes of a tensor's numbers. A view may stand for more, which whoever made it was counted with.
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
