//! Builds packed token sequences from analyzed files, and accounts for every token.
//!
//! The stages run in this order, one file each. All are deterministic by seed, and independent of the number of
//! threads:
//!
//! 1. [`mix`] filters documents with rules over attributes;
//! 2. [`dedup`] drops exact duplicates except the first by path;
//! 3. [`split`] assigns documents to training or evaluation by path, without leaks;
//! 4. [`tokenizer`] encodes texts losslessly;
//! 5. [`piece`] splits documents into pieces that fit into a sequence, some for [`fim`], fill-in-the-middle;
//! 6. [`pack`] packs pieces into sequences, without attention across pieces;
//! 7. [`ledger`] verifies that every token is accounted for.
//!
//! [`build_analyzed`] runs all stages on the files of an analysis, [`build()`] on documents. The training loop only uses
//! [`BatchSource`]: micro-batches by index, from a [`Dataset`] or a [`TokenTape`].

mod analyzed;
pub mod batch;
pub mod build;
pub mod config;
mod cost;
pub mod dedup;
mod defect;
pub mod disk;
pub mod document;
mod error;
mod expression;
pub mod fim;
mod from_analysis;
pub mod inspect;
pub mod ledger;
pub mod mix;
pub mod pack;
mod packed_batches;
pub mod piece;
mod random;
pub mod split;
pub mod tape;
#[cfg(test)]
mod tests;
pub mod tokenizer;
mod vocabulary;

pub use analyzed::{Built, TokenizerSource, build_analyzed, documents, select_analyzed};
pub use batch::{BatchSource, IGNORE, MicroBatch};
pub use build::{BuildProgress, Dataset, ProgressStage, Selection, assemble, build, select};
pub use config::{DatasetConfig, FilterRule, FilterRuleError, Group};
pub use document::{Document, DocumentRecord, Dropped, Split, Stage};
pub use error::DatasetError;
pub use inspect::DatasetSummary;
pub use ledger::{Ledger, LedgerReport};
pub use packed_batches::PackedBatches;
pub use tape::TokenTape;
pub use tokenizer::{CodeTokenizer, SpecialTokens, TextStream, TokenizerTraining, TrainedTokenizer};
