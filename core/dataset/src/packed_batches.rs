//! Micro-batches of packed sequences.

use std::sync::{Arc, Mutex, PoisonError};

use super::batch::{BatchSource, MicroBatch, check_batch};
use super::document::Split;
use super::error::DatasetError;
use super::pack::{Packing, TokenStream, epoch_order};

/// The packed sequences of a split: the training split in a new seeded order each epoch, the held-out split once in a
/// fixed order.
pub struct PackedBatches {
    stream: Arc<TokenStream>,
    packing: Arc<Packing>,
    split: Split,
    seed: u64,
    batch: usize,
    padding: u32,
    /// The order of the last used epoch.
    order: Mutex<Option<(u64, Arc<Vec<u32>>)>>,
}

impl PackedBatches {
    pub(super) fn new(
        split: Split,
        stream: Arc<TokenStream>,
        packing: Arc<Packing>,
        seed: u64,
        batch: usize,
        padding: u32,
    ) -> Result<Self, DatasetError> {
        check_batch(batch)?;
        if packing.rows.is_empty() {
            return Err(DatasetError::EmptySplit(
                split.name(),
                "hold out a larger fraction or give more files",
            ));
        }
        Ok(Self { stream, packing, split, seed, batch, padding, order: Mutex::new(None) })
    }

    /// Combines another seed with the dataset's for the order of the training split; 0 keeps the dataset's order.
    pub fn reordered(self, seed: u64) -> Self {
        // An odd factor is a bijection, and separates consecutive seeds.
        let seed = self.seed.wrapping_add(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self { seed, order: Mutex::new(None), ..self }
    }

    /// Sequences per epoch.
    pub fn sequences(&self) -> usize {
        self.packing.rows.len()
    }

    fn order(&self, epoch: u64) -> Arc<Vec<u32>> {
        let mut cached = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        match &*cached {
            Some((known, order)) if *known == epoch => Arc::clone(order),
            _ => {
                let order = Arc::new(match self.split {
                    Split::Train => epoch_order(self.seed, epoch, self.sequences()),
                    Split::HeldOut => (0..self.sequences() as u32).collect(),
                });
                *cached = Some((epoch, Arc::clone(&order)));
                order
            }
        }
    }
}

impl BatchSource for PackedBatches {
    fn batches_per_epoch(&self) -> u64 {
        self.sequences().div_ceil(self.batch) as u64
    }

    fn batch(&self, index: u64) -> Result<MicroBatch, DatasetError> {
        let count = self.batches_per_epoch();
        let missing = || DatasetError::NoSuchBatch { split: self.split.name(), index, count };
        if self.split == Split::HeldOut && index >= count {
            return Err(missing());
        }
        let order = self.order(index / count);
        let first = (index % count) as usize * self.batch;
        let last = order.len().min(first + self.batch);
        let chosen = order.get(first..last).ok_or_else(missing)?;
        let mut batch = MicroBatch::with_capacity(chosen.len(), self.packing.seq);
        for &row in chosen {
            let row = self.packing.row(row as usize, &self.stream, self.padding).ok_or_else(missing)?;
            batch.ids.extend(row.ids);
            batch.labels.extend(row.labels);
            batch.segments.extend(row.segments);
            batch.positions.extend(row.positions);
        }
        Ok(batch)
    }
}
