//! Text to token ids and back, over Hugging Face `tokenizer.json`.
//!
//! Source code may contain a text that looks like a control token (`<|endoftext|>`). It is encoded as the text
//! it is: encoding never yields a control token, and a text for which it would is refused.

mod text_stream;
mod training;

use std::collections::HashSet;
use std::path::Path;

use serde_json::{Value, json};
use tokenizers::{AddedToken, Tokenizer};

pub use text_stream::TextStream;
pub use training::{TokenizerTraining, TrainedTokenizer, TrainingProgress, train};

use super::DatasetError;

/// The control tokens that training adds, ids 0 to 4 in this order (the names of Qwen and StarCoder2).
pub const CONTROL_TOKENS: [&str; 5] =
    ["<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>"];

/// A tokenizer's files.
const FILES: [&str; 2] = ["tokenizer.json", "tokenizer_config.json"];

const END_NAMES: [&str; 6] =
    ["<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<|eos|>", "<｜end▁of▁sentence｜>"];
const PAD_NAMES: [&str; 5] = ["<|fim_pad|>", "<fim_pad>", "<pad>", "<|pad|>", "[PAD]"];
const PREFIX_NAMES: [&str; 5] =
    ["<|fim_prefix|>", "<fim_prefix>", "<fim-prefix>", "▁<PRE>", "<｜fim▁begin｜>"];
const MIDDLE_NAMES: [&str; 5] = ["<|fim_middle|>", "<fim_middle>", "<fim-middle>", "▁<MID>", "<｜fim▁end｜>"];
const SUFFIX_NAMES: [&str; 5] =
    ["<|fim_suffix|>", "<fim_suffix>", "<fim-suffix>", "▁<SUF>", "<｜fim▁hole｜>"];

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

/// A tokenizer for source code. Encoding is a pure function of the text and safe from any thread.
#[derive(Clone)]
pub struct CodeTokenizer {
    inner: Tokenizer,
    json: Vec<u8>,
    config: Vec<u8>,
    control: HashSet<u32>,
    end: u32,
    padding: u32,
    fim: Option<FimTokens>,
    vocab_size: usize,
}

impl CodeTokenizer {
    /// Loads a `tokenizer.json`, or the one in a folder, with the `tokenizer_config.json` beside it if there is
    /// one (for the name of the end-of-text token).
    ///
    /// # Errors
    /// [`DatasetError::Io`], [`DatasetError::TokenizerLoad`], and [`DatasetError::MissingToken`] when there is
    /// no end-of-text token.
    pub fn load(path: &Path) -> Result<Self, DatasetError> {
        let file = if path.is_dir() { path.join("tokenizer.json") } else { path.to_owned() };
        let json = std::fs::read(&file).map_err(DatasetError::io(&file))?;
        let beside = file.with_file_name("tokenizer_config.json");
        let config = match std::fs::read(&beside) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(DatasetError::io(beside)(error)),
        };
        Self::from_bytes(json, config, &file)
    }

    /// Reads the contents of the two files; `file` names them in errors.
    ///
    /// # Errors
    /// As [`CodeTokenizer::load`], but for reading.
    pub fn from_bytes(json: Vec<u8>, config: Option<Vec<u8>>, file: &Path) -> Result<Self, DatasetError> {
        let broken = |cause: String| DatasetError::TokenizerLoad { path: file.to_owned(), cause };
        let mut inner = Tokenizer::from_bytes(&json).map_err(|error| broken(error.to_string()))?;
        // A tokenizer.json may carry truncation and padding: both would change texts silently.
        inner.with_truncation(None).map_err(|error| broken(error.to_string()))?;
        inner.with_padding(None);
        let named: Option<String> = match &config {
            Some(bytes) => {
                named_end(bytes).map_err(|error| broken(format!("tokenizer_config.json: {error}")))?
            }
            None => None,
        };
        let config = config.unwrap_or_else(|| b"{}\n".to_vec());
        let control = mark_control_tokens(&mut inner, named.as_deref()).map_err(broken)?;
        let find = |names: &[&str]| names.iter().find_map(|name| inner.token_to_id(name));
        let end = match &named {
            Some(name) => inner.token_to_id(name),
            None => find(&END_NAMES),
        };
        let end = end.ok_or_else(|| DatasetError::MissingToken {
            purpose: "end-of-text",
            tried: named.clone().unwrap_or_else(|| END_NAMES.join(", ")),
            way_out: "name it as eos_token in tokenizer_config.json",
        })?;
        let fim = match (find(&PREFIX_NAMES), find(&MIDDLE_NAMES), find(&SUFFIX_NAMES)) {
            (Some(prefix), Some(middle), Some(suffix)) => Some(FimTokens { prefix, middle, suffix }),
            _ => None,
        };
        let padding = find(&PAD_NAMES).unwrap_or(end);
        let vocab_size = inner.get_vocab(true).values().max().map_or(0, |&last| last as usize + 1);
        let mut control = control;
        control.insert(end);
        inner.set_encode_special_tokens(true);
        Ok(Self { inner, json, config, control, end, padding, fim, vocab_size })
    }

    /// The ids of a text as plain text: no control token is added or recognised.
    ///
    /// # Errors
    /// [`DatasetError::Tokenizer`] where the tokenizer fails or its vocabulary would make a control token of
    /// the text.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, DatasetError> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let encoding = self
            .inner
            .encode_fast(text, false)
            .map_err(|error| DatasetError::Tokenizer(format!("cannot encode: {error}")))?;
        let ids = encoding.get_ids();
        if let Some(id) = ids.iter().find(|id| self.control.contains(id)) {
            return Err(DatasetError::Tokenizer(format!(
                "the text encodes to the control token {:?}",
                self.inner.id_to_token(*id).unwrap_or_default()
            )));
        }
        Ok(ids.to_vec())
    }

    /// The text of ids, control tokens shown by name. Ids that end inside a character give U+FFFD there.
    ///
    /// # Errors
    /// [`DatasetError::Tokenizer`] where an id is not in the vocabulary.
    pub fn decode(&self, ids: &[u32]) -> Result<String, DatasetError> {
        self.check_ids(ids)?;
        self.inner
            .decode(ids, false)
            .map_err(|error| DatasetError::Tokenizer(format!("cannot decode: {error}")))
    }

    /// Decodes ids one by one, as a model makes them after those of a prompt.
    ///
    /// # Errors
    /// [`DatasetError::Tokenizer`] where an id of the prompt is not in the vocabulary.
    pub fn text_stream(&self, prompt: &[u32]) -> Result<TextStream<'_>, DatasetError> {
        TextStream::after(self, prompt)
    }

    fn check_ids(&self, ids: &[u32]) -> Result<(), DatasetError> {
        match ids.iter().find(|&&id| id as usize >= self.vocab_size) {
            None => Ok(()),
            Some(id) => {
                let cause = format!("id {id} is not in the vocabulary of {}", self.vocab_size);
                Err(DatasetError::Tokenizer(cause))
            }
        }
    }

    /// Whether these ids give the text back, byte for byte.
    pub fn is_lossless(&self, text: &str, ids: &[u32]) -> bool {
        self.decode(ids).is_ok_and(|decoded| decoded == text)
    }

    /// One more than the largest id: what a model's embedding needs at least.
    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// The id of a token by its name.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The end-of-text id.
    pub fn end(&self) -> u32 {
        self.end
    }

    /// The id that fills sequences up: the tokenizer's padding token, or else end-of-text.
    pub fn padding(&self) -> u32 {
        self.padding
    }

    /// The fill-in-the-middle ids.
    ///
    /// # Errors
    /// [`DatasetError::MissingToken`] when the tokenizer lacks one of the three,
    /// [`DatasetError::PartsDoNotJoin`] when the parts of a cut text would not be that text.
    pub fn fim(&self) -> Result<&FimTokens, DatasetError> {
        let fim = self.fim.as_ref().ok_or_else(|| DatasetError::MissingToken {
            purpose: "fill-in-the-middle",
            tried: [PREFIX_NAMES, MIDDLE_NAMES, SUFFIX_NAMES].concat().join(", "),
            way_out: "set fim_rate = 0 or use a tokenizer that has them",
        })?;
        let (before, after) = ("let na", "me = 1;");
        let ids = [self.encode(before)?, self.encode(after)?].concat();
        if !self.is_lossless(&[before, after].concat(), &ids) {
            return Err(DatasetError::PartsDoNotJoin);
        }
        Ok(fim)
    }

    /// blake3 of the `tokenizer.json`.
    pub fn digest(&self) -> [u8; 32] {
        *blake3::hash(&self.json).as_bytes()
    }

    /// The contents of `tokenizer.json` and `tokenizer_config.json`.
    pub fn files(&self) -> [(&'static str, &[u8]); 2] {
        let [json, config] = FILES;
        [(json, &self.json), (config, &self.config)]
    }

    /// Writes `tokenizer.json` and `tokenizer_config.json` into a folder, creating it.
    ///
    /// # Errors
    /// As [`refuse_other`], before anything is written, and [`DatasetError::Io`].
    pub fn save(&self, folder: &Path) -> Result<(), DatasetError> {
        refuse_other(folder, Some(self))?;
        for (name, bytes) in self.files() {
            let path = folder.join(name);
            crate::files::write(&path, bytes).map_err(DatasetError::io(&path))?;
        }
        Ok(())
    }
}

/// Refuses a folder in which there is a tokenizer other than `own`.
///
/// # Errors
/// [`DatasetError::TokenizerExists`], and [`DatasetError::Io`] where a file cannot be read.
pub fn refuse_other(folder: &Path, own: Option<&CodeTokenizer>) -> Result<(), DatasetError> {
    for name in FILES {
        let path = folder.join(name);
        let same = |bytes: &[u8]| own.is_some_and(|own| own.files().contains(&(name, bytes)));
        match std::fs::read(&path) {
            Ok(bytes) if same(&bytes) => {}
            Ok(_) => return Err(DatasetError::TokenizerExists { path }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(DatasetError::io(path)(error)),
        }
    }
    Ok(())
}

/// The `tokenizer_config.json` that belongs to [`CONTROL_TOKENS`].
pub(super) fn trained_config() -> Vec<u8> {
    let [end, prefix, middle, suffix, pad] = CONTROL_TOKENS;
    let config = json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "add_prefix_space": false,
        "clean_up_tokenization_spaces": false,
        "eos_token": end,
        "pad_token": pad,
        "additional_special_tokens": [prefix, middle, suffix],
    });
    format!("{config:#}\n").into_bytes()
}

/// The name of the end-of-text token in a `tokenizer_config.json`: a text, or an object with `content`.
fn named_end(bytes: &[u8]) -> Result<Option<String>, serde_json::Error> {
    let config: Value = serde_json::from_slice(bytes)?;
    Ok(match config.get("eos_token") {
        Some(Value::String(name)) => Some(name.clone()),
        Some(Value::Object(token)) => token.get("content").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    })
}

/// Marks as special what text must never turn into, and returns those ids.
///
/// Some tokenizers (Qwen2.5's) declare their fill-in-the-middle tokens as ordinary added tokens, which match in
/// text. Added tokens that stand for ordinary text, such as runs of spaces, must go on matching.
fn mark_control_tokens(tokenizer: &mut Tokenizer, end: Option<&str>) -> Result<HashSet<u32>, String> {
    let mut added: Vec<_> = tokenizer.get_added_tokens_decoder().into_iter().collect();
    added.sort_by_key(|(id, _)| *id);
    added.retain(|(_, token)| {
        let bracketed = token.content.starts_with('<') && token.content.ends_with('>');
        token.special || bracketed || Some(token.content.as_str()) == end
    });
    let tokens: Vec<AddedToken> = added.iter().map(|(_, token)| token.clone().special(true)).collect();
    tokenizer.add_special_tokens(tokens).map_err(|error| error.to_string())?;
    Ok(added.into_iter().map(|(id, _)| id).collect())
}

#[cfg(test)]
mod tests;
