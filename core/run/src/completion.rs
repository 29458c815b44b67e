//! What a model makes of a prompt: text in, text out.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use codetune_dataset::CodeTokenizer;
use codetune_model::{Finish, Model, Request, Sampling};

use super::RunError;

/// What to go on from, and what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prompt<'a> {
    /// The text before. Special tokens in it are recognised by name.
    pub prefix: &'a str,
    /// The text after, for filling in.
    pub suffix: Option<&'a str>,
}

/// What a model made of a prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// The new text.
    pub text: String,
    /// Its tokens.
    pub tokens: Vec<u32>,
    /// Seconds that it took, the prompt included.
    pub seconds: f64,
    /// Why there is no more.
    pub finish: Finish,
}

/// Lets a model complete a prompt; `told` hears the text as it comes, once for each token, and may end it.
///
/// Prompt and end are those of `AutoTokenizer` and `generate` of transformers: see
/// [`SpecialTokens`](codetune_dataset::SpecialTokens), which decides. Filling in ends at a marker too.
///
/// # Errors
/// The prompt is empty or refused, a setting is refused, or the backend fails.
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
        // There is nothing left to end.
        let _ = told(&rest);
    }
    let seconds = began.elapsed().as_secs_f64();
    Ok(Completion { text, tokens: generated.tokens, seconds, finish: generated.finish })
}
