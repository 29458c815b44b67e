use super::code_tokenizer::CodeTokenizer;
use crate::error::DatasetError;

/// What decoders emit for invalid bytes.
const REPLACEMENT: char = '\u{fffd}';

/// The number of ids decoded again together with new ones: the start of a text may decode differently, and a character
/// has up to four bytes.
const CONTEXT: usize = 8;

/// Decodes ids incrementally, in complete characters.
///
/// The concatenated output is what [`CodeTokenizer::decode`] returns for the prompt and the ids, without the prompt:
/// unknown ids decode to nothing, and invalid bytes to U+FFFD.
pub struct TextStream<'a> {
    tokenizer: &'a CodeTokenizer,
    /// The last ids, whose text is incomplete or needed to decode the next ones.
    window: Vec<u32>,
    /// Bytes of the window's text that were already returned.
    told: usize,
}

impl CodeTokenizer {
    /// Decodes ids one by one, as a model makes them after those of a prompt.
    ///
    /// # Errors
    /// [`DatasetError::Tokenizer`] where the tokenizer fails.
    pub fn text_stream(&self, prompt: &[u32]) -> Result<TextStream<'_>, DatasetError> {
        TextStream::after(self, prompt)
    }
}

impl<'a> TextStream<'a> {
    /// Starts after a prompt, since decoding may strip a space from the start of a text.
    fn after(tokenizer: &'a CodeTokenizer, prompt: &[u32]) -> Result<Self, DatasetError> {
        let from = prompt.len().saturating_sub(CONTEXT);
        let window = prompt.get(from..).unwrap_or_default().to_vec();
        let told = tokenizer.decode(&window)?.len();
        Ok(TextStream { tokenizer, window, told })
    }

    /// Adds an id and returns the text that is now complete, often empty.
    ///
    /// # Errors
    /// [`DatasetError::Tokenizer`] if the tokenizer fails.
    pub fn push(&mut self, id: u32) -> Result<String, DatasetError> {
        let Some(token) = self.tokenizer.name(id) else { return Ok(String::new()) };
        self.window.push(id);
        // A run of bytes is either valid as a whole or not at all, which is only known after its last one.
        if self.tokenizer.falls_back_to(&token) {
            return Ok(String::new());
        }
        let text = self.tokenizer.decode(&self.window)?;
        // It may still become a character.
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

    /// Returns the remaining text.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn finish(self) -> Result<String, DatasetError> {
        let text = self.tokenizer.decode(&self.window)?;
        Ok(text.get(text.ceil_char_boundary(self.told)..).unwrap_or_default().to_owned())
    }
}
