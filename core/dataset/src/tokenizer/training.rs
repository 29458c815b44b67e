//! Training a byte-level BPE tokenizer.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use codetune_validate::{Field, MIN_FREQUENCY, TRAINED_VOCAB_SIZE};
use tokenizers::decoders::byte_level::ByteLevel;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, SplitDelimiterBehavior, Tokenizer};

use super::code_tokenizer::CodeTokenizer;
use super::control::{CONTROL_TOKENS, trained_config};
use crate::error::DatasetError;

/// The split of Qwen2: words with one leading sign, single digits, runs of signs, line ends, white space.
const SPLIT: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Pair counts in the trainer are 32-bit.
const LARGEST_CORPUS: usize = i32::MAX as usize;

/// What to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenizerTraining {
    /// Entries of the vocabulary asked for, control tokens and the 256 bytes included.
    pub vocab_size: usize,
    /// How often a pair must occur to be merged.
    pub min_frequency: u64,
}

impl Default for TokenizerTraining {
    fn default() -> Self {
        let whole = |field: Field| field.default_integer().unwrap_or_default().unsigned_abs();
        let vocab_size = usize::try_from(whole(TRAINED_VOCAB_SIZE)).unwrap_or_default();
        Self { vocab_size, min_frequency: whole(MIN_FREQUENCY) }
    }
}

/// How far training is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainingProgress {
    /// Texts read so far.
    Reading {
        /// Texts done.
        done: usize,
        /// All texts.
        total: usize,
    },
    /// The vocabulary is complete.
    Finished {
        /// Its entries.
        vocab_size: usize,
    },
}

/// A trained tokenizer and what came of the size asked for.
pub struct TrainedTokenizer {
    /// The tokenizer.
    pub tokenizer: CodeTokenizer,
    /// Entries asked for.
    pub requested: usize,
    /// Entries reached; fewer than asked for where the texts have no more pairs to merge.
    pub reached: usize,
}

impl TrainedTokenizer {
    /// Says so when the texts were too small for the vocabulary asked for.
    pub fn shortfall(&self) -> Option<String> {
        (self.reached < self.requested).then(|| {
            let Self { requested, reached, .. } = self;
            format!("the texts allow a vocabulary of {reached} tokens, fewer than the {requested} asked for")
        })
    }
}

/// Trains a byte-level BPE tokenizer with [`CONTROL_TOKENS`] on texts; equal texts give equal bytes.
///
/// `progress` may be called from any thread.
///
/// # Errors
/// [`DatasetError::Invalid`] for a size or frequency out of range, [`DatasetError::TokenizerTraining`] for no
/// text, too much text or a failure of the trainer.
pub fn train<T: AsRef<str> + Sync>(
    texts: &[T],
    training: TokenizerTraining,
    progress: &(dyn Fn(TrainingProgress) + Sync),
) -> Result<TrainedTokenizer, DatasetError> {
    check(texts, training)?;
    let failed = |error: tokenizers::Error| DatasetError::TokenizerTraining(error.to_string());
    let mut tokenizer = Tokenizer::new(BPE::default());
    let split = Split::new(SplitPattern::Regex(SPLIT.to_owned()), SplitDelimiterBehavior::Isolated, false);
    let bytes = ByteLevel::new(false, false, false);
    tokenizer.with_pre_tokenizer(Some(Sequence::new(vec![
        PreTokenizerWrapper::Split(split.map_err(failed)?),
        PreTokenizerWrapper::ByteLevel(bytes),
    ])));
    tokenizer.with_decoder(Some(bytes));
    let special = CONTROL_TOKENS.map(|name| AddedToken::from(name, true)).to_vec();
    let mut trainer = TrainerWrapper::BpeTrainer(
        BpeTrainer::builder()
            .vocab_size(training.vocab_size)
            .min_frequency(training.min_frequency)
            .show_progress(false)
            .special_tokens(special)
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .build(),
    );
    let (done, total) = (AtomicUsize::new(0), texts.len());
    let read = texts.iter().map(AsRef::as_ref).inspect(|_: &&str| {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        progress(TrainingProgress::Reading { done, total });
    });
    tokenizer.train(&mut trainer, read).map_err(failed)?;
    let mut json = tokenizer.to_string(true).map_err(failed)?;
    json.push('\n');
    // Read back what will be written, so that training and loading can never differ.
    let tokenizer =
        CodeTokenizer::from_bytes(json.into_bytes(), Some(trained_config()), Path::new("tokenizer.json"))?;
    let reached = tokenizer.vocab_size();
    progress(TrainingProgress::Finished { vocab_size: reached });
    Ok(TrainedTokenizer { tokenizer, requested: training.vocab_size, reached })
}

fn check<T: AsRef<str>>(texts: &[T], training: TokenizerTraining) -> Result<(), DatasetError> {
    TRAINED_VOCAB_SIZE.check_unsigned(training.vocab_size as u64)?;
    MIN_FREQUENCY.check_unsigned(training.min_frequency)?;
    match texts.iter().map(|text| text.as_ref().len()).sum::<usize>() {
        0 => Err(DatasetError::TokenizerTraining("there is no text to train on".to_owned())),
        bytes if bytes > LARGEST_CORPUS => Err(DatasetError::TokenizerTraining(format!(
            "{bytes} bytes of text are more than the {LARGEST_CORPUS} that can be counted; train on a sample"
        ))),
        _ => Ok(()),
    }
}
