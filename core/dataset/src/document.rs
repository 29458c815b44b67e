//! The input of the crate and what becomes of each document.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::DatasetError;

/// An analysed file.
#[derive(Debug, Clone)]
pub struct Document {
    /// Relative, '/'-separated path in the repository; unique among the documents of a dataset.
    pub path: String,
    /// The language's name, as the source crate gives it.
    pub language: String,
    /// The whole text.
    pub text: Arc<str>,
    /// blake3 of the file's content.
    pub digest: [u8; 32],
    /// Plugin short name to `{attribute: value}`, for example `{"metrics": {"lines": 10}}`.
    pub attributes: Map<String, Value>,
    /// Plugin short name to `{rule: count}`. A plugin that ran and found nothing is there with an empty object.
    pub findings: Map<String, Value>,
    /// What analyzers failed with on this file; a document with any is quarantined by default.
    pub errors: Vec<String>,
}

/// The side of the split that a document is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Trained on.
    Train,
    /// Kept apart for evaluation.
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

/// The stage that left a document out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Analysis could not read it as text, or was told not to.
    Skipped,
    /// The document has no text.
    Empty,
    /// An analyzer failed on it, or a rule could not be evaluated.
    Quarantine,
    /// A rule said no.
    Rule,
    /// The same text is kept under another path.
    Duplicate,
    /// The tokenizer cannot represent the text.
    Tokenizer,
}

/// A document that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropped {
    /// The document's path.
    pub path: String,
    /// The stage that left it out.
    pub stage: Stage,
    /// Why, in a sentence.
    pub reason: String,
    /// Tokens of its text, as the ledger counts them; 0 until tokenised and where it cannot be encoded.
    pub tokens: u64,
}

/// A document that was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentRecord {
    /// The document's path.
    pub path: String,
    /// Its language.
    pub language: String,
    /// The side it is on.
    pub split: Split,
    /// Tokens it contributes, special tokens included.
    pub tokens: u64,
    /// blake3 of the file's content, in hexadecimal.
    pub digest: String,
}

/// Sorts documents by path and refuses paths that are not relative, '/'-separated or unique.
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
