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
    ids: Vec<u32>,
    /// All that was given out.
    text: String,
}

impl<'a> TextStream<'a> {
    pub(super) fn new(tokenizer: &'a CodeTokenizer) -> Self {
        let stream = tokenizer.inner.decode_stream(false);
        TextStream { tokenizer, stream, ids: Vec::new(), text: String::new() }
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

    /// The text that was held back: what ids that end inside a character give, U+FFFD. With it, all that was given
    /// out is what [`CodeTokenizer::decode`] gives.
    ///
    /// # Errors
    /// As [`CodeTokenizer::decode`].
    pub fn finish(self) -> Result<String, DatasetError> {
        let whole = self.tokenizer.decode(&self.ids)?;
        Ok(whole.strip_prefix(&self.text).unwrap_or_default().to_owned())
    }
}
