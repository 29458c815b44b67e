//! Stage 3: from analyzed files to a dataset.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use codetune_core::analysis::{Analysis, Symbol};
use codetune_core::dataset::{
    CodeTokenizer, DatasetConfig, Document, FilterRule, Selection, Split, TokenizerTraining, assemble,
    documents, select_analyzed,
};
use codetune_core::plugin::Digest;

use crate::command_error::CommandError;
use crate::commands::{dataset, tokenizer};
use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::format::{bytes, count, counted};

/// Sequence length in tokens.
pub const SEQUENCE: usize = 256;

/// The minimum amount of code: with less, the held-out loss shows no effect.
const LEAST_FILES: usize = 10;
const LEAST_BYTES: usize = 50_000;

/// The maximum amount of code that a few minutes of training can cover.
const MOST_BYTES: usize = 6 << 20;

/// What later stages need of the dataset.
pub struct Corpus {
    /// Its tokenizer.
    pub tokenizer: CodeTokenizer,
    /// Held-out files.
    pub held_out: Vec<HeldOut>,
    /// The language that most of its files are written in.
    pub language: String,
}

/// A file that is not used for training.
pub struct HeldOut {
    /// Its path.
    pub path: String,
    /// Its text.
    pub text: Arc<str>,
    /// Its functions.
    pub symbols: Vec<Symbol>,
}

/// Builds the dataset.
///
/// # Errors
/// There is not enough code, or the directory cannot be written.
pub fn build(analysis: Analysis, out: &Path, seed: u64, context: &Context) -> Result<Corpus, Failure> {
    let symbols: Vec<(String, Vec<Symbol>)> =
        analysis.files.iter().map(|file| (file.path.clone(), file.symbols.clone())).collect();
    let documents = sample(documents(&analysis)?, seed, context);
    enough(&documents, "found")?;

    let config = config(seed);
    for rule in &config.rules {
        context.terminal.print(&format!("keep if {:<14} {}\n", rule.name, rule.keep_if))?;
    }
    context.go_on()?;
    let progress = dataset::Stages::new(&context.terminal);
    let selection = select_analyzed(documents, &analysis, &config, &|at| progress.at(at))?;
    let kept: Vec<Document> = selection.kept.iter().map(|(document, _)| document.clone()).collect();
    enough(&kept, "left after filtering")?;
    let held_out = held_out(&selection, symbols);
    let texts = selection.training_texts();
    let size: usize = texts.iter().map(|text| text.len()).sum();
    // With a larger vocabulary, most embeddings would stay untrained.
    let vocab_size = (size / 48).clamp(512, 4096);
    let training = TokenizerTraining { vocab_size, ..TokenizerTraining::default() };
    let tokenizer = tokenizer::train(&texts, training, context)?;
    context.go_on()?;
    let built = assemble(selection, &tokenizer, &config, &|at| progress.at(at))?;
    let folder = out.join("dataset");
    let digest = dataset::save(&built, &folder)?;
    let summary = built.inspect(8, 0, 0)?;
    if summary.held_out_sequences == 0 || summary.train_sequences < 16 {
        return Err(too_little("left after filtering", kept.len(), size).into());
    }
    context.terminal.print(&format!("\n{}", dataset::describe(&summary, &context.terminal)))?;
    context.terminal.print(&format!("\nwrote {} ({digest})\n", folder.display()))?;
    Ok(Corpus { tokenizer, held_out, language: main_language(&kept) })
}

/// The language of most documents.
fn main_language(documents: &[Document]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for document in documents {
        *counts.entry(&document.language).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|&(_, count)| count);
    most.map(|(language, _)| language.to_owned()).unwrap_or_default()
}

fn config(seed: u64) -> DatasetConfig {
    let rule = |name: &str, keep_if: &str| FilterRule { name: name.to_owned(), keep_if: keep_if.to_owned() };
    DatasetConfig {
        seed,
        held_out: 0.1,
        max_seq_length: SEQUENCE,
        rules: vec![
            rule("no-secrets", "findings.secrets.total == 0"),
            // Handwritten lines are 30 to 40 bytes on average; generated and minified ones are longer.
            rule("not-generated", "bytes <= lines * 120"),
            // A few errors are mostly due to the grammar; truncated files and other text have far more.
            rule("parses", "metrics.error_ratio <= 0.05"),
        ],
        ..DatasetConfig::default()
    }
}

/// A sample that training can cover, deterministic by seed.
fn sample(mut documents: Vec<Document>, seed: u64, context: &Context) -> Vec<Document> {
    let all = documents.len();
    let size: usize = documents.iter().map(|document| document.text.len()).sum();
    if size <= MOST_BYTES {
        return documents;
    }
    documents.sort_by_cached_key(|document| Digest::of(format!("{seed} {}", document.path).as_bytes()));
    let mut taken = 0;
    documents.retain(|document| {
        let fits = taken + document.text.len() <= MOST_BYTES;
        taken += if fits { document.text.len() } else { 0 };
        fits
    });
    context.terminal.note(&format!(
        "using a sample of {} of {} ({} of {}); more would not fit the training time",
        count(documents.len() as u64),
        counted(all as u64, "file"),
        bytes(taken as u64),
        bytes(size as u64)
    ));
    documents
}

fn enough(documents: &[Document], place: &str) -> Result<(), CommandError> {
    let size: usize = documents.iter().map(|document| document.text.len()).sum();
    match documents.len() >= LEAST_FILES && size >= LEAST_BYTES {
        true => Ok(()),
        false => Err(too_little(place, documents.len(), size)),
    }
}

fn too_little(place: &str, files: usize, size: usize) -> CommandError {
    let found = format!("{} with {} {place}", counted(files as u64, "file"), bytes(size as u64));
    let needed = format!("{LEAST_FILES} files with {}", bytes(LEAST_BYTES as u64));
    CommandError::TooLittleCode { found, needed }
}

fn held_out(selection: &Selection, symbols: Vec<(String, Vec<Symbol>)>) -> Vec<HeldOut> {
    let mut symbols: std::collections::HashMap<String, Vec<Symbol>> = symbols.into_iter().collect();
    let held_out = selection.kept.iter().filter(|(_, split)| *split == Split::HeldOut);
    let made = held_out.map(|(document, _)| HeldOut {
        path: document.path.clone(),
        text: Arc::clone(&document.text),
        symbols: symbols.remove(&document.path).unwrap_or_default(),
    });
    made.collect()
}
