//! Summaries of datasets.

use std::collections::BTreeMap;

use codetune_plugin::PluginIdentity;
use serde::Serialize;

use super::build::Dataset;
use super::document::{Dropped, Split, Stage};
use super::error::DatasetError;
use super::fim::{FimOrder, is_whole};
use super::ledger::LedgerReport;

/// A summary of a dataset with samples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatasetSummary {
    /// Documents of the training split.
    pub train_documents: usize,
    /// Documents of the held-out split.
    pub held_out_documents: usize,
    /// Dropped documents.
    pub dropped_documents: usize,
    /// Sequences of the training split.
    pub train_sequences: usize,
    /// Sequences of the held-out split.
    pub held_out_sequences: usize,
    /// Tokens per sequence.
    pub max_seq_length: usize,
    /// Padding tokens in all sequences.
    pub padding: u64,
    /// Examples in prefix-suffix-middle order in the training sequences.
    pub fim_psm: usize,
    /// Examples in suffix-prefix-middle order in the training sequences.
    pub fim_spm: usize,
    /// How many of those are complete in one sequence, with all markers in order and end-of-text; should be all of
    /// them.
    pub fim_whole: usize,
    /// Vocabulary size of the tokenizer.
    pub vocab_size: usize,
    /// The analyzers that filtered the documents.
    pub analyzers: Vec<PluginIdentity>,
    /// Kept documents and their tokens, by language.
    pub languages: BTreeMap<String, LanguageSummary>,
    /// The ledger of all tokens.
    pub ledger: LedgerReport,
    /// Reasons of dropped documents, most frequent first.
    pub reasons: Vec<ReasonCount>,
    /// Samples from the training split.
    pub samples: Vec<Sample>,
}

/// Kept documents of a language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LanguageSummary {
    /// Documents.
    pub documents: usize,
    /// Their tokens.
    pub tokens: u64,
}

/// How many documents were dropped for a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReasonCount {
    /// The stage.
    pub stage: Stage,
    /// The reason.
    pub reason: String,
    /// Documents.
    pub documents: usize,
}

/// The beginning of a training document, decoded from its ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// The document's path.
    pub path: String,
    /// Number of its tokens.
    pub tokens: usize,
    /// Number of tokens in `text`.
    pub shown: usize,
    /// The decoded text, with control tokens by name.
    pub text: String,
}

impl Dataset {
    /// Summarizes the dataset, with up to `reasons` reasons and `samples` samples of up to `tokens` tokens.
    ///
    /// # Errors
    /// [`DatasetError::Tokenizer`] if ids cannot be decoded.
    pub fn inspect(
        &self,
        reasons: usize,
        samples: usize,
        tokens: usize,
    ) -> Result<DatasetSummary, DatasetError> {
        let of = |split| self.documents().iter().filter(move |record| record.split == split);
        let mut languages: BTreeMap<String, LanguageSummary> = BTreeMap::new();
        for record in self.documents() {
            let language = languages.entry(record.language.clone()).or_default();
            language.documents += 1;
            language.tokens += record.tokens;
        }
        let stream = self.stream(Split::Train);
        let fim = self.examples();
        let samples = of(Split::Train).enumerate().take(samples).map(|(index, record)| {
            let ids = stream.document(index);
            let shown = ids.len().min(tokens);
            let text = self.tokenizer().decode(ids.get(..shown).unwrap_or_default())?;
            Ok(Sample { path: record.path.clone(), tokens: ids.len(), shown, text })
        });
        let (train, held_out) = (self.packing(Split::Train), self.packing(Split::HeldOut));
        Ok(DatasetSummary {
            train_documents: of(Split::Train).count(),
            held_out_documents: of(Split::HeldOut).count(),
            dropped_documents: self.dropped().len(),
            train_sequences: train.rows.len(),
            held_out_sequences: held_out.rows.len(),
            max_seq_length: self.config().max_seq_length,
            padding: train.padding + held_out.padding,
            fim_psm: fim.psm,
            fim_spm: fim.spm,
            fim_whole: fim.whole,
            vocab_size: self.tokenizer().vocab_size(),
            analyzers: self.analyzers().to_vec(),
            languages,
            ledger: self.ledger().clone(),
            reasons: top_reasons(self.dropped(), reasons),
            samples: samples.collect::<Result<_, DatasetError>>()?,
        })
    }
}

#[derive(Default)]
struct Examples {
    psm: usize,
    spm: usize,
    whole: usize,
}

impl Dataset {
    /// Counts fill-in-the-middle examples in the training sequences.
    fn examples(&self) -> Examples {
        let (stream, packing) = (self.stream(Split::Train), self.packing(Split::Train));
        let mut examples = Examples::default();
        for (index, pieces) in packing.rows.iter().enumerate() {
            let orders = pieces.iter().map(|piece| stream.order(*piece as usize));
            if orders.clone().all(|order| order == FimOrder::Plain) {
                continue;
            }
            let Some(row) = packing.row(index, stream, self.tokenizer().padding()) else { continue };
            let segments = row.segments.chunk_by(|a, b| a == b);
            let mut ids = row.ids.as_slice();
            for (order, segment) in orders.zip(segments) {
                let example;
                (example, ids) = ids.split_at(segment.len());
                match order {
                    FimOrder::Plain => continue,
                    FimOrder::Psm => examples.psm += 1,
                    FimOrder::Spm => examples.spm += 1,
                }
                examples.whole += usize::from(is_whole(example, order, self.tokenizer()));
            }
        }
        examples
    }
}

fn top_reasons(dropped: &[Dropped], most: usize) -> Vec<ReasonCount> {
    let mut counts: BTreeMap<(Stage, String), usize> = BTreeMap::new();
    for dropped in dropped {
        *counts.entry((dropped.stage, dropped.kind_of_reason())).or_default() += 1;
    }
    let mut counts: Vec<ReasonCount> = counts
        .into_iter()
        .map(|((stage, reason), documents)| ReasonCount { stage, reason, documents })
        .collect();
    // Stable: equal counts stay sorted by stage and reason.
    counts.sort_by_key(|count| std::cmp::Reverse(count.documents));
    counts.truncate(most);
    counts
}
