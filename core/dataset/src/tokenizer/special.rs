//! Which special tokens stand around texts, and which end a generation: the one place that decides about them.
//!
//! The decisions are those of `AutoTokenizer` and `generate` of transformers for the same folder:
//!
//! | what | where it is read |
//! |---|---|
//! | tokens before and after a text, such as `<s>` | the post-processor in `tokenizer.json`; `add_bos_token` beside it changes nothing, as in transformers 5 |
//! | end-of-text | `eos_token` in `special_tokens_map.json`, or else in `tokenizer_config.json`, or else by a known name |
//! | what ends a generation | `eos_token_id`, one or a list, in `generation_config.json`, or in `config.json` where there is no such file; and end-of-text, which trained documents end with |
//!
//! A text of training data never holds a special token: what looks like one is encoded as the text that it is
//! (`split_special_tokens` in transformers). A prompt is what a person types, and there they are recognised.

use std::path::Path;

use serde_json::Value;
use tokenizers::Tokenizer;

use super::contained::contained;
use super::files::TokenizerFiles;
use crate::error::DatasetError;

const END_NAMES: [&str; 6] =
    ["<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<|eos|>", "<｜end▁of▁sentence｜>"];
const PAD_NAMES: [&str; 5] = ["<|fim_pad|>", "<fim_pad>", "<pad>", "<|pad|>", "[PAD]"];
const PREFIX_NAMES: [&str; 5] =
    ["<|fim_prefix|>", "<fim_prefix>", "<fim-prefix>", "▁<PRE>", "<｜fim▁begin｜>"];
const MIDDLE_NAMES: [&str; 5] = ["<|fim_middle|>", "<fim_middle>", "<fim-middle>", "▁<MID>", "<｜fim▁end｜>"];
const SUFFIX_NAMES: [&str; 5] =
    ["<|fim_suffix|>", "<fim_suffix>", "<fim-suffix>", "▁<SUF>", "<｜fim▁hole｜>"];

/// A text whose ids the post-processor is asked to stand around.
const PROBE: &str = "x = 1";

/// Ids of the fill-in-the-middle tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FimTokens {
    /// Stands before the prefix.
    pub prefix: u32,
    /// Stands before the middle.
    pub middle: u32,
    /// Stands before the suffix.
    pub suffix: u32,
}

impl FimTokens {
    /// The names that are looked for, for messages.
    pub(super) fn names() -> String {
        [PREFIX_NAMES, MIDDLE_NAMES, SUFFIX_NAMES].concat().join(", ")
    }
}

/// What is decided about special tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecialTokens {
    /// What stands before a text, such as `<s>`.
    pub before: Vec<u32>,
    /// What stands after a text.
    pub after: Vec<u32>,
    /// End-of-text.
    pub end: u32,
    /// What fills sequences up: the tokenizer's padding token, or else end-of-text.
    pub padding: u32,
    /// The markers of fill-in-the-middle, where there are all three.
    pub fim: Option<FimTokens>,
    /// What ends a generation, in rising order.
    pub stops: Vec<u32>,
}

impl SpecialTokens {
    /// Decides; `tokenizer` recognises special tokens in texts, and `file` names it in errors.
    ///
    /// # Errors
    /// [`DatasetError::TokenizerLoad`] for a file that does not say what is needed or a post-processor that does
    /// more than to put tokens around a text, and [`DatasetError::MissingToken`] without an end-of-text token.
    pub(super) fn of(
        tokenizer: &Tokenizer,
        files: &TokenizerFiles,
        file: &Path,
    ) -> Result<Self, DatasetError> {
        let broken = |cause: String| DatasetError::TokenizerLoad { path: file.to_owned(), cause, help: None };
        let find = |names: &[&str]| names.iter().find_map(|name| tokenizer.token_to_id(name));
        let named = named_end(files).map_err(broken)?;
        let end = match &named {
            Some(name) => tokenizer.token_to_id(name),
            None => find(&END_NAMES),
        };
        let end = end.ok_or_else(|| DatasetError::MissingToken {
            purpose: "end-of-text",
            tried: named.clone().unwrap_or_else(|| END_NAMES.join(", ")),
            remedy: "name it as eos_token in tokenizer_config.json",
        })?;
        let (before, after) = around(tokenizer).map_err(broken)?;
        let fim = match (find(&PREFIX_NAMES), find(&MIDDLE_NAMES), find(&SUFFIX_NAMES)) {
            (Some(prefix), Some(middle), Some(suffix)) => Some(FimTokens { prefix, middle, suffix }),
            _ => None,
        };
        let mut stops = files.eos_ids().map_err(broken)?;
        stops.push(end);
        stops.sort_unstable();
        stops.dedup();
        Ok(Self { before, after, end, padding: find(&PAD_NAMES).unwrap_or(end), fim, stops })
    }

    /// What stands after a document, or after an example of fill-in-the-middle: what the tokenizer puts there, and
    /// end-of-text, once.
    pub fn closing(&self) -> Vec<u32> {
        let mut closing = self.after.clone();
        if closing.last() != Some(&self.end) {
            closing.push(self.end);
        }
        closing
    }

    /// Whether data and prompts of both are made alike.
    pub(super) fn frame_alike(&self, other: &Self) -> bool {
        (&self.before, &self.after, self.end, self.fim) == (&other.before, &other.after, other.end, other.fim)
    }

    /// The markers of fill-in-the-middle, and what fills up there: after a middle, nothing of that is a text.
    pub fn fim_stops(&self) -> Vec<u32> {
        self.fim.map_or_else(Vec::new, |fim| vec![fim.prefix, fim.middle, fim.suffix, self.padding])
    }
}

/// The name of the end-of-text token, where the files have one.
pub(super) fn named_end(files: &TokenizerFiles) -> Result<Option<String>, String> {
    for (name, bytes) in [
        ("special_tokens_map.json", files.map.as_deref()),
        ("tokenizer_config.json", Some(files.config.as_slice())),
    ] {
        let Some(bytes) = bytes else { continue };
        let json: Value = serde_json::from_slice(bytes).map_err(|error| format!("{name}: {error}"))?;
        match json.get("eos_token") {
            Some(Value::String(name)) => return Ok(Some(name.clone())),
            Some(Value::Object(token)) => match token.get("content").and_then(Value::as_str) {
                Some(name) => return Ok(Some(name.to_owned())),
                None => return Err(format!("{name}: eos_token has no content")),
            },
            None | Some(Value::Null) => {}
            Some(_) => return Err(format!("{name}: eos_token is neither a text nor an object with content")),
        }
    }
    Ok(None)
}

/// What the post-processor puts before and after a text.
fn around(tokenizer: &Tokenizer) -> Result<(Vec<u32>, Vec<u32>), String> {
    let encode = |add| {
        let encoding = contained(|| tokenizer.encode_fast(PROBE, add))
            .map_err(|error| format!("cannot encode: {error}"))?;
        Ok::<_, String>(encoding.get_ids().to_vec())
    };
    let (bare, framed) = (encode(false)?, encode(true)?);
    let place = framed.windows(bare.len().max(1)).position(|window| window == bare);
    match place.and_then(|place| framed.split_at_checked(place)) {
        Some((before, rest)) => Ok((before.to_vec(), rest.get(bare.len()..).unwrap_or_default().to_vec())),
        None => Err(
            "its post-processor changes the tokens of a text, which is not supported; only one that puts \
                     tokens before and after it is"
                .to_owned(),
        ),
    }
}
