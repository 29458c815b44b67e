//! Fill-in-the-middle: a document is cut in three and its middle moved to the end.
//!
//! After Bavarian et al., "Efficient Training of Language Models to Fill in the Middle" (2022): the two cuts
//! are uniform over the characters of the document, the three parts are encoded apart, and the result is
//!
//! - PSM: `<prefix> P <suffix> S <middle> M`
//! - SPM: `<prefix> <suffix> S <middle> P M`
//!
//! whose text parts always join to the document again. The draw depends on seed and path alone. It is made per
//! document, before packing: a document longer than a sequence is cut after it.

use super::CodeTokenizer;
use super::DatasetError;
use super::random::Draws;
use super::tokenizer::FimTokens;

/// How the parts of a document are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FimOrder {
    /// As it is, no fill-in-the-middle.
    Plain = 0,
    /// Prefix, suffix, middle.
    Psm = 1,
    /// Suffix, prefix, middle.
    Spm = 2,
}

/// What was drawn for a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The order of the parts.
    pub order: FimOrder,
    /// Where the middle starts, in bytes.
    pub start: usize,
    /// Where it ends, in bytes.
    pub end: usize,
}

/// Draws the order and the cuts of a document.
pub fn draw(path: &str, text: &str, seed: u64, fim_rate: f64, spm_rate: f64) -> Cut {
    let mut draws = Draws::new("codetune dataset 1 fim", seed, path.as_bytes());
    if draws.unit() >= fim_rate {
        return Cut { order: FimOrder::Plain, start: 0, end: 0 };
    }
    let order = if draws.unit() < spm_rate { FimOrder::Spm } else { FimOrder::Psm };
    let characters = text.chars().count();
    let (a, b) = (draws.up_to(characters), draws.up_to(characters));
    let byte = |character| text.char_indices().nth(character).map_or(text.len(), |(byte, _)| byte);
    Cut { order, start: byte(a.min(b)), end: byte(a.max(b)) }
}

/// The ids of a document after its cut, without the end-of-text token.
///
/// # Errors
/// [`DatasetError::Tokenizer`] where a part cannot be encoded.
pub fn apply(
    text: &str,
    cut: Cut,
    tokenizer: &CodeTokenizer,
    tokens: &FimTokens,
) -> Result<Vec<u32>, DatasetError> {
    let parts = (text.get(..cut.start), text.get(cut.start..cut.end), text.get(cut.end..));
    let (Some(prefix), Some(middle), Some(suffix)) = parts else {
        return Err(DatasetError::Tokenizer(format!(
            "a fill-in-the-middle cut at bytes {}..{} is not on character boundaries",
            cut.start, cut.end
        )));
    };
    if cut.order == FimOrder::Plain {
        return tokenizer.encode(text);
    }
    let (prefix, middle, suffix) =
        (tokenizer.encode(prefix)?, tokenizer.encode(middle)?, tokenizer.encode(suffix)?);
    let mut ids = Vec::with_capacity(prefix.len() + middle.len() + suffix.len() + 4);
    ids.push(tokens.prefix);
    if cut.order == FimOrder::Psm {
        ids.extend(prefix);
        ids.push(tokens.suffix);
        ids.extend(suffix);
        ids.push(tokens.middle);
    } else {
        ids.push(tokens.suffix);
        ids.extend(suffix);
        ids.push(tokens.middle);
        ids.extend(prefix);
    }
    ids.extend(middle);
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{random_text, tokenizer};
    use super::*;

    #[test]
    fn the_parts_join_to_the_text_again() {
        let tokenizer = tokenizer();
        let tokens = tokenizer.fim().unwrap();
        let mut orders = [0; 3];
        for i in 0..200 {
            let text = random_text(i);
            let cut = draw(&format!("f{i}"), &text, 7, 0.9, 0.5);
            orders[cut.order as usize] += 1;
            let ids = apply(&text, cut, tokenizer, tokens).unwrap();
            let joined = match cut.order {
                FimOrder::Plain => tokenizer.decode(&ids).unwrap(),
                order => {
                    assert_eq!(ids[0], tokens.prefix);
                    let suffix = ids.iter().position(|&id| id == tokens.suffix).unwrap();
                    let middle = ids.iter().position(|&id| id == tokens.middle).unwrap();
                    let decode = |ids: &[u32]| tokenizer.decode(ids).unwrap();
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
    fn rates_of_zero_and_one_are_kept() {
        for i in 0..100 {
            let path = format!("f{i}");
            assert_eq!(draw(&path, "abc", 1, 0.0, 0.5).order, FimOrder::Plain);
            assert_eq!(draw(&path, "abc", 1, 1.0, 0.0).order, FimOrder::Psm);
            assert_eq!(draw(&path, "abc", 1, 1.0, 1.0).order, FimOrder::Spm);
        }
    }

    #[test]
    fn cuts_are_uniform_over_characters_and_on_their_boundaries() {
        let text = "aé漢🦀".repeat(25);
        let mut starts = 0.0;
        for i in 0..2000 {
            let cut = draw(&format!("f{i}"), &text, 1, 1.0, 0.5);
            assert!(text.is_char_boundary(cut.start) && text.is_char_boundary(cut.end));
            starts += text[..cut.start].chars().count() as f64 / 100.0;
        }
        // The smaller of two uniform draws has the mean 1/3.
        assert!((starts / 2000.0 - 1.0 / 3.0).abs() < 0.02, "{}", starts / 2000.0);
    }
}
