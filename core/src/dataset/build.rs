//! All stages in order: from documents to a dataset.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::batch::PackedBatches;
use super::dedup::dedup;
use super::document::in_path_order;
use super::fim::{self, Cut, FimOrder};
use super::mix::{RuleSet, mix};
use super::pack::{Packing, TokenStream};
use super::split::split;
use super::tokenizer::FimTokens;
use super::vocabulary::Vocabulary;
use super::{
    CodeTokenizer, DatasetConfig, DatasetError, Document, DocumentRecord, Dropped, IGNORE, Ledger,
    LedgerReport, Split, Stage,
};
use crate::analysis::UsedAnalyzer;
use crate::plugin::PluginIdentity;

/// A stage that takes long enough to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressStage {
    /// Rules, duplicates and the split.
    Selecting,
    /// Text to ids.
    Encoding,
    /// Ids to sequences.
    Packing,
}

/// How far a build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The stage at work.
    pub stage: ProgressStage,
    /// Documents done.
    pub done: usize,
    /// Documents in this stage.
    pub total: usize,
}

/// Documents that were chosen, with their side, and those left out, both in path order.
///
/// Between [`select`] and [`assemble`] a tokenizer can be trained on [`Selection::training_texts`].
pub struct Selection {
    /// Kept documents.
    pub kept: Vec<(Document, Split)>,
    /// Documents left out, with the reason.
    pub left_out: Vec<(Document, Dropped)>,
    /// The analyzers whose answers the documents carry.
    pub analyzers: Vec<PluginIdentity>,
}

impl Selection {
    /// Texts of the training split, in path order: what a tokenizer may be trained on without seeing
    /// held-out code.
    pub fn training_texts(&self) -> Vec<Arc<str>> {
        let train = self.kept.iter().filter(|(_, split)| *split == Split::Train);
        train.map(|(document, _)| Arc::clone(&document.text)).collect()
    }
}

/// A built dataset: token streams, records of every document, and the ledger.
pub struct Dataset {
    pub(super) config: DatasetConfig,
    pub(super) tokenizer: CodeTokenizer,
    pub(super) analyzers: Vec<PluginIdentity>,
    pub(super) train: Tokens,
    pub(super) heldout: Tokens,
    pub(super) documents: Vec<DocumentRecord>,
    pub(super) dropped: Vec<Dropped>,
    pub(super) ledger: LedgerReport,
}

/// The ids of a split and how they are packed.
pub(super) struct Tokens {
    pub(super) stream: Arc<TokenStream>,
    pub(super) packing: Arc<Packing>,
}

impl Tokens {
    pub(super) fn new(stream: TokenStream, config: &DatasetConfig) -> Self {
        let packing = Arc::new(Packing::new(&stream, config.max_seq_length, config.seed));
        Self { stream: Arc::new(stream), packing }
    }

    /// What became of the tokens of each document, counted on the finished sequences.
    pub(super) fn ledgers(&self) -> Vec<Ledger> {
        let length = |index| self.stream.document(index).len() as u64;
        let mut ledgers: Vec<Ledger> = (0..self.stream.documents())
            .map(|index| Ledger { input: length(index), ..Ledger::default() })
            .collect();
        for (index, parts) in self.packing.rows.iter().enumerate() {
            let Some(row) = self.packing.row(index, &self.stream, 0) else { continue };
            let owners = parts.iter().map(|part| part.document as usize).collect::<Vec<_>>();
            for (segment, label) in row.segments.iter().zip(&row.labels) {
                let owner = owners.get(*segment as usize).and_then(|&owner| ledgers.get_mut(owner));
                match owner {
                    Some(ledger) if *label == IGNORE => ledger.masked += 1,
                    Some(ledger) => ledger.trained += 1,
                    None => {}
                }
            }
        }
        for part in &self.packing.truncated {
            if let Some(ledger) = ledgers.get_mut(part.document as usize) {
                ledger.truncated += u64::from(part.length);
            }
        }
        ledgers
    }
}

impl Dataset {
    /// The configuration it was built with.
    pub fn config(&self) -> &DatasetConfig {
        &self.config
    }

    /// The tokenizer it was built with.
    pub fn tokenizer(&self) -> &CodeTokenizer {
        &self.tokenizer
    }

    /// The analyzers by whose answers its documents were chosen.
    pub fn analyzers(&self) -> &[PluginIdentity] {
        &self.analyzers
    }

    /// Every kept document, in path order.
    pub fn documents(&self) -> &[DocumentRecord] {
        &self.documents
    }

    /// Every document left out, in path order.
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// Where every token went.
    pub fn ledger(&self) -> &LedgerReport {
        &self.ledger
    }

    /// The ids of a split, document after document in path order.
    pub fn stream(&self, split: Split) -> &TokenStream {
        &self.tokens(split).stream
    }

    /// Which documents make which sequence of a split.
    pub fn packing(&self, split: Split) -> &Packing {
        &self.tokens(split).packing
    }

    /// The batches of a split, `batch` sequences each: the training split in a new order each epoch, without
    /// end; the held-out split once.
    ///
    /// # Errors
    /// [`DatasetError::EmptySplit`] when it has no sequence, [`DatasetError::Invalid`] for a batch of 0.
    pub fn batches(&self, split: Split, batch: usize) -> Result<PackedBatches, DatasetError> {
        let Tokens { stream, packing } = self.tokens(split);
        let (stream, packing) = (Arc::clone(stream), Arc::clone(packing));
        PackedBatches::new(split, stream, packing, self.config.seed, batch, self.tokenizer.padding())
    }

    pub(super) fn tokens(&self, split: Split) -> &Tokens {
        match split {
            Split::Train => &self.train,
            Split::Heldout => &self.heldout,
        }
    }
}

/// Runs every stage, on documents of no analyzers in particular. `progress` may be called from any thread.
///
/// # Errors
/// As [`select`] and [`assemble`].
pub fn build(
    documents: Vec<Document>,
    tokenizer: &CodeTokenizer,
    config: &DatasetConfig,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Dataset, DatasetError> {
    assemble(select(documents, &[], config, progress)?, tokenizer, config, progress)
}

/// Chooses documents and their sides: rules, duplicates, split. `analyzers` are those whose answers the documents
/// carry; without them, rules can only name findings that a document has.
///
/// # Errors
/// A configuration out of range, rules that cannot be used, paths that are not unique and relative, or
/// [`DatasetError::NothingLeft`].
pub fn select(
    documents: Vec<Document>,
    analyzers: &[UsedAnalyzer],
    config: &DatasetConfig,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Selection, DatasetError> {
    config.check()?;
    let total = documents.len();
    let report = |done| progress(Progress { stage: ProgressStage::Selecting, done, total });
    report(0);
    let documents = in_path_order(documents)?;
    let seen: BTreeSet<String> =
        documents.iter().flat_map(|d| d.attributes.keys().chain(d.findings.keys())).cloned().collect();
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
    let sides = split(&kept, config.seed, config.heldout, config.group);
    report(total);
    Ok(Selection { kept: kept.into_iter().zip(sides).collect(), left_out, analyzers: identities })
}

/// Makes ids and sequences of a selection.
///
/// Fill-in-the-middle applies to the training split alone, so that held-out losses of different rates compare.
/// A text that the tokenizer does not give back byte for byte is left out with that reason.
///
/// # Errors
/// As [`DatasetConfig::check_with`], [`DatasetError::NothingLeft`], and [`DatasetError::Ledger`], which would be
/// a defect here.
pub fn assemble(
    selection: Selection,
    tokenizer: &CodeTokenizer,
    config: &DatasetConfig,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Dataset, DatasetError> {
    config.check_with(tokenizer)?;
    let names = if config.fim_rate > 0.0 { Some(tokenizer.fim()?) } else { None };
    let total = selection.kept.len() + selection.left_out.len();
    let done = AtomicUsize::new(0);
    let step = || {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        progress(Progress { stage: ProgressStage::Encoding, done, total });
    };
    let encoded: Vec<Result<Encoded, Dropped>> = selection
        .kept
        .par_iter()
        .map(|(document, split)| {
            let encoded = encode(document, *split, tokenizer, names, config);
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

    let mut streams = [Split::Train, Split::Heldout]
        .map(|split| (split, TokenStream { offsets: vec![0], ..TokenStream::default() }));
    let mut documents = Vec::with_capacity(encoded.len());
    let mut left_out: Vec<(String, Dropped)> = Vec::new();
    for ((document, split), encoded) in selection.kept.into_iter().zip(encoded) {
        match encoded {
            Ok(Encoded { ids, order }) => {
                if let Some((_, stream)) = streams.iter_mut().find(|(side, _)| *side == split) {
                    stream.ids.extend(&ids);
                    stream.offsets.push(stream.ids.len() as u64);
                    stream.fim.push(order as u8);
                }
                documents.push(DocumentRecord {
                    path: document.path,
                    language: document.language,
                    split,
                    tokens: ids.len() as u64,
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

    progress(Progress { stage: ProgressStage::Packing, done: 0, total: documents.len() });
    let [train, heldout] = streams.map(|(_, stream)| Tokens::new(stream, config));
    let kept =
        [(Split::Train, &train), (Split::Heldout, &heldout)].into_iter().flat_map(|(split, tokens)| {
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
    progress(Progress { stage: ProgressStage::Packing, done: documents.len(), total: documents.len() });
    Ok(Dataset {
        config: config.clone(),
        tokenizer: tokenizer.clone(),
        analyzers: selection.analyzers,
        train,
        heldout,
        documents,
        dropped: left_out.into_iter().map(|(_, dropped)| dropped).collect(),
        ledger,
    })
}

struct Encoded {
    ids: Vec<u32>,
    order: FimOrder,
}

/// `names` are the tokens of fill-in-the-middle, where it is asked for.
fn encode(
    document: &Document,
    split: Split,
    tokenizer: &CodeTokenizer,
    names: Option<&FimTokens>,
    config: &DatasetConfig,
) -> Result<Encoded, Dropped> {
    let (path, text) = (&document.path, &document.text);
    let refuse =
        |reason: String, tokens| Dropped { path: path.clone(), stage: Stage::Tokenizer, reason, tokens };
    let plain = tokenizer.encode(text).map_err(|error| refuse(error.to_string(), 0))?;
    let tokens = plain.len() as u64;
    if !tokenizer.is_lossless(text, &plain) {
        return Err(refuse("the tokenizer does not give the text back byte for byte".to_owned(), tokens));
    }
    let (cut, mut ids) = match names.filter(|_| split == Split::Train) {
        None => (Cut { order: FimOrder::Plain, start: 0, end: 0 }, plain),
        Some(names) => {
            let cut = fim::draw(path, text, config.seed, config.fim_rate, config.spm_rate);
            let ids = match cut.order {
                FimOrder::Plain => Ok(plain),
                _ => fim::apply(text, cut, tokenizer, names),
            };
            (cut, ids.map_err(|error| refuse(error.to_string(), tokens))?)
        }
    };
    ids.push(tokenizer.end());
    Ok(Encoded { ids, order: cut.order })
}

fn nothing_left<'a>(given: usize, dropped: impl Iterator<Item = &'a Dropped>) -> DatasetError {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for dropped in dropped {
        *counts.entry(super::inspect::kind_of_reason(dropped)).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let reasons: Vec<String> =
        counts.iter().take(3).map(|(reason, count)| format!("{count} because {reason}")).collect();
    let reasons = if reasons.is_empty() { "there were none".to_owned() } else { reasons.join(", ") };
    DatasetError::NothingLeft { given, reasons }
}
