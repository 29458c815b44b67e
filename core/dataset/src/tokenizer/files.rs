//! The files of a tokenizer, and what lies beside them.

use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;

use crate::error::DatasetError;

/// The names of a tokenizer's own files; the last one is often not there.
pub const FILES: [&str; 3] = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"];

/// The most bytes of one of them: ten times those of the largest in use.
pub(super) const MOST_BYTES: u64 = 512 << 20;

/// Their contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenizerFiles {
    /// `tokenizer.json`.
    pub json: Vec<u8>,
    /// `tokenizer_config.json`; an empty object where there is none.
    pub config: Vec<u8>,
    /// `special_tokens_map.json`.
    pub map: Option<Vec<u8>>,
    /// `generation_config.json` of the model beside it, or else its `config.json`, with the name.
    pub model: Option<(&'static str, Vec<u8>)>,
}

impl TokenizerFiles {
    /// A `tokenizer.json` and the `tokenizer_config.json` that belongs to it, if there is one.
    pub fn new(json: Vec<u8>, config: Option<Vec<u8>>) -> Self {
        Self { json, config: config.unwrap_or_else(|| b"{}\n".to_vec()), map: None, model: None }
    }

    /// Reads a `tokenizer.json` and what lies beside it.
    ///
    /// # Errors
    /// [`DatasetError::Io`].
    pub fn read(file: &Path) -> Result<Self, DatasetError> {
        let json = codetune_files::read(file, MOST_BYTES).map_err(DatasetError::io(file))?;
        let beside = |name: &str| {
            let path = file.with_file_name(name);
            match codetune_files::read(&path, MOST_BYTES) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(DatasetError::io(path)(error)),
            }
        };
        let [_, config, map] = FILES;
        let mut model = None;
        for name in ["generation_config.json", "config.json"] {
            if model.is_none() {
                model = beside(name)?.map(|bytes| (name, bytes));
            }
        }
        Ok(Self { map: beside(map)?, model, ..Self::new(json, beside(config)?) })
    }

    /// The tokenizer's own files by name.
    pub fn own(&self) -> Vec<(&'static str, &[u8])> {
        let [json, config, map] = FILES;
        let mut files = vec![(json, self.json.as_slice()), (config, self.config.as_slice())];
        files.extend(self.map.as_deref().map(|bytes| (map, bytes)));
        files
    }

    /// `eos_token_id` of the model: none, one or a list.
    pub(super) fn eos_ids(&self) -> Result<Vec<u32>, String> {
        let Some((name, bytes)) = &self.model else { return Ok(Vec::new()) };
        let json: Value =
            serde_json::from_slice(bytes).map_err(|error| format!("{name} beside it: {error}"))?;
        let id = |value: &Value| {
            value.as_u64().and_then(|id| u32::try_from(id).ok()).ok_or_else(|| {
                format!("{name} beside it: eos_token_id is {value}; it has to be an id or a list of ids")
            })
        };
        match json.get("eos_token_id") {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(ids)) => ids.iter().map(id).collect(),
            Some(one) => Ok(vec![id(one)?]),
        }
    }
}
