use codetune_dataset::{BatchSource, CodeTokenizer, Dataset, Split, TokenTape};
use codetune_plugin::{Digest, PluginIdentity};
use codetune_plugin_sdk::Plan;
use codetune_train::{DataSource, RunConfig};

use super::artifacts;
use super::error::RunError;
use super::record::DataFacts;

/// The data of a run.
pub(super) struct Data {
    pub train: Box<dyn BatchSource>,
    pub held_out: Option<Box<dyn BatchSource>>,
    /// The digest of the file that identifies it.
    pub digest: Digest,
    /// The analyzers that filtered it.
    pub analyzers: Vec<PluginIdentity>,
    pub facts: DataFacts,
}

impl Data {
    /// Opens the data of a configuration and checks that the model can be trained on it.
    pub fn open(config: &RunConfig, plan: &Plan) -> Result<Self, RunError> {
        let vocabulary = plan.vocabulary;
        let batch = usize::try_from(config.train.batch_size).unwrap_or(usize::MAX);
        match &config.data.source {
            DataSource::Tokens(path) => {
                let length = config.data.max_seq_length.ok_or(RunError::NoLength)?;
                let shorter = format!("write data.max_seq_length = {} or less", plan.max_positions);
                check_length(config, plan, length, shorter)?;
                let seq = usize::try_from(length).unwrap_or(usize::MAX);
                let vocabulary = usize::try_from(vocabulary).unwrap_or(usize::MAX);
                let tape = TokenTape::load(path, batch, seq, vocabulary)?;
                Ok(Data {
                    train: Box::new(tape),
                    held_out: None,
                    digest: artifacts::file_digest(path)?,
                    analyzers: Vec::new(),
                    facts: DataFacts::of_tape(path, length)?,
                })
            }
            DataSource::Dataset(path) => {
                let dataset = Dataset::load(path)?;
                check_fit(config, &dataset, vocabulary)?;
                let shorter = format!("build the dataset with --seq-length {} or less", plan.max_positions);
                check_length(config, plan, dataset.config().max_seq_length as u64, shorter)?;
                let held_out = match dataset.packing(Split::HeldOut).rows.is_empty() {
                    true => None,
                    false => Some(Box::new(dataset.batches(Split::HeldOut, batch)?) as Box<dyn BatchSource>),
                };
                let digest = artifacts::file_digest(&path.join("dataset.json"))?;
                Ok(Data {
                    train: Box::new(dataset.batches(Split::Train, batch)?.reordered(config.seed)),
                    held_out,
                    digest,
                    analyzers: dataset.analyzers().to_vec(),
                    facts: DataFacts::of_dataset(path, &dataset, digest)?,
                })
            }
        }
    }
}

/// Rejects sequences longer than the model's positions, for which rotary embeddings are untrained.
fn check_length(config: &RunConfig, plan: &Plan, length: u64, remedy: String) -> Result<(), RunError> {
    match length > plan.max_positions {
        true => Err(RunError::TooLong {
            length,
            positions: plan.max_positions,
            model: config.model.path.clone(),
            remedy,
        }),
        false => Ok(()),
    }
}

fn check_fit(config: &RunConfig, dataset: &Dataset, vocabulary: u64) -> Result<(), RunError> {
    let packed = dataset.config().max_seq_length as u64;
    if let Some(given) = config.data.max_seq_length.filter(|given| *given != packed) {
        return Err(RunError::OtherLength { given, packed });
    }
    let tokens = dataset.tokenizer().vocab_size() as u64;
    if tokens > vocabulary {
        return Err(RunError::SmallVocabulary { tokens, vocabulary });
    }
    let beside = config.model.path.join("tokenizer.json");
    if beside.is_file() && !CodeTokenizer::load(&beside)?.encodes_alike(dataset.tokenizer()) {
        return Err(RunError::OtherTokenizer { model: config.model.path.clone() });
    }
    Ok(())
}
