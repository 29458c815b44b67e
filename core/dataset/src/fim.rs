//! Fill-in-the-middle: splits a piece of a document in three and moves the middle to the end.
//!
//! After Bavarian et al., "Efficient Training of Language Models to Fill in the Middle" (2022), in the context-level
//! variant: documents are first split into pieces that fit into a sequence (see [`super::piece`]), and each piece is
//! rearranged independently, so examples never cross sequences. The two cuts are uniform over the characters of the
//! piece, the three parts are encoded separately, and the result is
//!
//! - PSM: `<prefix> P <suffix> S <middle> M`
//! - SPM: `<prefix> <suffix> S <middle> P M`
//!
//! whose text parts always join to the piece, framed by the tokenizer's special tokens and end-of-text, which marks the
//! end of the middle. The random decisions only depend on the seed, the path and the number of the piece.

use super::error::DatasetError;
use super::random::Draws;
use super::tokenizer::CodeTokenizer;

/// The order of the parts of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FimOrder {
    /// Unchanged, without fill-in-the-middle.
    Plain = 0,
    /// Prefix, suffix, middle.
    Psm = 1,
    /// Suffix, prefix, middle.
    Spm = 2,
}

impl FimOrder {
    /// The order with a number.
    pub fn of(number: u8) -> Option<Self> {
        [Self::Plain, Self::Psm, Self::Spm].into_iter().find(|order| *order as u8 == number)
    }
}

/// The random decisions for a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// The order of the parts.
    pub order: FimOrder,
    /// The two cuts, as fractions of the piece's characters in units of 2⁻⁶⁴.
    cuts: [u64; 2],
}

/// Draws the order and the cuts of a piece, counted from 0.
pub fn draw(path: &str, piece: u64, seed: u64, fim_rate: f64, spm_rate: f64) -> Draw {
    let name = [&piece.to_le_bytes(), path.as_bytes()].concat();
    let mut draws = Draws::new("codetune dataset 3 fim", seed, &name);
    let order = match draws.unit() < fim_rate {
        false => FimOrder::Plain,
        true if draws.unit() < spm_rate => FimOrder::Spm,
        true => FimOrder::Psm,
    };
    Draw { order, cuts: [draws.bits(), draws.bits()] }
}

impl Draw {
    /// Start and end of the middle, in bytes.
    fn middle(&self, text: &str) -> (usize, usize) {
        let characters = text.chars().count() as u128;
        let [a, b] = self.cuts.map(|cut| {
            let character = ((u128::from(cut) * (characters + 1)) >> 64) as usize;
            text.char_indices().nth(character).map_or(text.len(), |(byte, _)| byte)
        });
        (a.min(b), a.max(b))
    }

    /// Encodes a text as an example, including all special tokens.
    ///
    /// # Errors
    /// [`DatasetError::Tokenizer`] if a part cannot be encoded losslessly, [`DatasetError::MissingToken`] without
    /// markers.
    pub fn apply(&self, text: &str, tokenizer: &CodeTokenizer) -> Result<Vec<u32>, DatasetError> {
        let (start, end) = self.middle(text);
        let encode = |range: std::ops::Range<usize>| {
            let part = text.get(range).unwrap_or_default();
            let ids = tokenizer.encode(part)?;
            match tokenizer.is_lossless(part, &ids) {
                true => Ok(ids),
                false => Err(DatasetError::Tokenizer("a part of the text is not given back".to_owned())),
            }
        };
        let (prefix, middle, suffix) = (encode(0..start)?, encode(start..end)?, encode(end..text.len())?);
        let special = tokenizer.special();
        let markers = special.fim.ok_or_else(|| DatasetError::MissingToken {
            purpose: "fill-in-the-middle",
            tried: "its markers".to_owned(),
            remedy: "set fim_rate = 0",
        })?;
        let (first, second, third) = ([markers.prefix], [markers.suffix], [markers.middle]);
        let inside: [&[u32]; 6] = match self.order {
            FimOrder::Plain => [&prefix, &middle, &suffix, &[], &[], &[]],
            FimOrder::Psm => [&first, &prefix, &second, &suffix, &third, &middle],
            FimOrder::Spm => [&first, &second, &suffix, &third, &prefix, &middle],
        };
        Ok([special.before.clone(), inside.concat(), special.closing()].concat())
    }
}

/// The number of special tokens in an example.
pub(super) fn overhead(tokenizer: &CodeTokenizer) -> usize {
    let special = tokenizer.special();
    special.before.len() + 3 + special.closing().len()
}

/// Whether ids are a complete example in that order: framed correctly, with each marker once in its place.
pub fn is_whole(ids: &[u32], order: FimOrder, tokenizer: &CodeTokenizer) -> bool {
    let special = tokenizer.special();
    let Some(markers) = special.fim else { return false };
    let inside = ids.strip_prefix(special.before.as_slice());
    let inside = inside.and_then(|ids| ids.strip_suffix(special.closing().as_slice())).unwrap_or_default();
    let places: Vec<(usize, u32)> = (inside.iter().copied().enumerate())
        .filter(|(_, id)| [markers.prefix, markers.suffix, markers.middle].contains(id))
        .collect();
    let [(first, prefix), (second, suffix), (_, middle)] = places[..] else { return false };
    let fits = match order {
        FimOrder::Plain => false,
        FimOrder::Psm => first == 0,
        FimOrder::Spm => (first, second) == (0, 1),
    };
    fits && (prefix, suffix, middle) == (markers.prefix, markers.suffix, markers.middle)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{random_text, tokenizer};
    use super::*;

    #[test]
    fn the_parts_join_to_the_text_again_and_end_of_text_is_last() {
        let tokenizer = tokenizer();
        let tokens = *tokenizer.fim().unwrap();
        let mut orders = [0; 3];
        for i in 0..200 {
            let text = random_text(i);
            let draw = draw("f", i, 7, 0.9, 0.5);
            orders[draw.order as usize] += 1;
            let ids = draw.apply(&text, tokenizer).unwrap();
            let (end, ids) = ids.split_last().unwrap();
            assert_eq!(*end, tokenizer.end());
            let decode = |ids: &[u32]| tokenizer.decode(ids).unwrap();
            let joined = match draw.order {
                FimOrder::Plain => decode(ids),
                order => {
                    assert_eq!(ids[0], tokens.prefix);
                    let suffix = ids.iter().position(|&id| id == tokens.suffix).unwrap();
                    let middle = ids.iter().position(|&id| id == tokens.middle).unwrap();
                    match order {
                        FimOrder::Psm => {
                            decode(&ids[1..suffix])
                                + &decode(&ids[middle + 1..])
                                + &decode(&ids[suffix + 1..middle])
                        }
                        _ => {
                            assert_eq!(suffix, 1);
                            decode(&ids[middle + 1..]) + &decode(&ids[2..middle])
                        }
                    }
                }
            };
            assert_eq!(joined, text);
        }
        assert!(orders[0] > 5 && orders[1] > 60 && orders[2] > 60, "{orders:?}");
    }

    #[test]
    fn an_example_is_whole_with_each_marker_once_in_its_place_and_its_end() {
        let tokenizer = tokenizer();
        for (spm_rate, order) in [(0.0, FimOrder::Psm), (1.0, FimOrder::Spm)] {
            let ids = draw("f", 0, 7, 1.0, spm_rate).apply("let x = 1;\n", tokenizer).unwrap();
            assert!(is_whole(&ids, order, tokenizer));
            assert!(!is_whole(&ids, FimOrder::Plain, tokenizer));
            for cut in 1..ids.len() {
                assert!(!is_whole(&ids[cut..], order, tokenizer), "{cut} of {ids:?}");
                assert!(!is_whole(&ids[..cut], order, tokenizer), "{cut} of {ids:?}");
            }
            assert!(!is_whole(&[ids.clone(), ids].concat(), order, tokenizer));
        }
    }

    #[test]
    fn rates_of_zero_and_one_are_kept() {
        for i in 0..100 {
            assert_eq!(draw("f", i, 1, 0.0, 0.5).order, FimOrder::Plain);
            assert_eq!(draw("f", i, 1, 1.0, 0.0).order, FimOrder::Psm);
            assert_eq!(draw("f", i, 1, 1.0, 1.0).order, FimOrder::Spm);
        }
    }

    #[test]
    fn cuts_are_uniform_over_characters_and_on_their_boundaries() {
        let text = "aé漢🦀".repeat(25);
        let mut starts = 0.0;
        for i in 0..2000 {
            let (start, end) = draw(&format!("f{i}"), 3, 1, 1.0, 0.5).middle(&text);
            assert!(text.is_char_boundary(start) && text.is_char_boundary(end) && start <= end);
            starts += text[..start].chars().count() as f64 / 100.0;
        }
        // The smaller of two uniform draws has the mean 1/3.
        assert!((starts / 2000.0 - 1.0 / 3.0).abs() < 0.02, "{}", starts / 2000.0);
    }
}
