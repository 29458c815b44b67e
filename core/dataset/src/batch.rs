//! What the training loop reads: micro-batches addressable by index.

use std::sync::{Arc, Mutex, PoisonError};

use codetune_validate::BATCH_SIZE;

use super::pack::{Packing, TokenStream, epoch_order};
use super::{DatasetError, Split};

/// The label of a position that predicts nothing.
pub const IGNORE: u32 = u32::MAX;

/// A micro-batch: vectors of `batch * seq` entries, row after row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MicroBatch {
    /// Rows; the last batch of an epoch may have fewer than the others.
    pub batch: usize,
    /// Tokens of a row.
    pub seq: usize,
    /// Token ids.
    pub ids: Vec<u32>,
    /// The token to predict at each position (already shifted), or [`IGNORE`].
    pub labels: Vec<u32>,
    /// A position attends to earlier ones (and itself) of the same row and segment only. Padding is a segment
    /// of its own.
    pub segments: Vec<u32>,
    /// The place in the segment, from 0.
    pub positions: Vec<u32>,
}

impl MicroBatch {
    pub(super) fn with_capacity(batch: usize, seq: usize) -> Self {
        let room = || Vec::with_capacity(batch * seq);
        Self { batch, seq, ids: room(), labels: room(), segments: room(), positions: room() }
    }

    /// Positions that predict something: what a mean loss divides by.
    pub fn targets(&self) -> usize {
        self.labels.iter().filter(|&&label| label != IGNORE).count()
    }
}

/// Micro-batches by index. The same index always gives the same batch, so that resuming needs the step alone.
pub trait BatchSource: Send + Sync {
    /// Batches of an epoch, at least 1.
    fn batches_per_epoch(&self) -> u64;

    /// The batch of an index, counted from the start of training over all epochs.
    ///
    /// # Errors
    /// [`DatasetError::NoSuchBatch`] from a source that does not repeat.
    fn batch(&self, index: u64) -> Result<MicroBatch, DatasetError>;
}

/// The packed sequences of a split: the training split in a new seeded order each epoch, the held-out split in
/// its one order, once.
pub struct PackedBatches {
    stream: Arc<TokenStream>,
    packing: Arc<Packing>,
    split: Split,
    seed: u64,
    batch: usize,
    padding: u32,
    /// The order of the epoch used last.
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

    /// The training split in the orders of another seed beside the dataset's; with 0 they are the dataset's own.
    pub fn reordered(self, seed: u64) -> Self {
        // An odd factor makes a bijection, and keeps seeds apart that are counted up.
        let seed = self.seed.wrapping_add(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self { seed, order: Mutex::new(None), ..self }
    }

    /// Sequences of an epoch.
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
                    Split::Heldout => (0..self.sequences() as u32).collect(),
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
        if self.split == Split::Heldout && index >= count {
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

pub(super) fn check_batch(batch: usize) -> Result<(), DatasetError> {
    BATCH_SIZE.check_unsigned(batch as u64).map(drop).map_err(DatasetError::Invalid)
}
