//! What the training loop reads: micro-batches addressable by index.

use codetune_validate::BATCH_SIZE;

use super::DatasetError;

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

pub(super) fn check_batch(batch: usize) -> Result<(), DatasetError> {
    BATCH_SIZE.check_unsigned(batch as u64).map(drop).map_err(DatasetError::Invalid)
}
