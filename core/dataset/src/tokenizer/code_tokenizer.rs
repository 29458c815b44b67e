//! Encoding and decoding.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use tokenizers::{AddedToken, DecoderWrapper, Tokenizer};

use super::contained::contained;
use super::files::{self, FILES, TokenizerFiles};
use super::limits;
use super::special::{self, FimTokens, SpecialTokens};
use crate::error::DatasetError;

/// A tokenizer for source code. Encoding is a pure function of the text and safe from any thread.
#[derive(Clone)]
pub struct CodeTokenizer {
    /// Takes everything in a text for text.
    inner: Arc<Tokenizer>,
    /// Recognises special tokens in a text.
    prompts: Arc<Tokenizer>,
    files: Arc<TokenizerFiles>,
    special: SpecialTokens,
    control: HashSet<u32>,
    byte_fallback: bool,
    vocab_size: usize,
}

impl CodeTokenizer {
    /// Loads a `tokenizer.json`, or the one in a folder, with what lies beside it.
    ///
    /// # Errors
    /// [`DatasetError::Io`], [`DatasetError::TokenizerLoad`], and [`DatasetError::MissingToken`] when there is
    /// no end-of-text token.
    pub fn load(path: &Path) -> Result<Self, DatasetError> {
        let file = if path.is_dir() { path.join("tokenizer.json") } else { path.to_owned() };
        let files = TokenizerFiles::read(&file).map_err(|error| match error {
            DatasetError::Io { path, source } if source.kind() == std::io::ErrorKind::NotFound => {
                let help = Some("give a tokenizer.json, or a directory that contains one");
                DatasetError::TokenizerLoad { path, cause: source.to_string(), help }
            }
            other => other,
        })?;
        Self::from_files(files, &file)
    }

    /// Reads the contents of a `tokenizer.json` and its `tokenizer_config.json`; `file` names them in errors.
    ///
    /// # Errors
    /// As [`CodeTokenizer::load`], but for reading.
    pub fn from_bytes(json: Vec<u8>, config: Option<Vec<u8>>, file: &Path) -> Result<Self, DatasetError> {
        Self::from_files(TokenizerFiles::new(json, config), file)
    }

    /// Reads the contents of a tokenizer's files; `file` names them in errors.
    ///
    /// # Errors
    /// As [`CodeTokenizer::load`], but for reading.
    pub fn from_files(files: TokenizerFiles, file: &Path) -> Result<Self, DatasetError> {
        let refused = |cause, help| DatasetError::TokenizerLoad { path: file.to_owned(), cause, help };
        let broken = |cause: String| refused(cause, None);
        let no_tokenizer = |cause: String| refused(cause, Some("expected a Hugging Face tokenizer.json"));
        let json = serde_json::from_slice(&files.json).map_err(|error| no_tokenizer(error.to_string()))?;
        limits::check(&json).map_err(broken)?;
        drop(json);
        let mut prompts = contained(|| Tokenizer::from_bytes(&files.json)).map_err(no_tokenizer)?;
        // A tokenizer.json may carry truncation and padding: both would change texts silently.
        contained(|| prompts.with_truncation(None).map(drop)).map_err(broken)?;
        prompts.with_padding(None);
        let named = special::named_end(&files).map_err(broken)?;
        let special = SpecialTokens::of(&prompts, &files, file)?;
        let mut inner = prompts.clone();
        let mut control = mark_control_tokens(&mut inner, named.as_deref()).map_err(broken)?;
        inner.set_encode_special_tokens(true);
        control.extend(special.closing().into_iter().chain(special.before.iter().copied()));
        let vocab_size = inner.get_vocab(true).values().max().map_or(0, |&last| last as usize + 1);
        let byte_fallback = inner.get_decoder().is_some_and(falls_back_to_bytes);
        Ok(Self {
            inner: Arc::new(inner),
            prompts: Arc::new(prompts),
            files: Arc::new(files),
            special,
            control,
            byte_fallback,
            vocab_size,
        })
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
        let encoding = contained(|| self.inner.encode_fast(text, false))
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

    /// The ids of a prompt, as `AutoTokenizer` gives them: special tokens in the text are recognised, and those that
    /// the tokenizer puts around a text are there.
    ///
    /// # Errors
    /// [`DatasetError::Tokenizer`] where the tokenizer fails.
    pub fn encode_prompt(&self, text: &str) -> Result<Vec<u32>, DatasetError> {
        let inside = self.recognise(text)?;
        Ok(self.framed(inside))
    }

    /// The ids of a prompt for what stands between two texts: prefix, suffix, middle, as training orders them.
    ///
    /// # Errors
    /// As [`encode_prompt`](Self::encode_prompt) and [`fim`](Self::fim).
    pub fn encode_fim_prompt(&self, prefix: &str, suffix: &str) -> Result<Vec<u32>, DatasetError> {
        let fim = *self.fim()?;
        let mut ids = vec![fim.prefix];
        ids.extend(self.recognise(prefix)?);
        ids.push(fim.suffix);
        ids.extend(self.recognise(suffix)?);
        ids.push(fim.middle);
        Ok(self.framed(ids))
    }

    fn recognise(&self, text: &str) -> Result<Vec<u32>, DatasetError> {
        let encoding = contained(|| self.prompts.encode_fast(text, false));
        let encoding =
            encoding.map_err(|error| DatasetError::Tokenizer(format!("cannot encode: {error}")))?;
        Ok(encoding.get_ids().to_vec())
    }

    fn framed(&self, ids: Vec<u32>) -> Vec<u32> {
        [self.special.before.clone(), ids, self.special.after.clone()].concat()
    }

    /// The text of ids, control tokens shown by name, as `decode` of `AutoTokenizer` gives it: bytes that are no
    /// character give U+FFFD, and ids that the vocabulary does not have nothing.
    ///
    /// # Errors
    /// [`DatasetError::Tokenizer`] where the tokenizer fails.
    pub fn decode(&self, ids: &[u32]) -> Result<String, DatasetError> {
        contained(|| self.inner.decode(ids, false))
            .map_err(|error| DatasetError::Tokenizer(format!("cannot decode: {error}")))
    }

    /// The name of a token; none for an id that the vocabulary does not have.
    pub(super) fn name(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// Whether a token stands for one byte of a character that the vocabulary does not have.
    pub(super) fn falls_back_to(&self, token: &str) -> bool {
        let digits = token.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
        self.byte_fallback && digits.is_some_and(|d| d.len() == 2 && u8::from_str_radix(d, 16).is_ok())
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

    /// What stands around texts and what ends a generation.
    pub fn special(&self) -> &SpecialTokens {
        &self.special
    }

    /// The end-of-text id.
    pub fn end(&self) -> u32 {
        self.special.end
    }

    /// The id that fills sequences up: the tokenizer's padding token, or else end-of-text.
    pub fn padding(&self) -> u32 {
        self.special.padding
    }

    /// The fill-in-the-middle ids.
    ///
    /// # Errors
    /// [`DatasetError::MissingToken`] when the tokenizer lacks one of the three,
    /// [`DatasetError::PartsDoNotJoin`] when the parts of a cut text would not be that text.
    pub fn fim(&self) -> Result<&FimTokens, DatasetError> {
        let fim = self.special.fim.as_ref().ok_or_else(|| DatasetError::MissingToken {
            purpose: "fill-in-the-middle",
            tried: FimTokens::names(),
            remedy: "set fim_rate = 0 or use a tokenizer that has them",
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
        *blake3::hash(&self.files.json).as_bytes()
    }

    /// Whether both make the same ids of every document and prompt.
    pub fn encodes_alike(&self, other: &Self) -> bool {
        self.files.json == other.files.json && self.special.frame_alike(&other.special)
    }

    /// The contents of its own files by name: `tokenizer.json`, `tokenizer_config.json`, and
    /// `special_tokens_map.json` where there is one.
    pub fn files(&self) -> Vec<(&'static str, &[u8])> {
        self.files.own()
    }

    /// Writes its own files into a folder, creating it.
    ///
    /// # Errors
    /// As [`refuse_other`], before anything is written, and [`DatasetError::Io`].
    pub fn save(&self, folder: &Path) -> Result<(), DatasetError> {
        refuse_other(folder, Some(self))?;
        for (name, bytes) in self.files() {
            let path = folder.join(name);
            codetune_files::write(&path, bytes).map_err(DatasetError::io(&path))?;
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
        match codetune_files::read(&path, files::MOST_BYTES) {
            Ok(bytes) if same(&bytes) => {}
            Ok(_) => return Err(DatasetError::TokenizerExists { path }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(DatasetError::io(path)(error)),
        }
    }
    Ok(())
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
    contained(|| tokenizer.add_special_tokens(tokens))?;
    Ok(added.into_iter().map(|(id, _)| id).collect())
}

/// Whether bytes stand for characters that the vocabulary does not have.
fn falls_back_to_bytes(decoder: &DecoderWrapper) -> bool {
    match decoder {
        DecoderWrapper::ByteFallback(_) => true,
        DecoderWrapper::Sequence(parts) => parts.get_decoders().iter().any(falls_back_to_bytes),
        _ => false,
    }
}
