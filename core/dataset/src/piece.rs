//! Splits documents into pieces that fit into a sequence.
//!
//! Documents are split between characters whenever a sequence is full. Every piece is a separate example: plain pieces
//! continue where the previous one ended, and fill-in-the-middle rearranges a piece within itself. Packing never splits
//! a piece.
//!
//! Special tokens before a text go into the first piece, and those after it, with end-of-text, into the last. Each
//! fill-in-the-middle example has both, like a prompt. The last piece always contains part of the text, and a piece of
//! a single token, which cannot predict anything, only occurs if a sequence has two tokens.

use super::config::DatasetConfig;
use super::error::DatasetError;
use super::fim::{self, FimOrder};
use super::tokenizer::CodeTokenizer;

/// The tokens of a document and its pieces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pieces {
    /// All ids, piece by piece.
    pub ids: Vec<u32>,
    /// The length of each piece, in tokens.
    pub lengths: Vec<usize>,
    /// The order of each piece.
    pub orders: Vec<FimOrder>,
}

impl Pieces {
    fn push(&mut self, ids: &[u32], order: FimOrder) {
        self.ids.extend_from_slice(ids);
        self.lengths.push(ids.len());
        self.orders.push(order);
    }
}

/// Splits a text with its ids from [`CodeTokenizer::encode`]; `fim` makes the random decisions.
///
/// # Errors
/// [`DatasetError::Tokenizer`] if a part of a piece cannot be encoded.
pub(super) fn cut(
    path: &str,
    text: &str,
    ids: &[u32],
    fim: bool,
    tokenizer: &CodeTokenizer,
    config: &DatasetConfig,
) -> Result<Pieces, DatasetError> {
    let special = tokenizer.special();
    let (before, closing) = (special.before.len(), special.closing());
    let whole = [special.before.as_slice(), ids, closing.as_slice()].concat();
    let seq = config.max_seq_length;
    let mut pieces = Pieces::default();
    let mut text = Text { tokenizer, text, ids, token: 0, byte: Some(0) };
    let mut at = 0;
    while at < whole.len() {
        let order = match fim {
            false => FimOrder::Plain,
            true => {
                let number = pieces.orders.len() as u64;
                let draw = fim::draw(path, number, config.seed, config.fim_rate, config.spm_rate);
                if draw.order != FimOrder::Plain
                    && before + text.token == at.max(before)
                    && let Some((example, next)) = text.example(&draw, seq)?
                {
                    pieces.push(&example, draw.order);
                    text = next;
                    at = if text.token == ids.len() { whole.len() } else { before + text.token };
                    continue;
                }
                // A text too short for an example stays plain.
                FimOrder::Plain
            }
        };
        let length = plain_length(whole.len() - at, seq, closing.len());
        let mut end = at + length;
        if end < whole.len() && end > before + text.token {
            text = text.after(end - before - text.token);
            // Split between characters, unless the piece would be empty.
            end = (before + text.token).max(at + length.min(2));
        }
        pieces.push(whole.get(at..end).unwrap_or_default(), order);
        at = end;
    }
    Ok(pieces)
}

/// The length of the next plain piece.
fn plain_length(left: usize, seq: usize, closing: usize) -> usize {
    if left <= seq {
        return left;
    }
    // The last piece contains at least one token of the text.
    let most = seq.min(left.saturating_sub(closing + 1));
    if most >= 2 { most } else { seq }
}

/// A partially split text.
#[derive(Clone, Copy)]
struct Text<'a> {
    tokenizer: &'a CodeTokenizer,
    text: &'a str,
    ids: &'a [u32],
    /// Tokens in pieces so far.
    token: usize,
    /// Bytes in pieces so far; `None` if unknown, since a piece ended within a character.
    byte: Option<usize>,
}

impl<'a> Text<'a> {
    /// Maximum tokens of a character: its bytes, with a margin.
    const CHARACTER: usize = 8;

    /// The text after at most `tokens` more tokens, up to the end of a character.
    fn after(self, tokens: usize) -> Self {
        let end = self.ids.len().min(self.token + tokens);
        if end == self.ids.len() {
            return Self { token: end, byte: Some(self.text.len()), ..self };
        }
        let Some((byte, rest)) = self.byte.and_then(|byte| Some((byte, self.text.get(byte..)?))) else {
            return Self { token: end, byte: None, ..self };
        };
        for end in (self.token + 1..=end).rev().take(Self::CHARACTER) {
            let decoded = self.tokenizer.decode(self.ids.get(self.token..end).unwrap_or_default());
            let fits = |decoded: &String| !decoded.is_empty() && rest.starts_with(decoded.as_str());
            if let Some(decoded) = decoded.ok().filter(fits) {
                return Self { token: end, byte: Some(byte + decoded.len()), ..self };
            }
        }
        Self { token: end, byte: None, ..self }
    }

    /// The longest example of the following text that fits into a sequence, and the remaining text.
    fn example(self, draw: &fim::Draw, seq: usize) -> Result<Option<(Vec<u32>, Self)>, DatasetError> {
        let mut most = seq.saturating_sub(fim::overhead(self.tokenizer));
        while most > 0 {
            let next = self.after(most);
            let (Some(from), Some(to)) = (self.byte, next.byte) else { return Ok(None) };
            let text = self.text.get(from..to).unwrap_or_default();
            if text.is_empty() {
                return Ok(None);
            }
            let ids = draw.apply(text, self.tokenizer)?;
            if ids.len() <= seq {
                return Ok(Some((ids, next)));
            }
            // Splitting changes tokens: there may be more of them.
            most = (next.token - self.token).saturating_sub(ids.len() - seq);
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Draws;
    use super::super::tests::{random_text, tokenizer};
    use super::*;

    fn pieces(text: &str, seq: usize, fim_rate: f64, seed: u64) -> Pieces {
        let config = DatasetConfig { max_seq_length: seq, fim_rate, seed, ..DatasetConfig::default() };
        let ids = tokenizer().encode(text).unwrap();
        cut("src/a.rs", text, &ids, fim_rate > 0.0, tokenizer(), &config).unwrap()
    }

    /// The text of each piece, in order.
    fn texts(pieces: &Pieces) -> Vec<String> {
        let fim = *tokenizer().fim().unwrap();
        let mut rest = pieces.ids.as_slice();
        let mut one = |(length, order): (&usize, &FimOrder)| {
            let (ids, after) = rest.split_at(*length);
            rest = after;
            let text = |ids: &[u32]| {
                let ids: Vec<u32> = ids.iter().copied().filter(|id| *id > 4).collect();
                tokenizer().decode(&ids).unwrap()
            };
            let place = |marker| ids.iter().position(|id| *id == marker).unwrap();
            match order {
                FimOrder::Plain => text(ids),
                FimOrder::Psm => {
                    let (suffix, middle) = (place(fim.suffix), place(fim.middle));
                    text(&ids[..suffix]) + &text(&ids[middle..]) + &text(&ids[suffix..middle])
                }
                FimOrder::Spm => text(&ids[place(fim.middle)..]) + &text(&ids[..place(fim.middle)]),
            }
        };
        pieces.lengths.iter().zip(&pieces.orders).map(&mut one).collect()
    }

    #[test]
    fn pieces_fit_join_to_the_text_and_examples_are_whole() {
        let mut examples = 0;
        for number in 0..40 {
            let text: String = (0..6).map(|part| random_text(number * 100 + part)).collect();
            for (seq, fim_rate) in [(16, 1.0), (24, 0.5), (64, 1.0), (4096, 1.0), (16, 0.0), (3, 0.0)] {
                let pieces = pieces(&text, seq, fim_rate, number);
                assert_eq!(texts(&pieces).concat(), text, "seq {seq}, rate {fim_rate}");
                let mut rest = pieces.ids.as_slice();
                for (length, order) in pieces.lengths.iter().zip(&pieces.orders) {
                    let ids;
                    (ids, rest) = rest.split_at(*length);
                    assert!((2..=seq).contains(length), "{length} of {seq}");
                    if *order != FimOrder::Plain {
                        examples += 1;
                        assert!(fim::is_whole(ids, *order, tokenizer()), "{ids:?}");
                    }
                }
                assert!(rest.is_empty());
                assert_eq!(pieces.ids.last(), Some(&tokenizer().end()));
            }
        }
        assert!(examples > 500, "{examples}");
    }

    #[test]
    fn no_character_is_cut_in_two() {
        let text = "漢字🦀é".repeat(60);
        for (seq, fim_rate) in [(16, 0.0), (17, 0.0), (18, 0.5), (19, 1.0)] {
            for text in texts(&pieces(&text, seq, fim_rate, 3)) {
                assert!(!text.contains('\u{fffd}'), "{text:?}");
            }
        }
    }

    #[test]
    fn a_rest_of_end_of_text_alone_takes_a_token_of_the_piece_before() {
        let ids = tokenizer().encode(&"x\n".repeat(40)).unwrap();
        for length in 2..30 {
            let text = tokenizer().decode(&ids[..length]).unwrap();
            let pieces = pieces(&text, 5, 0.0, 0);
            assert!(pieces.lengths.iter().all(|length| (2..=5).contains(length)), "{:?}", pieces.lengths);
            let fewest = pieces.ids.len().div_ceil(5);
            assert_eq!(pieces.lengths.len(), fewest);
        }
    }

    #[test]
    fn each_piece_draws_for_itself() {
        let text = "let value = compute(input);\n".repeat(2000);
        let pieces = pieces(&text, 128, 0.5, 1);
        let examples = pieces.orders.iter().filter(|order| **order != FimOrder::Plain).count();
        let share = examples as f64 / pieces.orders.len() as f64;
        assert!(
            pieces.orders.len() > 80 && (0.35..0.65).contains(&share),
            "{examples} of {:?}",
            pieces.orders.len()
        );
        // Pieces fill sequences: except for the last, few tokens remain.
        let used: usize = pieces.lengths.iter().sum();
        assert!(used as f64 > 0.9 * (pieces.lengths.len() * 128) as f64, "{used}");
    }

    #[test]
    fn lengths_leave_a_token_of_the_text_for_the_last_piece() {
        let mut draws = Draws::new("test", 0, b"");
        for _ in 0..2000 {
            let (seq, closing) = (2 + draws.up_to(30), 1 + draws.up_to(1));
            let whole = closing + 1 + draws.up_to(200);
            let mut left = whole;
            let mut last = 0;
            while left > 0 {
                last = plain_length(left, seq, closing);
                assert!(last >= 1 && last <= seq.min(left));
                left -= last;
            }
            assert!(last > closing || seq <= closing + 1, "{whole} in {seq} with {closing}");
        }
    }
}
