//! Packs pieces of documents into sequences of equal length, without attention across pieces.
//!
//! Pieces are placed by best-fit decreasing (Ding et al., "Fewer Truncations Improve Language Modeling", 2024): longest
//! first, each into the fullest sequence with enough space. Pieces are never split; the rest of a sequence is padding.
//! A piece of a single token cannot predict anything and is truncated.

use std::collections::BTreeMap;

use super::batch::IGNORE;
use super::fim::FimOrder;
use super::piece::Pieces;
use super::random::Draws;

/// The tokens of a split and the pieces of its documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenStream {
    /// All ids.
    pub ids: Vec<u32>,
    /// The start of each piece in `ids`, and the end.
    pub pieces: Vec<u64>,
    /// The order of each piece, as [`FimOrder`].
    pub fim: Vec<u8>,
    /// The first piece of each document, and the number of pieces.
    pub documents: Vec<u64>,
}

impl Default for TokenStream {
    fn default() -> Self {
        Self { ids: Vec::new(), pieces: vec![0], fim: Vec::new(), documents: vec![0] }
    }
}

impl TokenStream {
    /// Appends a document.
    pub(super) fn push(&mut self, pieces: &Pieces) {
        let mut end = self.ids.len() as u64;
        self.ids.extend_from_slice(&pieces.ids);
        self.pieces.extend(pieces.lengths.iter().map(|length| {
            end += *length as u64;
            end
        }));
        self.fim.extend(pieces.orders.iter().map(|order| *order as u8));
        self.documents.push(self.fim.len() as u64);
    }

    /// Number of documents.
    pub fn document_count(&self) -> usize {
        self.documents.len().saturating_sub(1)
    }

    /// Number of pieces.
    pub fn piece_count(&self) -> usize {
        self.fim.len()
    }

    /// The ids of a document; empty if there is no such document.
    pub fn document(&self, index: usize) -> &[u32] {
        let of = |index: usize| self.documents.get(index).and_then(|piece| self.pieces.get(*piece as usize));
        self.between(of(index), of(index + 1))
    }

    /// The ids of a piece; empty if there is no such piece.
    pub fn piece(&self, index: usize) -> &[u32] {
        self.between(self.pieces.get(index), self.pieces.get(index + 1))
    }

    /// The order of a piece.
    pub fn order(&self, piece: usize) -> FimOrder {
        self.fim.get(piece).and_then(|order| FimOrder::of(*order)).unwrap_or(FimOrder::Plain)
    }

    fn between(&self, start: Option<&u64>, end: Option<&u64>) -> &[u32] {
        let range = start.zip(end);
        range.and_then(|(start, end)| self.ids.get(*start as usize..*end as usize)).unwrap_or_default()
    }
}

/// A sequence. All vectors have its length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Token ids.
    pub ids: Vec<u32>,
    /// The next token of the same piece; [`IGNORE`] at its end and in padding.
    pub labels: Vec<u32>,
    /// The number of the piece in the sequence, from 0; padding has the last number.
    pub segments: Vec<u32>,
    /// The position in the piece, from 0.
    pub positions: Vec<u32>,
}

/// The pieces of each sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packing {
    /// Piece numbers by sequence.
    pub rows: Vec<Vec<u32>>,
    /// Pieces of one token, which are not in any sequence.
    pub truncated: Vec<u32>,
    /// Tokens per sequence.
    pub seq: usize,
    /// Padding tokens in all sequences.
    pub padding: u64,
}

impl Packing {
    /// Packs pieces of at most `seq` tokens, at least 2; the seed breaks ties between pieces of equal length.
    pub fn new(stream: &TokenStream, seq: usize, seed: u64) -> Self {
        let length = |piece: u32| stream.piece(piece as usize).len();
        let order = shuffled("codetune dataset 1 pack", seed, 0, stream.piece_count());
        let (mut pieces, truncated): (Vec<u32>, Vec<u32>) =
            order.into_iter().partition(|piece| length(*piece) > 1);
        pieces.sort_by_key(|piece| std::cmp::Reverse(length(*piece)));
        let mut rows: Vec<Vec<u32>> = Vec::new();
        // Maps free tokens to sequences.
        let mut open: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut used = 0;
        for piece in pieces {
            let length = length(piece);
            used += length as u64;
            let fitting = open.range_mut(length..).next().and_then(|(&free, rows)| {
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
                    (seq, rows.len() - 1)
                }
            };
            if let Some(pieces) = rows.get_mut(row) {
                pieces.push(piece);
            }
            // No piece fits into a gap of one token.
            let free = free.saturating_sub(length);
            if free > 1 {
                open.entry(free).or_default().push(row);
            }
        }
        let padding = (rows.len() as u64 * seq as u64).saturating_sub(used);
        Self { rows, truncated, seq, padding }
    }

    /// A sequence, padded with the id `padding`; `None` beyond the last.
    pub fn row(&self, index: usize, stream: &TokenStream, padding: u32) -> Option<Row> {
        let mut row = Row {
            ids: Vec::with_capacity(self.seq),
            labels: Vec::with_capacity(self.seq),
            segments: Vec::with_capacity(self.seq),
            positions: Vec::with_capacity(self.seq),
        };
        let pieces = self.rows.get(index)?;
        for (segment, piece) in pieces.iter().enumerate() {
            let ids = stream.piece(*piece as usize);
            row.ids.extend_from_slice(ids);
            row.labels.extend_from_slice(ids.get(1..)?);
            row.labels.push(IGNORE);
            row.segments.extend(std::iter::repeat_n(segment as u32, ids.len()));
            row.positions.extend(0..ids.len() as u32);
        }
        let free = self.seq.checked_sub(row.ids.len())?;
        row.ids.extend(std::iter::repeat_n(padding, free));
        row.labels.extend(std::iter::repeat_n(IGNORE, free));
        row.segments.extend(std::iter::repeat_n(pieces.len() as u32, free));
        row.positions.extend(0..free as u32);
        Some(row)
    }
}

/// The order of `count` sequences in an epoch: a seeded permutation.
pub fn epoch_order(seed: u64, epoch: u64, count: usize) -> Vec<u32> {
    shuffled("codetune dataset 1 epoch", seed, epoch, count)
}

/// Fisher–Yates shuffle.
fn shuffled(purpose: &str, seed: u64, round: u64, count: usize) -> Vec<u32> {
    let mut draws = Draws::new(purpose, seed, &round.to_le_bytes());
    let mut order: Vec<u32> = (0..count as u32).collect();
    for last in (1..count).rev() {
        order.swap(last, draws.up_to(last));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Documents of one to three pieces whose ids tell where they are from: the piece's number times 10,000 plus place.
    fn stream(seed: u64, most: usize, documents: usize) -> TokenStream {
        let mut draws = Draws::new("test", seed, b"");
        let mut stream = TokenStream::default();
        for _ in 0..documents {
            let mut document = Pieces::default();
            for _ in 0..=draws.up_to(2) {
                let (number, length) =
                    (stream.piece_count() + document.lengths.len(), 1 + draws.up_to(most - 1));
                document.ids.extend((0..length).map(|place| (number * 10_000 + place) as u32));
                document.lengths.push(length);
                document.orders.push(FimOrder::Plain);
            }
            stream.push(&document);
        }
        stream
    }

    #[test]
    fn a_piece_stands_in_one_sequence_from_its_first_token_to_its_last() {
        for seed in 0..20 {
            let stream = stream(seed, 40, 30);
            let packing = Packing::new(&stream, 40, seed);
            let mut whole = 0;
            for index in 0..packing.rows.len() {
                let row = packing.row(index, &stream, 7).unwrap();
                for (segment, piece) in packing.rows[index].iter().enumerate() {
                    let ids = row.ids.iter().zip(&row.segments).filter(|(_, of)| **of == segment as u32);
                    let ids: Vec<u32> = ids.map(|(id, _)| *id).collect();
                    assert_eq!(ids, stream.piece(*piece as usize));
                    whole += 1;
                }
            }
            assert_eq!(whole + packing.truncated.len(), stream.piece_count());
        }
    }

    #[test]
    fn every_token_is_in_one_sequence_or_truncated() {
        for seed in 0..50 {
            for seq in [2, 3, 17, 64, 200] {
                let stream = stream(seed, seq, 30);
                let packing = Packing::new(&stream, seq, seed);
                let mut seen: Vec<u32> =
                    packing.truncated.iter().map(|piece| stream.piece(*piece as usize)[0]).collect();
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
    fn labels_never_cross_pieces() {
        for seed in 0..30 {
            let stream = stream(seed, 32, 30);
            let packing = Packing::new(&stream, 32, seed);
            for index in 0..packing.rows.len() {
                let row = packing.row(index, &stream, 7).unwrap();
                for i in 0..32 {
                    let next = (i + 1 < 32 && row.segments[i + 1] == row.segments[i]).then(|| row.ids[i + 1]);
                    let padding = row.segments[i] as usize == packing.rows[index].len();
                    let expected = if padding { IGNORE } else { next.unwrap_or(IGNORE) };
                    assert_eq!(row.labels[i], expected);
                    if expected != IGNORE {
                        assert_eq!(expected, row.ids[i] + 1, "the next token of the same piece");
                    }
                    let restart = i == 0 || row.segments[i] != row.segments[i - 1];
                    assert_eq!(row.positions[i], if restart { 0 } else { row.positions[i - 1] + 1 });
                }
            }
        }
    }

    #[test]
    fn packing_wastes_little_and_follows_the_seed() {
        let stream = stream(1, 90, 600);
        let packing = Packing::new(&stream, 128, 1);
        let used: usize = (0..packing.rows.len())
            .map(|row| packing.row(row, &stream, u32::MAX - 1).unwrap())
            .map(|row| row.ids.iter().filter(|id| **id != u32::MAX - 1).count())
            .sum();
        assert_eq!(packing.padding, (packing.rows.len() * 128 - used) as u64);
        let share = packing.padding as f64 / (packing.rows.len() * 128) as f64;
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
