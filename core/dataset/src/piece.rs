//! Documents into pieces that fit into a sequence.
//!
//! A document is cut where its sequence is full, between characters, and every piece is an example of its own: what is
//! plain goes on where the last piece ended, what is drawn for fill-in-the-middle is permuted within the piece. Pieces
//! are made before packing, which never cuts one.
//!
//! What the tokenizer puts before a text stands before the first piece, and what it puts after one, with end-of-text,
//! after the last; each example of fill-in-the-middle has both, as a prompt for it has. The last piece never is what
//! stands after the text alone, and a piece of a single token, which could predict nothing, is made only where a
//! sequence has two tokens.

use super::fim::{self, FimOrder};
use super::{CodeTokenizer, DatasetConfig, DatasetError};

/// The ids of a document and how they are cut.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pieces {
    /// All ids, piece after piece.
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

/// Cuts a text, given with its ids as [`CodeTokenizer::encode`] gives them; `fim` draws for its pieces.
///
/// # Errors
/// [`DatasetError::Tokenizer`] where a part of a piece cannot be encoded.
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
                // What is too short for an example stays as it is.
                FimOrder::Plain
            }
        };
        let length = plain_length(whole.len() - at, seq, closing.len());
        let mut end = at + length;
        if end < whole.len() && end > before + text.token {
            text = text.after(end - before - text.token);
            // Between characters, unless nothing would be left of a piece.
            end = (before + text.token).max(at + length.min(2));
        }
        pieces.push(whole.get(at..end).unwrap_or_default(), order);
        at = end;
    }
    Ok(pieces)
}

/// How many of the tokens that are left a plain piece takes.
fn plain_length(left: usize, seq: usize, closing: usize) -> usize {
    if left <= seq {
        return left;
    }
    // The last piece has at least a token of the text.
    let most = seq.min(left.saturating_sub(closing + 1));
    if most >= 2 { most } else { seq }
}

/// A text of which some is in pieces already.
#[derive(Clone, Copy)]
struct Text<'a> {
    tokenizer: &'a CodeTokenizer,
    text: &'a str,
    ids: &'a [u32],
    /// Tokens in pieces.
    token: usize,
    /// Bytes in pieces; none where the tokenizer does not tell, since a piece ends within a character.
    byte: Option<usize>,
}

impl<'a> Text<'a> {
    /// The most tokens that a character has: its bytes, with some to spare.
    const CHARACTER: usize = 8;

    /// The text after at most `tokens` more, and on after a whole character.
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

    /// The longest example of what follows that fits into a sequence, and what is left of the text then.
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
            // Cutting changes tokens: there may be more of them than the text had.
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

    /// The text of each piece, put back in order.
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
        // Pieces use the sequence: but for the last, few tokens are left.
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
