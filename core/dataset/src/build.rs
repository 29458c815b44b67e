//! Builds a dataset from documents: all stages in order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use codetune_analysis::UsedAnalyzer;
use codetune_plugin::PluginIdentity;
use codetune_validate::whole;
use rayon::prelude::*;

use super::config::DatasetConfig;
use super::dedup::dedup;
use super::document::{Document, DocumentRecord, Dropped, Split, Stage, in_path_order};
use super::error::DatasetError;
use super::ledger::{Ledger, LedgerReport};
use super::mix::{RuleSet, mix};
use super::pack::{Packing, TokenStream};
use super::packed_batches::PackedBatches;
use super::piece::{self, Pieces};
use super::split::split;
use super::tokenizer::CodeTokenizer;
use super::vocabulary::Vocabulary;

/// A stage that reports progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressStage {
    /// Rules, duplicates and the split.
    Selecting,
    /// Training a tokenizer.
    TrainingTokenizer,
    /// Tokenization.
    Encoding,
    /// Packing.
    Packing,
}

/// The progress of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildProgress {
    /// The current stage.
    pub stage: ProgressStage,
    /// Documents done.
    pub done: usize,
    /// Documents in this stage.
    pub total: usize,
}

/// Selected documents with their side of the split, and dropped ones, sorted by path.
///
/// Between [`select`] and [`assemble`], a tokenizer can be trained on [`Selection::training_texts`].
pub struct Selection {
    /// Kept documents.
    pub kept: Vec<(Document, Split)>,
    /// Dropped documents with their reasons.
    pub left_out: Vec<(Document, Dropped)>,
    /// The analyzers whose results the documents have.
    pub analyzers: Vec<PluginIdentity>,
}

impl Selection {
    /// Texts of the training split, sorted by path, for example to train a tokenizer without held-out code.
    pub fn training_texts(&self) -> Vec<Arc<str>> {
        let train = self.kept.iter().filter(|(_, split)| *split == Split::Train);
        train.map(|(document, _)| Arc::clone(&document.text)).collect()
    }
}

/// A dataset: token streams, records of all documents, and the ledger.
pub struct Dataset {
    pub(super) config: DatasetConfig,
    pub(super) tokenizer: CodeTokenizer,
    pub(super) analyzers: Vec<PluginIdentity>,
    pub(super) train: Tokens,
    pub(super) held_out: Tokens,
    pub(super) documents: Vec<DocumentRecord>,
    pub(super) dropped: Vec<Dropped>,
    pub(super) ledger: LedgerReport,
}

/// The tokens of a split and their packing.
pub(super) struct Tokens {
    pub(super) stream: Arc<TokenStream>,
    pub(super) packing: Arc<Packing>,
}

impl Tokens {
    pub(super) fn new(stream: TokenStream, config: &DatasetConfig) -> Self {
        let packing = Arc::new(Packing::new(&stream, config.max_seq_length, config.seed));
        Self { stream: Arc::new(stream), packing }
    }

    /// Counts what happened to the tokens of each document in the packed sequences.
    pub(super) fn ledgers(&self) -> Vec<Ledger> {
        let stream = &self.stream;
        let mut owners = Vec::with_capacity(stream.piece_count());
        for (document, pieces) in stream.documents.windows(2).enumerate() {
            if let [first, after] = pieces {
                owners.extend((*first..*after).map(|_| document));
            }
        }
        let length = |index| stream.document(index).len() as u64;
        let mut ledgers: Vec<Ledger> = (0..stream.document_count())
            .map(|index| Ledger { input: length(index), ..Ledger::default() })
            .collect();
        let mut count = |piece: &u32, add: fn(&mut Ledger, u64)| {
            let piece = *piece as usize;
            if let Some(ledger) = owners.get(piece).and_then(|owner| ledgers.get_mut(*owner)) {
                add(ledger, stream.piece(piece).len() as u64);
            }
        };
        // The first token of a piece is not predicted; every other is predicted by the one before it.
        for piece in self.packing.rows.iter().flatten() {
            count(piece, |ledger, length| {
                ledger.masked += 1;
                ledger.trained += length - 1;
            });
        }
        for piece in &self.packing.truncated {
            count(piece, |ledger, length| ledger.truncated += length);
        }
        ledgers
    }
}

impl Dataset {
    /// Its configuration.
    pub fn config(&self) -> &DatasetConfig {
        &self.config
    }

    /// Its tokenizer.
    pub fn tokenizer(&self) -> &CodeTokenizer {
        &self.tokenizer
    }

    /// The analyzers that filtered it.
    pub fn analyzers(&self) -> &[PluginIdentity] {
        &self.analyzers
    }

    /// All kept documents, sorted by path.
    pub fn documents(&self) -> &[DocumentRecord] {
        &self.documents
    }

    /// All dropped documents, sorted by path.
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// The ledger of all tokens.
    pub fn ledger(&self) -> &LedgerReport {
        &self.ledger
    }

    /// The tokens of a split, document by document, sorted by path.
    pub fn stream(&self, split: Split) -> &TokenStream {
        &self.tokens(split).stream
    }

    /// The packed sequences of a split.
    pub fn packing(&self, split: Split) -> &Packing {
        &self.tokens(split).packing
    }

    /// The batches of a split, `batch` sequences each. The training split repeats with a new order each epoch; the
    /// held-out split does not repeat.
    ///
    /// # Errors
    /// [`DatasetError::EmptySplit`] without sequences, [`DatasetError::Invalid`] for a batch size of 0.
    pub fn batches(&self, split: Split, batch: usize) -> Result<PackedBatches, DatasetError> {
        let Tokens { stream, packing } = self.tokens(split);
        let (stream, packing) = (Arc::clone(stream), Arc::clone(packing));
        PackedBatches::new(split, stream, packing, self.config.seed, batch, self.tokenizer.padding())
    }

    pub(super) fn tokens(&self, split: Split) -> &Tokens {
        match split {
            Split::Train => &self.train,
            Split::HeldOut => &self.held_out,
        }
    }
}

/// Runs all stages on documents without analyzers. `progress` may be called from any thread.
///
/// # Errors
/// As [`select`] and [`assemble`].
pub fn build(
    documents: Vec<Document>,
    tokenizer: &CodeTokenizer,
    config: &DatasetConfig,
    progress: &(dyn Fn(BuildProgress) + Sync),
) -> Result<Dataset, DatasetError> {
    assemble(select(documents, &[], config, progress)?, tokenizer, config, progress)
}

/// Filters and splits documents: rules, duplicates, split. `analyzers` are those whose results the documents have;
/// without them, rules can only refer to existing findings.
///
/// # Errors
/// An invalid configuration, invalid rules, paths that are not unique and relative, or [`DatasetError::NothingLeft`].
pub fn select(
    documents: Vec<Document>,
    analyzers: &[UsedAnalyzer],
    config: &DatasetConfig,
    progress: &(dyn Fn(BuildProgress) + Sync),
) -> Result<Selection, DatasetError> {
    config.check()?;
    let total = documents.len();
    let report = |done| progress(BuildProgress { stage: ProgressStage::Selecting, done, total });
    report(0);
    let documents = in_path_order(documents)?;
    let seen: BTreeSet<String> = documents
        .iter()
        .flat_map(|d| d.attributes.analyzers().chain(d.findings.keys().map(String::as_str)))
        .map(str::to_owned)
        .collect();
    let vocabulary = Vocabulary::new(analyzers, seen.iter().map(String::as_str));
    let rules = RuleSet::compile(&config.rules, &vocabulary)?;
    let (mut kept, mut left_out) = mix(documents, &rules, config.quarantine);
    if config.dedup {
        let (first, copies) = dedup(kept);
        kept = first;
        left_out.extend(copies);
    }
    left_out.sort_by(|a, b| a.1.path.cmp(&b.1.path));
    if kept.is_empty() {
        return Err(nothing_left(total, left_out.iter().map(|(_, dropped)| dropped)));
    }
    let identities = analyzers.iter().map(UsedAnalyzer::identity).collect();
    let sides = split(&kept, config.seed, config.held_out, config.group);
    report(total);
    Ok(Selection { kept: kept.into_iter().zip(sides).collect(), left_out, analyzers: identities })
}

/// Tokenizes and packs a selection.
///
/// Fill-in-the-middle only applies to the training split, so that held-out losses are comparable. Documents that the
/// tokenizer does not reproduce byte for byte are dropped.
///
/// # Errors
/// As [`DatasetConfig::check_with`], [`DatasetError::NothingLeft`], and [`DatasetError::Ledger`], which indicates a
/// bug.
pub fn assemble(
    selection: Selection,
    tokenizer: &CodeTokenizer,
    config: &DatasetConfig,
    progress: &(dyn Fn(BuildProgress) + Sync),
) -> Result<Dataset, DatasetError> {
    config.check_with(tokenizer)?;
    let total = selection.kept.len() + selection.left_out.len();
    let done = AtomicUsize::new(0);
    let step = || {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        progress(BuildProgress { stage: ProgressStage::Encoding, done, total });
    };
    let encoded: Vec<Result<Pieces, Dropped>> = selection
        .kept
        .par_iter()
        .map(|(document, split)| {
            let encoded = encode(document, *split, tokenizer, config);
            step();
            encoded
        })
        .collect();
    let left_out_tokens: Vec<u64> = selection
        .left_out
        .par_iter()
        .map(|(document, _)| {
            let tokens = tokenizer.encode(&document.text).map_or(0, |ids| ids.len() as u64);
            step();
            tokens
        })
        .collect();

    let mut streams = [Split::Train, Split::HeldOut].map(|split| (split, TokenStream::default()));
    let mut documents = Vec::with_capacity(encoded.len());
    let mut left_out: Vec<(String, Dropped)> = Vec::new();
    for ((document, split), encoded) in selection.kept.into_iter().zip(encoded) {
        match encoded {
            Ok(pieces) => {
                if let Some((_, stream)) = streams.iter_mut().find(|(side, _)| *side == split) {
                    stream.push(&pieces);
                }
                documents.push(DocumentRecord {
                    path: document.path,
                    language: document.language,
                    split,
                    tokens: pieces.ids.len() as u64,
                    digest: blake3::Hash::from_bytes(document.digest).to_hex().to_string(),
                });
            }
            Err(dropped) => left_out.push((document.language, dropped)),
        }
    }
    left_out.extend(
        selection
            .left_out
            .into_iter()
            .zip(left_out_tokens)
            .map(|((document, dropped), tokens)| (document.language, Dropped { tokens, ..dropped })),
    );
    left_out.sort_by(|a, b| a.1.path.cmp(&b.1.path));
    if !documents.iter().any(|document| document.split == Split::Train) {
        return Err(nothing_left(total, left_out.iter().map(|(_, dropped)| dropped)));
    }

    progress(BuildProgress { stage: ProgressStage::Packing, done: 0, total: documents.len() });
    let [train, held_out] = streams.map(|(_, stream)| Tokens::new(stream, config));
    let kept =
        [(Split::Train, &train), (Split::HeldOut, &held_out)].into_iter().flat_map(|(split, tokens)| {
            let records = documents.iter().filter(move |record| record.split == split);
            records
                .zip(tokens.ledgers())
                .map(|(record, ledger)| (record.split.name(), &*record.language, ledger))
        });
    let gone = left_out.iter().map(|(language, dropped)| {
        let ledger = Ledger { input: dropped.tokens, dropped: dropped.tokens, ..Ledger::default() };
        ("left_out", language.as_str(), ledger)
    });
    let ledger = LedgerReport::of(kept.chain(gone))?;
    progress(BuildProgress { stage: ProgressStage::Packing, done: documents.len(), total: documents.len() });
    Ok(Dataset {
        config: config.clone(),
        tokenizer: tokenizer.clone(),
        analyzers: selection.analyzers,
        train,
        held_out,
        documents,
        dropped: left_out.into_iter().map(|(_, dropped)| dropped).collect(),
        ledger,
    })
}

/// The pieces of a document, with fill-in-the-middle in the training split.
fn encode(
    document: &Document,
    split: Split,
    tokenizer: &CodeTokenizer,
    config: &DatasetConfig,
) -> Result<Pieces, Dropped> {
    let (path, text) = (&document.path, &document.text);
    let refuse =
        |reason: String, tokens| Dropped { path: path.clone(), stage: Stage::Tokenizer, reason, tokens };
    let ids = tokenizer.encode(text).map_err(|error| refuse(whole(&error), 0))?;
    let tokens = ids.len() as u64;
    if !tokenizer.is_lossless(text, &ids) {
        return Err(refuse("the tokenizer does not give the text back byte for byte".to_owned(), tokens));
    }
    let fim = split == Split::Train && config.fim_rate > 0.0;
    piece::cut(path, text, &ids, fim, tokenizer, config).map_err(|error| refuse(whole(&error), tokens))
}

fn nothing_left<'a>(given: usize, dropped: impl Iterator<Item = &'a Dropped>) -> DatasetError {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for dropped in dropped {
        *counts.entry(dropped.kind_of_reason()).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let reasons: Vec<String> =
        counts.iter().take(3).map(|(reason, count)| format!("{reason} ({count} of {given})")).collect();
    let reasons = if reasons.is_empty() { "no files were found".to_owned() } else { reasons.join(", ") };
    DatasetError::NothingLeft { given, reasons }
}
