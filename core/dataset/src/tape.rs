//! A pre-tokenised tape: ids used in order, without shuffling.

use std::path::Path;

use codetune_validate::{PACKED_LENGTH, Violation};

use super::batch::{BatchSource, IGNORE, MicroBatch, check_batch};
use super::error::DatasetError;

/// A list of ids cut into rows one after the other.
///
/// Row `r` of sequences of `S` tokens has the ids from `r·S`; the last one has what is left, followed by padding in a
/// segment of its own that predicts nothing. A single id that is left could predict nothing and makes no row. Each row
/// is one segment, and its last id predicts nothing: this is what `labels = input_ids` means to causal models of
/// transformers, which shift inside a row. Rows make batches in order, the last batch of an epoch has those that are
/// left, and each epoch begins with the first row again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenTape {
    ids: Vec<u32>,
    batch: usize,
    seq: usize,
}

/// The most bytes of a list of ids: some two billion of them.
const MOST_BYTES: u64 = 16 << 30;

impl TokenTape {
    /// Checks and takes ids; `vocab_size` bounds them and `name` names the tape in errors.
    ///
    /// # Errors
    /// [`DatasetError::Tape`] for an id out of the vocabulary and for a tape of less than two ids;
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
        let wrong =
            |cause: String, help| DatasetError::Tape { path: name.to_owned(), cause, help: Some(help) };
        if let Some((place, id)) = ids.iter().enumerate().find(|&(_, &id)| id as usize >= vocab_size) {
            let cause = format!("entry {place} is {id}, but the vocabulary has {vocab_size} tokens");
            return Err(wrong(cause, "use the model's tokenizer"));
        }
        if ids.len() < 2 {
            let length = ids.len();
            let cause = format!("its length is {length}, too short to predict a token");
            return Err(wrong(cause, "give at least two"));
        }
        // A tape shorter than a sequence is one of its own length, which needs no padding.
        let seq = seq.min(ids.len());
        Ok(Self { ids, batch, seq })
    }

    /// Reads a JSON list of ids.
    ///
    /// # Errors
    /// [`DatasetError::Io`], and as [`TokenTape::new`].
    pub fn load(path: &Path, batch: usize, seq: usize, vocab_size: usize) -> Result<Self, DatasetError> {
        let bytes = codetune_files::read_given(path, MOST_BYTES).map_err(DatasetError::io(path))?;
        let name = path.display().to_string();
        let ids = serde_json::from_slice(&bytes).map_err(|error| DatasetError::Tape {
            path: name.clone(),
            cause: format!("expected a JSON list of token ids: {error}"),
            help: None,
        })?;
        Self::new(ids, batch, seq, vocab_size, &name)
    }

    /// Tokens on the tape.
    pub fn tokens(&self) -> usize {
        self.ids.len()
    }

    /// Rows of an epoch, at least 1.
    fn rows(&self) -> usize {
        self.ids.len() / self.seq + usize::from(self.ids.len() % self.seq > 1)
    }

    fn push(&self, row: usize, batch: &mut MicroBatch) {
        let start = row * self.seq;
        let ids = self.ids.get(start..self.ids.len().min(start + self.seq)).unwrap_or_default();
        let (given, free) = (ids.len(), self.seq - ids.len());
        batch.ids.extend_from_slice(ids);
        // Any id would do: nothing attends to it and nothing predicts it.
        batch.ids.extend(std::iter::repeat_n(0, free));
        batch.labels.extend(ids.iter().skip(1));
        batch.labels.extend(std::iter::repeat_n(IGNORE, free + 1));
        batch.segments.extend(std::iter::repeat_n(0, given).chain(std::iter::repeat_n(1, free)));
        batch.positions.extend((0..given as u32).chain(0..free as u32));
    }
}

impl BatchSource for TokenTape {
    fn batches_per_epoch(&self) -> u64 {
        self.rows().div_ceil(self.batch) as u64
    }

    fn batch(&self, index: u64) -> Result<MicroBatch, DatasetError> {
        let first = (index % self.batches_per_epoch()) as usize * self.batch;
        let last = self.rows().min(first + self.batch);
        let mut batch = MicroBatch::with_capacity(last - first, self.seq);
        (first..last).for_each(|row| self.push(row, &mut batch));
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use codetune_validate::Whole;

    use super::*;

    /// The ids of an epoch that a batch shape trains on, padding left out: each with its label.
    fn trained(length: u32, batch: usize, seq: usize) -> Vec<(u32, u32)> {
        let tape = TokenTape::new((0..length).collect(), batch, seq, length as usize, "t").unwrap();
        let of = |index| {
            let batch = tape.batch(index).unwrap();
            assert_eq!(batch.batch * batch.seq, batch.ids.len());
            let pairs = batch.ids.into_iter().zip(batch.labels);
            pairs.filter(|(_, label)| *label != IGNORE).collect::<Vec<_>>()
        };
        (0..tape.batches_per_epoch()).flat_map(of).collect()
    }

    #[test]
    fn an_epoch_has_every_row_once_whatever_the_batch() {
        for length in 2..70 {
            for seq in [2, 3, 8, 64] {
                // What a causal model of transformers predicts with `labels = input_ids`, row by row.
                let expected: Vec<(u32, u32)> = (0..length)
                    .collect::<Vec<u32>>()
                    .chunks(seq)
                    .flat_map(|row| row.windows(2).map(|pair| (pair[0], pair[1])))
                    .collect();
                for batch in [1, 2, 3, 4, 100] {
                    assert_eq!(trained(length, batch, seq), expected, "{length} ids, {batch} x {seq}");
                }
            }
        }
    }

    #[test]
    fn a_tape_of_exactly_two_batches_has_two_and_begins_again_with_the_first() {
        let tape = TokenTape::new((0..32).collect(), 2, 8, 32, "t").unwrap();
        assert_eq!(tape.batches_per_epoch(), 2);
        for (index, start) in [(0, 0), (1, 16), (2, 0), (3, 16), (1001, 16)] {
            let batch = tape.batch(index).unwrap();
            assert_eq!(batch.ids, (start..start + 16).collect::<Vec<u32>>(), "batch {index}");
        }
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
    fn what_is_left_at_the_end_is_filled_up_in_a_segment_of_its_own() {
        let tape = TokenTape::new((10..16).collect(), 3, 4, 16, "t").unwrap();
        let batch = tape.batch(0).unwrap();
        assert_eq!((batch.batch, tape.batches_per_epoch()), (2, 1));
        assert_eq!(batch.ids, [10, 11, 12, 13, 14, 15, 0, 0]);
        assert_eq!(batch.labels, [11, 12, 13, IGNORE, 15, IGNORE, IGNORE, IGNORE]);
        assert_eq!(batch.segments, [0, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!(batch.positions, [0, 1, 2, 3, 0, 1, 0, 1]);
    }

    #[test]
    fn tapes_that_cannot_be_used_are_refused() {
        let error = TokenTape::new(vec![1, 2, 300, 4, 5], 1, 2, 300, "t.json").unwrap_err().whole();
        assert!(error.contains("t.json: entry 2 is 300"), "{error}");
        for ids in [vec![], vec![1]] {
            let error = TokenTape::new(ids, 2, 3, 300, "t.json").unwrap_err().whole();
            assert!(error.contains("t.json: its length is") && error.contains("at least two"), "{error}");
        }
        assert!(TokenTape::new(vec![1; 6], usize::MAX, 3, 300, "t").is_err());
        assert!(TokenTape::new(vec![1; 6], 0, 3, 300, "t").is_err());
        assert!(TokenTape::new(vec![1; 6], 1, usize::MAX, 300, "t").is_err());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens.json");
        for bad in ["[1, 2", "[1, true]", "[1, -2]", "[1.5]", "{}"] {
            std::fs::write(&file, bad).unwrap();
            assert!(matches!(TokenTape::load(&file, 1, 2, 9), Err(DatasetError::Tape { .. })), "{bad}");
        }
        assert!(matches!(TokenTape::load(&folder.path().join("no"), 1, 2, 9), Err(DatasetError::Io { .. })));
    }
}
