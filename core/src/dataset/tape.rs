//! A pre-tokenised tape: ids used in order, without shuffling, segments or padding.

use std::path::Path;

use super::batch::{IGNORE, check_batch};
use super::{BatchSource, DatasetError, MicroBatch};
use crate::validate::{PACKED_LENGTH, Violation};

/// A list of ids cut into batches one after the other.
///
/// Batch `s` of `B` rows of `S` tokens takes the `n = B·S` ids from `(s·n) mod (len − n)`. Each row is one
/// segment; its last position predicts nothing. This is what `labels = input_ids` means to Hugging Face
/// causal models, which shift inside a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenTape {
    ids: Vec<u32>,
    batch: usize,
    seq: usize,
}

impl TokenTape {
    /// Checks and takes ids; `vocab_size` bounds them and `name` names the tape in errors.
    ///
    /// # Errors
    /// [`DatasetError::Tape`] for an id out of the vocabulary and for a tape that is not longer than one batch;
    /// [`DatasetError::Invalid`] for a batch or sequence out of its bounds.
    pub fn new(
        ids: Vec<u32>,
        batch: usize,
        seq: usize,
        vocab_size: usize,
        name: &str,
    ) -> Result<Self, DatasetError> {
        check_batch(batch)?;
        PACKED_LENGTH
            .check_unsigned(seq as u64)
            .map_err(|violation| Violation { field: "data.max_seq_length".into(), ..violation })?;
        let wrong = |cause: String| DatasetError::Tape { path: name.to_owned(), cause };
        if let Some((place, id)) = ids.iter().enumerate().find(|&(_, &id)| id as usize >= vocab_size) {
            return Err(wrong(format!(
                "entry {place} is {id}, but the vocabulary has {vocab_size} tokens; use the model's tokenizer"
            )));
        }
        if batch.checked_mul(seq).is_none_or(|needed| ids.len() <= needed) {
            let length = ids.len();
            return Err(wrong(format!(
                "it has {length} tokens, but must have more than one batch of {batch} x {seq}; use a longer \
                 tape or a smaller batch"
            )));
        }
        Ok(Self { ids, batch, seq })
    }

    /// Reads a JSON list of ids.
    ///
    /// # Errors
    /// [`DatasetError::Io`], and as [`TokenTape::new`].
    pub fn load(path: &Path, batch: usize, seq: usize, vocab_size: usize) -> Result<Self, DatasetError> {
        let bytes = std::fs::read(path).map_err(DatasetError::io(path))?;
        let name = path.display().to_string();
        let ids = serde_json::from_slice(&bytes).map_err(|error| DatasetError::Tape {
            path: name.clone(),
            cause: format!("expected a JSON list of token ids: {error}"),
        })?;
        Self::new(ids, batch, seq, vocab_size, &name)
    }

    /// Tokens on the tape.
    pub fn tokens(&self) -> usize {
        self.ids.len()
    }
}

impl BatchSource for TokenTape {
    /// Batches before the tape starts again.
    fn batches_per_epoch(&self) -> u64 {
        let taken = self.batch * self.seq;
        (self.ids.len() - taken).div_ceil(taken) as u64
    }

    fn batch(&self, index: u64) -> Result<MicroBatch, DatasetError> {
        let taken = self.batch * self.seq;
        // In 128 bits: a step times a batch may not fit in 64.
        let start = (u128::from(index) * taken as u128 % (self.ids.len() - taken) as u128) as usize;
        let ids = self.ids.get(start..start + taken).unwrap_or_default().to_vec();
        let labels = ids
            .chunks(self.seq)
            .flat_map(|row| row.iter().skip(1).copied().chain(std::iter::once(IGNORE)))
            .collect();
        let positions = (0..self.batch).flat_map(|_| 0..self.seq as u32).collect();
        Ok(MicroBatch { batch: self.batch, seq: self.seq, ids, labels, segments: vec![0; taken], positions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_take_the_same_tokens_as_the_reference_program() {
        // ids[(s*n) % (len(ids)-n):][:n] of Python, for a tape of 0, 1, 2, … 99
        let tape = TokenTape::new((0..100).collect(), 2, 8, 100, "t").unwrap();
        for (step, start) in [(0, 0), (1, 16), (5, 80), (6, 12), (7, 28), (21, 0), (1000, 40)] {
            let batch = tape.batch(step).unwrap();
            assert_eq!(batch.ids, (start..start + 16).collect::<Vec<u32>>(), "step {step}");
        }
        assert_eq!(tape.batches_per_epoch(), 6);
    }

    #[test]
    fn rows_are_shifted_on_their_own() {
        let tape = TokenTape::new((10..40).collect(), 2, 3, 40, "t").unwrap();
        let batch = tape.batch(0).unwrap();
        assert_eq!(batch.ids, [10, 11, 12, 13, 14, 15]);
        assert_eq!(batch.labels, [11, 12, IGNORE, 14, 15, IGNORE]);
        assert_eq!(batch.positions, [0, 1, 2, 0, 1, 2]);
        assert_eq!(batch.segments, [0; 6]);
        assert_eq!(batch.targets(), 4);
    }

    #[test]
    fn tapes_that_cannot_be_used_are_refused() {
        let error = TokenTape::new(vec![1, 2, 300, 4, 5], 1, 2, 300, "t.json").unwrap_err().to_string();
        assert!(error.contains("t.json: entry 2 is 300"), "{error}");
        let error = TokenTape::new(vec![1; 6], 2, 3, 300, "t.json").unwrap_err().to_string();
        assert!(error.contains("more than one batch of 2 x 3"), "{error}");
        assert!(TokenTape::new(vec![1; 6], usize::MAX, 3, 300, "t").is_err());
        assert!(TokenTape::new(vec![1; 6], 0, 3, 300, "t").is_err());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens.json");
        for bad in ["[1, 2", "[1, true]", "[1, -2]", "[1.5]", "{}"] {
            std::fs::write(&file, bad).unwrap();
            assert!(matches!(TokenTape::load(&file, 1, 2, 9), Err(DatasetError::Tape { .. })), "{bad}");
        }
        assert!(matches!(TokenTape::load(&folder.path().join("no"), 1, 2, 9), Err(DatasetError::Io { .. })));
    }
}
