//! What a dataset holds, for people and for `--json`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::fim::FimOrder;
use super::{Dataset, DatasetError, Dropped, LedgerReport, Split, Stage};
use crate::plugin::PluginIdentity;

/// A summary with real counts and samples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Documents of the training split.
    pub train_documents: usize,
    /// Documents of the held-out split.
    pub heldout_documents: usize,
    /// Documents left out.
    pub dropped_documents: usize,
    /// Sequences of the training split.
    pub train_sequences: usize,
    /// Sequences of the held-out split.
    pub heldout_sequences: usize,
    /// Tokens of a sequence.
    pub max_seq_length: usize,
    /// Padding tokens in all sequences.
    pub padding: u64,
    /// Training documents in prefix-suffix-middle order.
    pub fim_psm: usize,
    /// Training documents in suffix-prefix-middle order.
    pub fim_spm: usize,
    /// Entries of the tokenizer's vocabulary.
    pub vocab_size: usize,
    /// The analyzers by whose answers the documents were chosen.
    pub analyzers: Vec<PluginIdentity>,
    /// Kept documents and their tokens, by language.
    pub languages: BTreeMap<String, LanguageSummary>,
    /// Where every token went.
    pub ledger: LedgerReport,
    /// The reasons why documents were left out, the most frequent first.
    pub reasons: Vec<ReasonCount>,
    /// Samples of the training split.
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

/// How often a reason left a document out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReasonCount {
    /// The stage.
    pub stage: Stage,
    /// The reason.
    pub reason: String,
    /// Documents.
    pub documents: usize,
}

/// The start of a training document, decoded from its ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// The document's path.
    pub path: String,
    /// All its tokens.
    pub tokens: usize,
    /// How many of them `text` shows.
    pub shown: usize,
    /// The decoded text, control tokens by name.
    pub text: String,
}

impl Dataset {
    /// Summarises the dataset, with up to `reasons` reasons and `samples` samples of up to `tokens` tokens.
    ///
    /// # Errors
    /// [`DatasetError::Tokenizer`] where ids cannot be decoded.
    pub fn inspect(&self, reasons: usize, samples: usize, tokens: usize) -> Result<Summary, DatasetError> {
        let of = |split| self.documents().iter().filter(move |record| record.split == split);
        let mut languages: BTreeMap<String, LanguageSummary> = BTreeMap::new();
        for record in self.documents() {
            let language = languages.entry(record.language.clone()).or_default();
            language.documents += 1;
            language.tokens += record.tokens;
        }
        let stream = self.stream(Split::Train);
        let fim = |order: FimOrder| stream.fim.iter().filter(|&&drawn| drawn == order as u8).count();
        let samples = of(Split::Train).enumerate().take(samples).map(|(index, record)| {
            let ids = stream.document(index);
            let shown = ids.len().min(tokens);
            let text = self.tokenizer().decode(ids.get(..shown).unwrap_or_default())?;
            Ok(Sample { path: record.path.clone(), tokens: ids.len(), shown, text })
        });
        let (train, heldout) = (self.packing(Split::Train), self.packing(Split::Heldout));
        Ok(Summary {
            train_documents: of(Split::Train).count(),
            heldout_documents: of(Split::Heldout).count(),
            dropped_documents: self.dropped().len(),
            train_sequences: train.rows.len(),
            heldout_sequences: heldout.rows.len(),
            max_seq_length: self.config().max_seq_length,
            padding: train.padding() + heldout.padding(),
            fim_psm: fim(FimOrder::Psm),
            fim_spm: fim(FimOrder::Spm),
            vocab_size: self.tokenizer().vocab_size(),
            analyzers: self.analyzers().to_vec(),
            languages,
            ledger: self.ledger().clone(),
            reasons: top_reasons(self.dropped(), reasons),
            samples: samples.collect::<Result<_, DatasetError>>()?,
        })
    }
}

fn top_reasons(dropped: &[Dropped], most: usize) -> Vec<ReasonCount> {
    let mut counts: BTreeMap<(Stage, String), usize> = BTreeMap::new();
    for dropped in dropped {
        *counts.entry((dropped.stage, kind_of_reason(dropped))).or_default() += 1;
    }
    let mut counts: Vec<ReasonCount> = counts
        .into_iter()
        .map(|((stage, reason), documents)| ReasonCount { stage, reason, documents })
        .collect();
    // Stable: equal counts stay in the order of stage and reason.
    counts.sort_by_key(|count| std::cmp::Reverse(count.documents));
    counts.truncate(most);
    counts
}

/// The reason without the name of the other file that a copy carries, so that copies count together.
pub(super) fn kind_of_reason(dropped: &Dropped) -> String {
    match dropped.stage {
        Stage::Duplicate => "same text as another file".to_owned(),
        _ => dropped.reason.clone(),
    }
}
