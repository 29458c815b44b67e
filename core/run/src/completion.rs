//! Completion of prompts.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use codetune_dataset::CodeTokenizer;
use codetune_model::{Finish, Model, Request, Sampling};

use super::RunError;

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

/// Completes a prompt. `told` receives the text of each token as it is generated, and may stop generation.
///
/// Prompts are encoded, and generation stops, as in `AutoTokenizer` and `generate` of transformers; see
/// [`SpecialTokens`](codetune_dataset::SpecialTokens). Fill-in-the-middle also stops at a marker.
///
/// # Errors
/// The prompt is empty or invalid, a setting is invalid, or the backend fails.
pub fn complete(
    model: &mut Model,
    tokenizer: &CodeTokenizer,
    prompt: &Prompt<'_>,
    max_new_tokens: usize,
    sampling: Sampling,
    told: &mut dyn FnMut(&str) -> ControlFlow<()>,
    stop: &AtomicBool,
) -> Result<Completion, RunError> {
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
    let request = Request { prompt: &ids, max_new_tokens, stop: &stops, sampling };
    let began = Instant::now();
    let (mut stream, mut text, mut refused) = (tokenizer.text_stream(&ids)?, String::new(), None);
    let mut on_token = |token| match stream.push(token) {
        Ok(piece) => {
            text.push_str(&piece);
            told(&piece)
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
        let _ = told(&rest);
    }
    let seconds = began.elapsed().as_secs_f64();
    Ok(Completion { text, tokens: generated.tokens, seconds, finish: generated.finish })
}
