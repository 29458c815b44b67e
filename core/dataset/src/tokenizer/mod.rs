//! Text to token ids and back, over Hugging Face `tokenizer.json`.
//!
//! Source code may contain a text that looks like a control token (`<|endoftext|>`). It is encoded as the text
//! it is: encoding never yields a control token, and a text for which it would is refused.

mod code_tokenizer;
mod contained;
mod control;
mod files;
mod limits;
mod special;
#[cfg(test)]
mod tests;
mod text_stream;
mod training;

pub use code_tokenizer::{CodeTokenizer, refuse_other};
pub use control::CONTROL_TOKENS;
pub use files::TokenizerFiles;
pub use special::{FimTokens, SpecialTokens};
pub use text_stream::TextStream;
pub use training::{TokenizerTraining, TrainedTokenizer, TrainingProgress, train};
