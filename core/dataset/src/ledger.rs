//! The proof that every token is accounted for.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::error::DatasetError;

/// Counts of tokens, for which `input = trained + masked + truncated + dropped` holds exactly.
///
/// `input` counts, for every document given: when it is kept, the ids that stand for it in the stream, which
/// are those of its text (of its parts, where fill-in-the-middle cut it), the markers of fill-in-the-middle, and what
/// stands before and after a text, end-of-text at least, once for the document and for each example; when it is left
/// out, the ids of its text. Padding is no input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Tokens that came in.
    pub input: u64,
    /// Tokens that are the target of a prediction: in the training split they are trained on once an epoch, in
    /// the held-out split they are scored at each evaluation.
    pub trained: u64,
    /// Tokens in sequences that only give context: the first of each piece, of which a long document has several.
    pub masked: u64,
    /// Tokens of kept documents in no sequence: pieces of one token, which could predict nothing and which only
    /// sequences of two tokens leave.
    pub truncated: u64,
    /// Tokens of documents that were left out.
    pub dropped: u64,
}

impl Ledger {
    /// Checks the balance; `part` names what the ledger is of.
    ///
    /// # Errors
    /// [`DatasetError::Ledger`] when it does not balance.
    pub fn check(&self, part: &str) -> Result<(), DatasetError> {
        let accounted = [self.trained, self.masked, self.truncated, self.dropped]
            .into_iter()
            .try_fold(0u64, u64::checked_add)
            .unwrap_or(u64::MAX);
        if accounted == self.input {
            return Ok(());
        }
        Err(DatasetError::Ledger { part: part.to_owned(), input: self.input, accounted })
    }
}

impl AddAssign for Ledger {
    fn add_assign(&mut self, other: Self) {
        self.input += other.input;
        self.trained += other.trained;
        self.masked += other.masked;
        self.truncated += other.truncated;
        self.dropped += other.dropped;
    }
}

/// The ledger of a dataset with its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerReport {
    /// All documents.
    pub total: Ledger,
    /// By `train`, `held_out` and `left_out`.
    pub splits: BTreeMap<String, Ledger>,
    /// By language.
    pub languages: BTreeMap<String, Ledger>,
}

impl LedgerReport {
    /// Adds up the ledgers of documents, given with part (`train`, `held_out`, `left_out`) and language, and
    /// checks that each document, each part and the whole balance.
    ///
    /// # Errors
    /// [`DatasetError::Ledger`] when one does not.
    pub fn of<'a>(
        documents: impl IntoIterator<Item = (&'a str, &'a str, Ledger)>,
    ) -> Result<Self, DatasetError> {
        let mut report = Self::default();
        for (split, language, ledger) in documents {
            ledger.check("a document")?;
            report.total += ledger;
            *report.splits.entry(split.to_owned()).or_default() += ledger;
            *report.languages.entry(language.to_owned()).or_default() += ledger;
        }
        report.check()?;
        Ok(report)
    }

    /// Checks every balance, and that the parts add up to the total.
    ///
    /// # Errors
    /// [`DatasetError::Ledger`] naming the part that does not.
    pub fn check(&self) -> Result<(), DatasetError> {
        self.total.check("the dataset")?;
        for (kind, parts) in [("split", &self.splits), ("language", &self.languages)] {
            let mut sum = Ledger::default();
            for (name, ledger) in parts {
                ledger.check(&format!("{kind} {name}"))?;
                sum += *ledger;
            }
            if sum != self.total {
                let part = format!("all {kind}s together");
                return Err(DatasetError::Ledger { part, input: self.total.input, accounted: sum.input });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_too_many_or_too_few_is_an_error_that_names_the_part() {
        let fine = Ledger { input: 10, trained: 5, masked: 2, truncated: 1, dropped: 2 };
        fine.check("x").unwrap();
        for input in [9, 11] {
            let error = Ledger { input, ..fine }.check("split train").unwrap_err().to_string();
            assert!(error.contains("split train") && error.contains("accounted 10"), "{error}");
        }
    }

    #[test]
    fn parts_add_up_to_the_total() {
        let ledger = Ledger { input: 3, trained: 2, masked: 1, ..Ledger::default() };
        let mut report = LedgerReport::of([("train", "Rust", ledger), ("held_out", "Go", ledger)]).unwrap();
        assert_eq!(report.total.input, 6);
        assert_eq!(report.languages["Go"], ledger);
        report.splits.remove("held_out");
        assert!(report.check().unwrap_err().to_string().contains("all splits together"));
    }
}
