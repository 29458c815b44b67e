//! Input of the training loop: micro-batches by index.

use codetune_validate::BATCH_SIZE;

use super::error::DatasetError;

/// The label of a position without a prediction.
pub const IGNORE: u32 = u32::MAX;

/// A micro-batch: vectors of `batch * seq` entries, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MicroBatch {
    /// Number of rows; the last batch of an epoch may have fewer.
    pub batch: usize,
    /// Tokens per row.
    pub seq: usize,
    /// Token ids.
    pub ids: Vec<u32>,
    /// The token to predict at each position (already shifted), or [`IGNORE`].
    pub labels: Vec<u32>,
    /// The segment of each position. A position attends to itself and earlier ones in the same row and segment. Padding
    /// is a separate segment.
    pub segments: Vec<u32>,
    /// The position within the segment, from 0.
    pub positions: Vec<u32>,
}

impl MicroBatch {
    pub(super) fn with_capacity(batch: usize, seq: usize) -> Self {
        let room = || Vec::with_capacity(batch * seq);
        Self { batch, seq, ids: room(), labels: room(), segments: room(), positions: room() }
    }

    /// Number of positions with a label: the denominator of a mean loss.
    pub fn targets(&self) -> usize {
        self.labels.iter().filter(|&&label| label != IGNORE).count()
    }
}

/// Micro-batches by index. An index always gives the same batch, so resuming only needs the step.
pub trait BatchSource: Send + Sync {
    /// Batches per epoch, at least 1.
    fn batches_per_epoch(&self) -> u64;

    /// The batch with an index, counted over all epochs.
    ///
    /// # Errors
    /// [`DatasetError::NoSuchBatch`] from a source that does not repeat.
    fn batch(&self, index: u64) -> Result<MicroBatch, DatasetError>;
}

pub(super) fn check_batch(batch: usize) -> Result<(), DatasetError> {
    BATCH_SIZE.check_unsigned(batch as u64).map(drop).map_err(DatasetError::Invalid)
}
