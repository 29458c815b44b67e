use super::CodeTokenizer;
use crate::DatasetError;

/// What decoders put in the place of bytes that are no character.
const REPLACEMENT: char = '\u{fffd}';

/// Ids that are decoded again together with new ones: a text may begin otherwise than it goes on, and a character has
/// at most four bytes.
const CONTEXT: usize = 8;

/// Ids to text while they come, a character never before its last byte.
///
/// What is given out, all of it together, is what [`CodeTokenizer::decode`] gives for the prompt and the ids, without
/// the prompt's own text: ids that the vocabulary does not have give nothing, and bytes that are no character U+FFFD.
pub struct TextStream<'a> {
    tokenizer: &'a CodeTokenizer,
    /// The last ids, of which some text is still to come or which the next ones need.
    window: Vec<u32>,
    /// Bytes of the window's text that were given out.
    told: usize,
}

impl<'a> TextStream<'a> {
    /// A text may begin otherwise than it goes on, with a space that decoding takes away, so the prompt is part of it.
    pub(super) fn after(tokenizer: &'a CodeTokenizer, prompt: &[u32]) -> Result<Self, DatasetError> {
        let from = prompt.len().saturating_sub(CONTEXT);
        let window = prompt.get(from..).unwrap_or_default().to_vec();
        let told = tokenizer.decode(&window)?.len();
        Ok(TextStream { tokenizer, window, told })
    }

    /// Takes the next id and gives the text that is known by it, often none.
    ///
    /// # Errors
    /// [`DatasetError::Tokenizer`] where the tokenizer fails.
    pub fn push(&mut self, id: u32) -> Result<String, DatasetError> {
        let Some(token) = self.tokenizer.name(id) else { return Ok(String::new()) };
        self.window.push(id);
        // All bytes of a run are characters, or none of them is: which it is shows after the last one.
        if self.tokenizer.falls_back_to(&token) {
            return Ok(String::new());
        }
        let text = self.tokenizer.decode(&self.window)?;
        // At the end it may yet become a character.
        let known = text.strip_suffix(REPLACEMENT).unwrap_or(&text).len();
        let piece = text.get(text.ceil_char_boundary(self.told)..known).unwrap_or_default().to_owned();
        self.told = self.told.max(known);
        if self.window.len() > 2 * CONTEXT {
            self.window.drain(..self.window.len() - CONTEXT);
            let text = self.tokenizer.decode(&self.window)?;
            self.told = text.strip_suffix(REPLACEMENT).unwrap_or(&text).len();
        }
        Ok(piece)
    }

    /// The text that was held back.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn finish(self) -> Result<String, DatasetError> {
        let text = self.tokenizer.decode(&self.window)?;
        Ok(text.get(text.ceil_char_boundary(self.told)..).unwrap_or_default().to_owned())
    }
}
