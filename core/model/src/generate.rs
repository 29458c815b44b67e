use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::{DType, Tensor};
use codetune_tensor as tensor;
use codetune_validate::MAX_NEW_TOKENS;

use super::cache::Cache;
use super::error::{ModelError, Result};
use super::model::Model;
use super::pass::Pass;
use super::random::stream;
use super::sample::Sampling;

/// What to generate.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The tokens to go on from, at least one.
    pub prompt: &'a [u32],
    /// How many tokens at most.
    pub max_new_tokens: usize,
    /// Generation ends before any of these.
    pub stop: &'a [u32],
    /// How tokens are chosen.
    pub sampling: Sampling,
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// This stop token came.
    Stop(u32),
    /// As many tokens as were asked for.
    Length,
    /// The model has no further positions.
    Positions,
    /// It was cancelled.
    Cancelled,
}

impl Finish {
    /// The reason in a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Finish::Stop(_) => "stop",
            Finish::Length => "length",
            Finish::Positions => "positions",
            Finish::Cancelled => "interrupted",
        }
    }
}

/// What was generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The new tokens, without the stop token.
    pub tokens: Vec<u32>,
    /// Why there are no more.
    pub finish: Finish,
}

impl Model {
    /// Goes on from a prompt, token by token; `on_token` hears of each as it comes and may end it there, and `cancel`
    /// is looked at before each. Keys and values of earlier tokens are kept, so that each costs one token's work.
    ///
    /// # Errors
    /// A setting is out of bounds, the prompt is empty or too long for the model, or the backend fails.
    pub fn generate(
        &mut self,
        request: &Request<'_>,
        on_token: &mut dyn FnMut(u32) -> ControlFlow<()>,
        cancel: &AtomicBool,
    ) -> Result<Generated> {
        request.sampling.check()?;
        MAX_NEW_TOKENS.check_unsigned(request.max_new_tokens as u64).map_err(ModelError::out_of_bounds)?;
        let limit = self.plan().max_positions;
        self.check_prompt(request.prompt, limit)?;
        let mut rng = stream("codetune generation", request.sampling.seed, "");
        let mut seen: HashSet<u32> = request.prompt.iter().copied().collect();
        let mut cache = Cache::default();
        let mut next = request.prompt.to_vec();
        let mut tokens = Vec::new();
        let finish = loop {
            if cancel.load(Ordering::Relaxed) {
                break Finish::Cancelled;
            }
            if tokens.len() >= request.max_new_tokens {
                break Finish::Length;
            }
            if (cache.tokens + next.len()) as u64 > limit {
                break Finish::Positions;
            }
            let (logits, after) = self.next_logits(&next, cache)?;
            cache = after;
            let logits: Vec<f32> = logits.to_dtype(DType::F32)?.to_vec1()?;
            let token = request.sampling.choose(&logits, &seen, &mut rng)?;
            if request.stop.contains(&token) {
                break Finish::Stop(token);
            }
            tokens.push(token);
            seen.insert(token);
            if on_token(token).is_break() {
                break Finish::Cancelled;
            }
            next = vec![token];
        };
        Ok(Generated { tokens, finish })
    }

    fn check_prompt(&self, prompt: &[u32], limit: u64) -> Result<()> {
        let vocabulary = self.plan().vocabulary;
        if prompt.is_empty() {
            return Err(ModelError::Batch("the prompt is empty; at least one token is needed".into()));
        }
        if prompt.len() as u64 > limit {
            let message =
                format!("the prompt has {} tokens and the model {limit} positions; shorten it", prompt.len());
            return Err(ModelError::Batch(message));
        }
        match prompt.iter().find(|id| u64::from(**id) >= vocabulary) {
            None => Ok(()),
            Some(id) => Err(ModelError::Batch(format!(
                "token {id} is past the model's vocabulary of {vocabulary}; use the model's own tokenizer"
            ))),
        }
    }

    /// The logits `[vocabulary]` after the last of `tokens`, which follow those in the cache.
    pub(super) fn next_logits(&mut self, tokens: &[u32], cache: Cache) -> Result<(Tensor, Cache)> {
        self.host.begin(Pass::cached(cache, tokens.len()));
        let logits = self.last_logits(tokens);
        let pass = self.host.end();
        let logits = logits?;
        let pass =
            pass.ok_or_else(|| ModelError::Contract("the backend still computes after its answer".into()))?;
        Ok((logits, pass.into_cache()))
    }

    fn last_logits(&mut self, tokens: &[u32]) -> Result<Tensor> {
        let hidden = self.hidden_of(tokens, 1, tokens.len())?;
        // Only the last position is asked for: the output layer is the widest of all.
        let last = tensor::slice(&self.host.get(hidden)?, 1, tokens.len() - 1, 1)?.contiguous()?;
        let last = self.host.insert(last)?;
        Ok(self.logits_of(last, 1, 1)?.flatten_all()?)
    }
}
