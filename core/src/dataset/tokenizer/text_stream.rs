use tokenizers::tokenizer::DecodeStream;
use tokenizers::{
    DecoderWrapper, ModelWrapper, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper,
};

use super::CodeTokenizer;
use crate::dataset::DatasetError;

/// Ids to text while they come, a character never before its last byte.
pub struct TextStream<'a> {
    tokenizer: &'a CodeTokenizer,
    stream: DecodeStream<
        'a,
        ModelWrapper,
        NormalizerWrapper,
        PreTokenizerWrapper,
        PostProcessorWrapper,
        DecoderWrapper,
    >,
    /// The prompt's ids and those that came since.
    ids: Vec<u32>,
    /// The prompt's text and all that was given out.
    text: String,
}

impl<'a> TextStream<'a> {
    /// A text may begin otherwise than it goes on, with a space that decoding takes away, so the prompt is part of it.
    pub(super) fn after(tokenizer: &'a CodeTokenizer, prompt: &[u32]) -> Result<Self, DatasetError> {
        let stream = tokenizer.inner.decode_stream(false);
        let mut stream = TextStream { tokenizer, stream, ids: Vec::new(), text: String::new() };
        prompt.iter().try_for_each(|id| stream.push(*id).map(drop))?;
        Ok(stream)
    }

    /// Takes the next id and gives the text that is known by it, often none.
    ///
    /// # Errors
    /// [`DatasetError::Tokenizer`] where the id is not in the vocabulary.
    pub fn push(&mut self, id: u32) -> Result<String, DatasetError> {
        self.tokenizer.check_ids(&[id])?;
        self.ids.push(id);
        let piece = self.stream.step(id);
        let piece = piece.map_err(|error| DatasetError::Tokenizer(format!("cannot decode: {error}")))?;
        let piece = piece.unwrap_or_default();
        self.text.push_str(&piece);
        Ok(piece)
    }

    /// The text that was held back: what ids that end inside a character give, U+FFFD. With it, the prompt's text and
    /// all that was given out are what [`CodeTokenizer::decode`] gives.
    ///
    /// # Errors
    /// As [`CodeTokenizer::decode`].
    pub fn finish(self) -> Result<String, DatasetError> {
        let whole = self.tokenizer.decode(&self.ids)?;
        Ok(whole.strip_prefix(&self.text).unwrap_or_default().to_owned())
    }
}
