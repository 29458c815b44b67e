//! From an analysis to a dataset.

use std::sync::atomic::{AtomicBool, Ordering};

use codetune_analysis::Analysis;

use super::build::{BuildProgress, Dataset, ProgressStage, Selection, assemble, select};
use super::config::DatasetConfig;
use super::document::{Document, Dropped};
use super::error::DatasetError;
use super::tokenizer::{self, CodeTokenizer, TokenizerTraining, TrainingProgress};

/// The source of a dataset's tokenizer.
#[derive(Clone)]
pub enum TokenizerSource {
    /// An existing tokenizer, such as a model's.
    Given(Box<CodeTokenizer>),
    /// A new one, trained on the training split.
    Trained(TokenizerTraining),
}

/// A dataset that was built from an analysis.
pub struct Built {
    /// The dataset.
    pub dataset: Dataset,
    /// If a new tokenizer is smaller than requested: why.
    pub shortfall: Option<String>,
}

/// Builds a dataset from the files of an analysis that kept their texts: documents, rules, duplicates, split, tokenizer
/// and packing. Files that the analysis skipped are recorded as dropped, with their reasons.
///
/// `progress` may be called from any thread. `stop` is checked between stages.
///
/// # Errors
/// As [`documents`], [`select_analyzed`], [`tokenizer::train`] and [`assemble`]; [`DatasetError::Stopped`].
pub fn build_analyzed(
    analysis: &Analysis,
    config: &DatasetConfig,
    tokenizer: TokenizerSource,
    progress: &(dyn Fn(BuildProgress) + Sync),
    stop: &AtomicBool,
) -> Result<Built, DatasetError> {
    let go_on = || if stop.load(Ordering::SeqCst) { Err(DatasetError::Stopped) } else { Ok(()) };
    go_on()?;
    let selection = select_analyzed(documents(analysis)?, analysis, config, progress)?;
    go_on()?;
    let (tokenizer, shortfall) = match tokenizer {
        TokenizerSource::Given(tokenizer) => (*tokenizer, None),
        TokenizerSource::Trained(training) => {
            let trained = tokenizer::train(&selection.training_texts(), training, &|at| match at {
                TrainingProgress::Reading { done, total } => {
                    progress(BuildProgress { stage: ProgressStage::TrainingTokenizer, done, total });
                }
                TrainingProgress::Finished { .. } => {}
            })?;
            let shortfall = trained.shortfall();
            (trained.tokenizer, shortfall)
        }
    };
    go_on()?;
    Ok(Built { dataset: assemble(selection, &tokenizer, config, progress)?, shortfall })
}

/// The documents of an analysis, sorted by path.
///
/// # Errors
/// [`DatasetError::TextNotKept`] if the analysis did not keep the texts.
pub fn documents(analysis: &Analysis) -> Result<Vec<Document>, DatasetError> {
    analysis.files.iter().map(Document::from_analysis).collect()
}

/// Filters and splits documents of an analysis, all or some of them. Files that the analysis skipped are recorded as
/// dropped, with their reasons. Rules can refer to everything that its analyzers declare.
///
/// # Errors
/// As [`select`].
pub fn select_analyzed(
    documents: Vec<Document>,
    analysis: &Analysis,
    config: &DatasetConfig,
    progress: &(dyn Fn(BuildProgress) + Sync),
) -> Result<Selection, DatasetError> {
    let mut selection = select(documents, &analysis.analyzers, config, progress)?;
    let skipped = analysis.skipped.iter();
    selection
        .left_out
        .extend(skipped.map(|file| (Document::unread(&file.path), Dropped::from_skipped(file))));
    selection.left_out.sort_by(|(_, a), (_, b)| a.path.cmp(&b.path));
    Ok(selection)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use codetune_analysis::{AnalysisSummary, FileAnalysis, FileAttributes};
    use codetune_source::{Language, SkipReason, Skipped};

    use super::super::{FilterRule, Split, Stage};
    use super::*;

    fn file(path: &str, text: &str) -> FileAnalysis {
        FileAnalysis {
            path: path.into(),
            language: Language::Python,
            encoding: "UTF-8".into(),
            digest: *blake3::hash(text.as_bytes()).as_bytes(),
            bytes: text.len() as u64,
            lines: 1,
            text: Some(text.into()),
            findings: Vec::new(),
            attributes: FileAttributes::default(),
            symbols: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Twenty files that differ, a copy, and a binary file that was skipped.
    fn analysis() -> Analysis {
        let mut files: Vec<FileAnalysis> = (10..30)
            .map(|number| file(&format!("{number}.py"), &format!("value_{number} = {number}\n").repeat(40)))
            .collect();
        files.push(FileAnalysis { path: "31.py".into(), ..files[0].clone() });
        Analysis {
            root: "/code".into(),
            scope: "".into(),
            files,
            skipped: vec![Skipped::new("05.bin".into(), SkipReason::Binary { format: None, offset: 0 })],
            summary: AnalysisSummary::default(),
            analyzers: Vec::new(),
            warnings: Vec::new(),
            cached_answers: 0,
            fresh_answers: 0,
        }
    }

    fn trained(vocab_size: usize) -> TokenizerSource {
        TokenizerSource::Trained(TokenizerTraining { vocab_size, ..TokenizerTraining::default() })
    }

    #[test]
    fn a_dataset_accounts_for_all_files_of_its_analysis() {
        let rule = FilterRule { name: "not-29".into(), keep_if: "path != '29.py'".into() };
        let config = DatasetConfig { rules: vec![rule], held_out: 0.3, ..DatasetConfig::default() };
        let stages = Mutex::new(Vec::new());
        let told = |at: BuildProgress| {
            let mut stages = stages.lock().unwrap();
            if stages.last() != Some(&at.stage) {
                stages.push(at.stage);
            }
        };
        let built =
            build_analyzed(&analysis(), &config, trained(264), &told, &AtomicBool::new(false)).unwrap();
        let dataset = &built.dataset;
        assert_eq!(built.shortfall, None);
        assert_eq!(dataset.tokenizer().vocab_size(), 264);
        assert_eq!(dataset.documents().len(), 19);
        let dropped: Vec<_> =
            dataset.dropped().iter().map(|dropped| (&*dropped.path, dropped.stage)).collect();
        let expected = [("05.bin", Stage::Skipped), ("29.py", Stage::Rule), ("31.py", Stage::Duplicate)];
        assert_eq!(dropped, expected);
        use ProgressStage::{Encoding, Packing, Selecting, TrainingTokenizer};
        assert_eq!(*stages.lock().unwrap(), [Selecting, TrainingTokenizer, Encoding, Packing]);

        // A tokenizer that is trained beforehand, on the same side of the split, gives the same dataset.
        let analysis = analysis();
        let quiet = |_: BuildProgress| {};
        let selection = select_analyzed(documents(&analysis).unwrap(), &analysis, &config, &quiet).unwrap();
        assert!(selection.kept.iter().any(|(_, split)| *split == Split::HeldOut));
        let training = TokenizerTraining { vocab_size: 264, ..TokenizerTraining::default() };
        let own = tokenizer::train(&selection.training_texts(), training, &|_| {}).unwrap().tokenizer;
        let given = TokenizerSource::Given(Box::new(own.clone()));
        let again = build_analyzed(&analysis, &config, given, &quiet, &AtomicBool::new(false)).unwrap();
        assert_eq!(own.digest(), dataset.tokenizer().digest());
        for split in [Split::Train, Split::HeldOut] {
            assert_eq!(again.dataset.stream(split), dataset.stream(split));
        }
    }

    #[test]
    fn a_vocabulary_that_the_texts_do_not_fill_is_reported() {
        let config = DatasetConfig::default();
        let built =
            build_analyzed(&analysis(), &config, trained(8192), &|_| {}, &AtomicBool::new(false)).unwrap();
        let shortfall = built.shortfall.unwrap();
        assert!(shortfall.contains("fewer than the 8192 asked for"), "{shortfall}");
    }

    #[test]
    fn a_build_stops_on_request_and_needs_the_texts() {
        let config = DatasetConfig::default();
        let build = |analysis: &Analysis, stop: bool| {
            build_analyzed(analysis, &config, trained(264), &|_| {}, &AtomicBool::new(stop)).err().unwrap()
        };
        assert!(matches!(build(&analysis(), true), DatasetError::Stopped));
        let mut without = analysis();
        without.files[3].text = None;
        assert!(matches!(build(&without, false), DatasetError::TextNotKept(path) if path == "13.py"));
    }
}
