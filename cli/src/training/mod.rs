//! One training run: connects the rooms that take part in it, and records it.

mod artifacts;
mod record;
mod watch;

use std::path::Path;
use std::sync::Arc;

use codetune_core::dataset::{BatchSource, CodeTokenizer, Dataset, Split, TokenTape};
use codetune_core::model::{Model, ModelConfig};
use codetune_core::plugin::{Carrier, Digest, Plugin, Registry};
use codetune_core::store::{Outcome as Ended, RunId, RunMetrics, RunPlugin, Store};
use codetune_core::train::{DataSource, Outcome, RunConfig, TrainedModel, Trainer};
use codetune_core::validate::escape_control;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

pub use watch::Watch;

/// Whether a run starts or goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Start {
    /// From nothing.
    #[default]
    New,
    /// From the newest checkpoint of its folder; of this run, where one is named.
    Resume(Option<String>),
}

/// What became of a run.
pub struct Trained {
    /// The run in the store.
    pub run: RunId,
    /// How it ended.
    pub outcome: Outcome,
}

/// The backend for a model: the one that the run names, or else the first that knows its architecture.
///
/// # Errors
/// There is none, or it is not ready.
pub fn backend(
    registry: &Registry,
    model: &ModelConfig,
    named: Option<&str>,
) -> Result<Arc<Plugin>, Failure> {
    if let Some(name) = named {
        return Ok(registry.ready(name)?);
    }
    registry.backend_for(&model.architecture).ok_or_else(|| {
        let what = format!("no training backend knows the architecture {}", model.architecture);
        Failure::new(Exit::Plugin, what)
            .why(model.path.display().to_string())
            .help("see the backends and their states with: codetune plugin list")
    })
}

/// A backend from a file has the one form that it has.
fn check_carrier(backend: &Plugin, asked: Option<Carrier>) -> Result<(), Failure> {
    match asked {
        Some(asked) if asked != backend.carrier() => {
            let what = format!("plugin {} is {}, not {asked}", backend.manifest().name, backend.carrier());
            Err(Failure::new(Exit::Plugin, what)
                .help("leave out model.carrier, or set it to the form that the plugin has"))
        }
        _ => Ok(()),
    }
}

/// Trains as a run file says, and keeps what came of it.
///
/// `analyzers` are those that made the data, where they are known.
///
/// # Errors
/// Anything that keeps the run from starting, or ends it; the store then says that it failed.
pub fn train(
    config: &RunConfig,
    start: &Start,
    analyzers: &[RunPlugin],
    context: &Context,
    watch: &mut Watch,
) -> Result<Trained, Failure> {
    let registry = context.registry_by(config.model.carrier)?;
    let store = Arc::new(context.store()?);
    store.interrupt_abandoned()?;
    let described = ModelConfig::read(&config.model.path)?;
    let backend = backend(&registry, &described, config.model.backend.as_deref())?;
    if context.plugins.carrier.is_none() {
        check_carrier(&backend, config.model.carrier)?;
    }
    let model = Model::open(&|json, host| backend.backend(json, host), &config.model.path)?;
    let data = Data::open(config, model.plan().vocabulary)?;
    let model_digest = artifacts::folder_digest(&config.model.path)?;

    let trained = TrainedModel::new(model, config)?;
    let mut trainer = Trainer::new(config.clone(), trained, data.train)?
        .with_stop_flag(Arc::clone(&context.stop))
        .with_input("data", &data.digest.to_string())
        .with_input("model", &model_digest.to_string())
        .with_input("backend", &backend.digest().to_string());
    if let Some(heldout) = data.heldout {
        trainer = trainer.with_held_out(heldout);
    }
    let resumed = match start {
        Start::New => None,
        Start::Resume(_) => Some(trainer.resume()?.ok_or_else(|| nothing_to_resume(&config.output.dir))?),
    };
    // Before there is a record of a run that never began.
    trainer.check_output()?;
    let run = match resumed.and_then(|resumed| resumed.run) {
        Some(id) => again(&store, &id, start)?,
        None => record::start(&store, config, &described, &data.facts, &backend, analyzers)?,
    };
    let mut trainer = trainer.with_metrics(Box::new(RunMetrics::new(Arc::clone(&store), run.clone())));

    let ended = trainer.run(watch);
    watch.finish();
    match ended {
        Ok(outcome) => {
            let status = match &outcome {
                Outcome::Completed(summary) => {
                    artifacts::record(&store, &run, config, &summary.output)?;
                    Ended::Completed
                }
                Outcome::Interrupted { .. } => Ended::Interrupted,
            };
            store.finish_run(&run, &status)?;
            Ok(Trained { run, outcome })
        }
        Err(error) => {
            let failure = Failure::from(error);
            // The failure itself is what matters; that it could not be recorded is worth a line in the log.
            let text = escape_control(&failure.summary()).into_owned();
            if let Err(error) = store.finish_run(&run, &Ended::Failed(text)) {
                tracing::warn!("the failure of run {run} is not recorded: {error}");
            }
            Err(failure.why(format!("run {run}")))
        }
    }
}

fn again(store: &Store, id: &str, start: &Start) -> Result<RunId, Failure> {
    let run = store.get_run(id).map_err(|error| {
        Failure::from(error)
            .why("the checkpoint belongs to a run that this database does not have")
            .help("pass --database with the one that it was started with")
    })?;
    if let Start::Resume(Some(wanted)) = start {
        let wanted = store.get_run(wanted)?;
        if wanted.id != run.id {
            return Err(Failure::usage(format!(
                "the checkpoints are of run {}, not of {}",
                run.id, wanted.id
            ))
            .help("leave the run out, or give the run file of that run"));
        }
    }
    Ok(run.id)
}

fn nothing_to_resume(folder: &Path) -> Failure {
    Failure::usage(format!("there is no checkpoint in {}", folder.join("checkpoints").display()))
        .help("leave out --resume to start the run")
}

/// What a run reads.
struct Data {
    train: Box<dyn BatchSource>,
    heldout: Option<Box<dyn BatchSource>>,
    digest: Digest,
    facts: record::DataFacts,
}

impl Data {
    fn open(config: &RunConfig, vocabulary: u64) -> Result<Self, Failure> {
        let batch = usize::try_from(config.train.batch_size).unwrap_or(usize::MAX);
        match &config.data.source {
            DataSource::Tokens(path) => {
                let length = config.data.max_seq_length.ok_or_else(|| {
                    Failure::usage("data.tokens needs data.max_seq_length")
                        .help("write for example max_seq_length = 128")
                })?;
                let seq = usize::try_from(length).unwrap_or(usize::MAX);
                let vocabulary = usize::try_from(vocabulary).unwrap_or(usize::MAX);
                let tape = TokenTape::load(path, batch, seq, vocabulary)?;
                let digest = artifacts::file_digest(path)?;
                let facts = record::DataFacts::of_tape(path, length);
                Ok(Data { train: Box::new(tape), heldout: None, digest, facts })
            }
            DataSource::Dataset(path) => {
                let dataset = Dataset::load(path)?;
                check_fit(config, &dataset, vocabulary)?;
                let heldout = match dataset.packing(Split::Heldout).rows.is_empty() {
                    true => None,
                    false => Some(Box::new(dataset.batches(Split::Heldout, batch)?) as Box<dyn BatchSource>),
                };
                let digest = artifacts::file_digest(&path.join("dataset.json"))?;
                let facts = record::DataFacts::of_dataset(path, &dataset, digest)?;
                Ok(Data { train: Box::new(dataset.batches(Split::Train, batch)?), heldout, digest, facts })
            }
        }
    }
}

fn check_fit(config: &RunConfig, dataset: &Dataset, vocabulary: u64) -> Result<(), Failure> {
    let length = dataset.config().max_seq_length as u64;
    if let Some(given) = config.data.max_seq_length.filter(|given| *given != length) {
        return Err(Failure::usage(format!(
            "data.max_seq_length is {given}, the dataset was packed to {length}"
        ))
        .help(format!("write {length}, leave it out, or build the dataset with --seq-length {given}")));
    }
    let tokens = dataset.tokenizer().vocab_size() as u64;
    if tokens > vocabulary {
        return Err(Failure::usage(format!(
            "the dataset's tokenizer has {tokens} tokens, the model's vocabulary {vocabulary}"
        ))
        .help("build the dataset with the model's own tokenizer: --tokenizer MODEL_FOLDER"));
    }
    let beside = config.model.path.join("tokenizer.json");
    if beside.is_file() && CodeTokenizer::load(&beside)?.digest() != dataset.tokenizer().digest() {
        return Err(Failure::usage("the dataset was built with another tokenizer than the model's")
            .help(format!("build it with --tokenizer {}", config.model.path.display())));
    }
    Ok(())
}
