//! From analysed files to packed token sequences, with every token accounted for.
//!
//! The stages run in this order, one file each; all of them are deterministic by seed and give the same bits
//! for any number of threads:
//!
//! 1. [`mix`], rules over attributes choose the documents;
//! 2. [`dedup`], exact copies go, the first by path stays;
//! 3. [`split`], training and held-out documents, by path, without leaks;
//! 4. [`tokenizer`], text to token ids, losslessly;
//! 5. [`piece`], documents into pieces that fit into a sequence, some of them for [`fim`], filling in the middle;
//! 6. [`pack`], pieces into sequences that do not attend across pieces;
//! 7. [`ledger`], the proof that no token went missing.
//!
//! [`build`] runs them all. The training loop sees only a [`BatchSource`]: micro-batches addressable by index,
//! either of a [`Dataset`] or of a [`TokenTape`].

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

pub use batch::{BatchSource, IGNORE, MicroBatch};
pub use build::{BuildProgress, Dataset, ProgressStage, Selection, assemble, build, select};
pub use config::{DatasetConfig, FilterRule, Group};
pub use document::{Document, DocumentRecord, Dropped, Split, Stage};
pub use error::DatasetError;
pub use inspect::DatasetSummary;
pub use ledger::{Ledger, LedgerReport};
pub use packed_batches::PackedBatches;
pub use tape::TokenTape;
pub use tokenizer::{CodeTokenizer, SpecialTokens, TextStream, TokenizerTraining, TrainedTokenizer};
