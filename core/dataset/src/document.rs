//! Documents and what happens to them.

use std::sync::Arc;

use codetune_analysis::FileAttributes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::DatasetError;

/// An analyzed file.
#[derive(Debug, Clone)]
pub struct Document {
    /// Relative path separated by `/`; unique in a dataset.
    pub path: String,
    /// The name of the language.
    pub language: String,
    /// The text.
    pub text: Arc<str>,
    /// BLAKE3 of the file.
    pub digest: [u8; 32],
    /// Attributes by analyzer.
    pub attributes: FileAttributes,
    /// Finding counts by plugin short name and rule. Plugins without findings have an empty object.
    pub findings: Map<String, Value>,
    /// Errors of analyzers; by default, documents with errors are quarantined.
    pub errors: Vec<String>,
}

/// A side of the split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Used for training.
    Train,
    /// Held out for evaluation.
    HeldOut,
}

impl Split {
    /// The name used in files and messages.
    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::HeldOut => "held_out",
        }
    }
}

/// The stage that dropped a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Analysis could not read it, or skipped it on request.
    Skipped,
    /// The document has no text.
    Empty,
    /// An analyzer failed on it, or a rule could not be evaluated.
    Quarantine,
    /// A rule was false.
    Rule,
    /// It has the same text as another document.
    Duplicate,
    /// The tokenizer cannot reproduce its text.
    Tokenizer,
}

/// A dropped document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropped {
    /// Its path.
    pub path: String,
    /// The stage that dropped it.
    pub stage: Stage,
    /// The reason.
    pub reason: String,
    /// Tokens of its text, as the ledger counts them; 0 if it was not tokenized.
    pub tokens: u64,
}

impl Dropped {
    /// The reason without the name of the duplicated file, so that duplicates are counted together.
    pub(super) fn kind_of_reason(&self) -> String {
        match self.stage {
            Stage::Duplicate => "same text as another file".to_owned(),
            _ => self.reason.clone(),
        }
    }
}

/// A kept document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentRecord {
    /// Its path.
    pub path: String,
    /// Its language.
    pub language: String,
    /// Its side of the split.
    pub split: Split,
    /// Its tokens, including special tokens.
    pub tokens: u64,
    /// BLAKE3 of the file, in hexadecimal.
    pub digest: String,
}

/// Sorts documents by path and rejects paths that are not relative, separated by `/` and unique.
pub(super) fn in_path_order(mut documents: Vec<Document>) -> Result<Vec<Document>, DatasetError> {
    for document in &documents {
        let bad = |part: &str| part.is_empty() || part == "." || part == "..";
        if document.path.contains('\0') || document.path.split('/').any(bad) {
            return Err(DatasetError::Path(document.path.clone()));
        }
    }
    documents.sort_by(|a, b| a.path.cmp(&b.path));
    match documents.windows(2).find_map(|pair| match pair {
        [a, b] if a.path == b.path => Some(a.path.clone()),
        _ => None,
    }) {
        Some(path) => Err(DatasetError::DuplicatePath(path)),
        None => Ok(documents),
    }
}
