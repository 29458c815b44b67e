//! Documents into sequences of one length that do not attend across documents.
//!
//! A document longer than a sequence is cut into parts of a full sequence and a rest. Parts are placed by
//! best-fit decreasing (Ding et al., "Fewer Truncations Improve Language Modeling", 2024): the longest first,
//! each into the fullest sequence that still has room, so no part is cut to fill a hole; what stays free at the
//! end of a sequence is padding. A rest of a single token could predict nothing and is truncated.

use std::collections::BTreeMap;

use super::batch::IGNORE;
use super::random::Draws;

/// The ids of a split's documents, one after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenStream {
    /// All ids.
    pub ids: Vec<u32>,
    /// Where each document starts in `ids`, and the end: one more than there are documents.
    pub offsets: Vec<u64>,
    /// For each document, its order as [`super::fim::FimOrder`].
    pub fim: Vec<u8>,
}

impl TokenStream {
    /// How many documents there are.
    pub fn documents(&self) -> usize {
        self.fim.len()
    }

    /// The ids of a document; empty for a document that is not there.
    pub fn document(&self, index: usize) -> &[u32] {
        let range = self.offsets.get(index).zip(self.offsets.get(index + 1));
        range.and_then(|(&start, &end)| self.ids.get(start as usize..end as usize)).unwrap_or_default()
    }
}

/// A part of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The document's index in its stream.
    pub document: u32,
    /// Where the part starts in the document, in tokens.
    pub start: u64,
    /// Its length in tokens.
    pub length: u32,
}

/// A sequence, ready for a batch. All vectors have the length of the sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Token ids.
    pub ids: Vec<u32>,
    /// The next token of the same part, [`IGNORE`] at its end and in padding.
    pub labels: Vec<u32>,
    /// The number of the part in the sequence, from 0; padding is one more part at the end.
    pub segments: Vec<u32>,
    /// The place in the part, from 0.
    pub positions: Vec<u32>,
}

/// Which parts make which sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packing {
    /// The parts of each sequence.
    pub rows: Vec<Vec<Part>>,
    /// Parts of one token that are in no sequence.
    pub truncated: Vec<Part>,
    /// Tokens of a sequence.
    pub seq: usize,
}

impl Packing {
    /// Packs documents; ties between parts of a length are broken by the seed. `seq` is at least 2.
    pub fn new(stream: &TokenStream, seq: usize, seed: u64) -> Self {
        let (parts, truncated) = cut(stream, seq);
        let shuffled = shuffled("codetune dataset 1 pack", seed, 0, parts.len());
        let mut parts: Vec<Part> =
            shuffled.into_iter().filter_map(|index| parts.get(index as usize).copied()).collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.length));
        let mut rows: Vec<Vec<Part>> = Vec::new();
        // Free tokens to the rows that have them.
        let mut open: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for part in parts {
            let fitting = open.range_mut(part.length..).next().and_then(|(&free, rows)| {
                let row = rows.pop()?;
                Some((free, row, rows.is_empty()))
            });
            let (free, row) = match fitting {
                Some((free, row, last)) => {
                    if last {
                        open.remove(&free);
                    }
                    (free, row)
                }
                None => {
                    rows.push(Vec::new());
                    (seq as u32, rows.len() - 1)
                }
            };
            if let Some(parts) = rows.get_mut(row) {
                parts.push(part);
            }
            // A hole of one token fits no part.
            if free - part.length > 1 {
                open.entry(free - part.length).or_default().push(row);
            }
        }
        Self { rows, truncated, seq }
    }

    /// A sequence, filled up with the id `padding`; `None` beyond the last.
    pub fn row(&self, index: usize, stream: &TokenStream, padding: u32) -> Option<Row> {
        let mut row = Row {
            ids: Vec::with_capacity(self.seq),
            labels: Vec::with_capacity(self.seq),
            segments: Vec::with_capacity(self.seq),
            positions: Vec::with_capacity(self.seq),
        };
        let parts = self.rows.get(index)?;
        for (segment, part) in parts.iter().enumerate() {
            let (start, length) = (part.start as usize, part.length as usize);
            let ids = stream.document(part.document as usize).get(start..start + length)?;
            row.ids.extend_from_slice(ids);
            row.labels.extend_from_slice(ids.get(1..)?);
            row.labels.push(IGNORE);
            row.segments.extend(std::iter::repeat_n(segment as u32, length));
            row.positions.extend(0..part.length);
        }
        let free = self.seq - row.ids.len();
        row.ids.extend(std::iter::repeat_n(padding, free));
        row.labels.extend(std::iter::repeat_n(IGNORE, free));
        row.segments.extend(std::iter::repeat_n(parts.len() as u32, free));
        row.positions.extend(0..free as u32);
        Some(row)
    }

    /// Padding tokens in all sequences.
    pub fn padding(&self) -> u64 {
        let used: u64 = self.rows.iter().flatten().map(|part| u64::from(part.length)).sum();
        self.rows.len() as u64 * self.seq as u64 - used
    }
}

/// The order of `count` sequences in an epoch: a seeded permutation.
pub fn epoch_order(seed: u64, epoch: u64, count: usize) -> Vec<u32> {
    shuffled("codetune dataset 1 epoch", seed, epoch, count)
}

/// Fisher–Yates.
fn shuffled(purpose: &str, seed: u64, round: u64, count: usize) -> Vec<u32> {
    let mut draws = Draws::new(purpose, seed, &round.to_le_bytes());
    let mut order: Vec<u32> = (0..count as u32).collect();
    for last in (1..count).rev() {
        order.swap(last, draws.up_to(last));
    }
    order
}

/// Cuts documents into parts of at most `seq` tokens; parts of one token come apart.
fn cut(stream: &TokenStream, seq: usize) -> (Vec<Part>, Vec<Part>) {
    let parts = (0..stream.documents()).flat_map(|document| {
        let length = stream.document(document).len();
        (0..length).step_by(seq).map(move |start| Part {
            document: document as u32,
            start: start as u64,
            length: seq.min(length - start) as u32,
        })
    });
    parts.partition(|part| part.length > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Documents whose ids tell where they are from: document number times 10,000 plus place.
    fn stream(lengths: &[usize]) -> TokenStream {
        let mut stream = TokenStream { offsets: vec![0], ..TokenStream::default() };
        for (document, &length) in lengths.iter().enumerate() {
            stream.ids.extend((0..length).map(|place| (document * 10_000 + place) as u32));
            stream.offsets.push(stream.ids.len() as u64);
            stream.fim.push(0);
        }
        stream
    }

    fn random_lengths(seed: u64) -> Vec<usize> {
        let mut draws = Draws::new("test", seed, b"");
        (0..60).map(|_| 1 + draws.up_to(90)).collect()
    }

    #[test]
    fn every_token_is_in_one_sequence_or_truncated() {
        for seed in 0..50 {
            let stream = stream(&random_lengths(seed));
            for seq in [2, 3, 17, 64, 200] {
                let packing = Packing::new(&stream, seq, seed);
                let mut seen: Vec<u32> = packing
                    .truncated
                    .iter()
                    .map(|part| stream.document(part.document as usize)[part.start as usize])
                    .collect();
                for index in 0..packing.rows.len() {
                    let row = packing.row(index, &stream, u32::MAX - 1).unwrap();
                    assert_eq!(row.ids.len(), seq);
                    seen.extend(row.ids.iter().filter(|&&id| id != u32::MAX - 1));
                }
                seen.sort_unstable();
                let mut all = stream.ids.clone();
                all.sort_unstable();
                assert_eq!(seen, all);
            }
        }
    }

    #[test]
    fn labels_never_cross_documents_or_parts() {
        for seed in 0..30 {
            let stream = stream(&random_lengths(seed));
            let packing = Packing::new(&stream, 32, seed);
            for index in 0..packing.rows.len() {
                let row = packing.row(index, &stream, 7).unwrap();
                for i in 0..32 {
                    let next = (i + 1 < 32 && row.segments[i + 1] == row.segments[i]).then(|| row.ids[i + 1]);
                    let padding = row.segments[i] as usize == packing.rows[index].len();
                    let expected = if padding { IGNORE } else { next.unwrap_or(IGNORE) };
                    assert_eq!(row.labels[i], expected);
                    if expected != IGNORE {
                        assert_eq!(expected, row.ids[i] + 1, "the next token of the same document");
                    }
                    let restart = i == 0 || row.segments[i] != row.segments[i - 1];
                    assert_eq!(row.positions[i], if restart { 0 } else { row.positions[i - 1] + 1 });
                }
            }
        }
    }

    #[test]
    fn packing_wastes_little_and_follows_the_seed() {
        let lengths: Vec<usize> = (0..20).flat_map(random_lengths).collect();
        let stream = stream(&lengths);
        let packing = Packing::new(&stream, 128, 1);
        let share = packing.padding() as f64 / (packing.rows.len() * 128) as f64;
        assert!(share < 0.02, "{share}");
        assert_eq!(packing, Packing::new(&stream, 128, 1));
        assert_ne!(packing, Packing::new(&stream, 128, 2));
    }

    #[test]
    fn an_epoch_is_a_permutation_of_its_own() {
        let first = epoch_order(5, 0, 100);
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        assert_eq!(first, epoch_order(5, 0, 100));
        assert_ne!(first, epoch_order(5, 1, 100));
        assert_ne!(first, epoch_order(6, 0, 100));
    }
}
