//! Completion of prompts.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use codetune_dataset::CodeTokenizer;
use codetune_model::{Finish, MemoryBudget, Model, Request, Sampling};
use codetune_plugin::Registry;

use super::error::RunError;
use super::models::{ModelSource, open_model};

/// A prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prompt<'a> {
    /// The text before the completion. Names of special tokens in it are recognized.
    pub prefix: &'a str,
    /// The text after the completion, for fill-in-the-middle.
    pub suffix: Option<&'a str>,
}

/// A completion.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// The generated text.
    pub text: String,
    /// Its tokens.
    pub tokens: Vec<u32>,
    /// Duration in seconds, including the prompt.
    pub seconds: f64,
    /// Why generation stopped.
    pub finish: Finish,
}

/// What to complete, and how.
#[derive(Debug, Clone)]
pub struct CompletionRequest<'a> {
    /// The prompt.
    pub prompt: Prompt<'a>,
    /// Maximum number of tokens to generate.
    pub max_new_tokens: usize,
    /// How tokens are chosen.
    pub sampling: Sampling,
}

/// A model with its tokenizer, which completes any number of prompts, one at a time.
pub struct Completer {
    model: Model,
    tokenizer: CodeTokenizer,
}

impl Completer {
    /// Opens a model with the tokenizer of its directory.
    ///
    /// # Errors
    /// As [`open_model`], and if the tokenizer is missing or invalid.
    pub fn open(
        registry: &Registry,
        source: &ModelSource<'_>,
        memory: MemoryBudget,
    ) -> Result<Self, RunError> {
        let model = open_model(registry, source, memory)?;
        Ok(Self::new(model, CodeTokenizer::load(source.folder)?))
    }

    /// Combines a model with its tokenizer.
    pub fn new(model: Model, tokenizer: CodeTokenizer) -> Self {
        Completer { model, tokenizer }
    }

    /// Completes a prompt. `on_text` receives each piece of text as it is generated, and may stop generation; together,
    /// the pieces are [`Completion::text`]. Setting `stop` ends it too, with [`Finish::Cancelled`].
    ///
    /// Prompts are encoded, and generation stops, as in `AutoTokenizer` and `generate` of transformers; see
    /// [`SpecialTokens`](codetune_dataset::SpecialTokens). Fill-in-the-middle also stops at a marker.
    ///
    /// # Errors
    /// The prompt is empty or invalid, a setting is invalid, or the backend fails.
    pub fn complete(
        &mut self,
        request: &CompletionRequest<'_>,
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
        stop: &AtomicBool,
    ) -> Result<Completion, RunError> {
        let Completer { model, tokenizer } = self;
        let CompletionRequest { prompt, max_new_tokens, sampling } = request;
        let mut stops = tokenizer.special().stops.clone();
        let ids = match prompt.suffix {
            None => tokenizer.encode_prompt(prompt.prefix)?,
            Some(suffix) => {
                stops.extend(tokenizer.special().fim_stops());
                tokenizer.encode_fim_prompt(prompt.prefix, suffix)?
            }
        };
        if ids.is_empty() {
            return Err(RunError::EmptyPrompt);
        }
        let request = Request {
            prompt: &ids,
            max_new_tokens: *max_new_tokens,
            stop: &stops,
            sampling: sampling.clone(),
        };
        let began = Instant::now();
        let (mut stream, mut text, mut refused) = (tokenizer.text_stream(&ids)?, String::new(), None);
        let mut on_token = |token| match stream.push(token) {
            Ok(piece) => {
                text.push_str(&piece);
                on_text(&piece)
            }
            Err(error) => {
                refused = Some(error);
                ControlFlow::Break(())
            }
        };
        let generated = model.generate(&request, &mut on_token, stop)?;
        if let Some(error) = refused {
            return Err(error.into());
        }
        let rest = stream.finish()?;
        if !rest.is_empty() {
            text.push_str(&rest);
            // Generation has already ended.
            let _ = on_text(&rest);
        }
        let seconds = began.elapsed().as_secs_f64();
        Ok(Completion { text, tokens: generated.tokens, seconds, finish: generated.finish })
    }
}
