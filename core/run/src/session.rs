use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use codetune_model::{Budget, Model, ModelConfig};
use codetune_plugin::{Carrier, Plugin, Registry};
use codetune_redact::{escape_control, redact};
use codetune_store::{Outcome as Ended, RunId, Store};
use codetune_train::{Observer, Outcome, RunConfig, TrainedModel, Trainer};

use super::data::Data;
use super::run_metrics::RunMetrics;
use super::{RunError, artifacts, record};

/// Whether a run starts or goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Start {
    /// From nothing.
    #[default]
    New,
    /// From the newest checkpoint of its folder; of this run, where one is named by its id or the start of it. A run that
    /// ended before its first checkpoint starts from nothing.
    Resume(Option<String>),
}

/// What became of a run.
#[derive(Debug)]
pub struct Trained {
    /// The run in the store.
    pub run: RunId,
    /// How it ended.
    pub outcome: Outcome,
}

/// What runs need beside their configuration.
pub struct Session<'a> {
    /// Where training backends are.
    pub registry: &'a Registry,
    /// Where runs are recorded.
    pub store: Arc<Store>,
    /// Ends a run, resumably, soon after it is set.
    pub stop: Arc<AtomicBool>,
    /// The registry's carriers were chosen by hand, so `model.carrier` is not held against the backend.
    pub carriers_chosen: bool,
    /// What the tensors of a model may take.
    pub memory: Budget,
}

impl Session<'_> {
    /// Trains as a configuration says, and keeps what came of it.
    ///
    /// # Errors
    /// [`RunError::Failed`] for what ends a run that was recorded; anything else kept it from starting.
    pub fn train(
        &self,
        config: &RunConfig,
        start: &Start,
        observer: &mut dyn Observer,
    ) -> Result<Trained, RunError> {
        let (run, mut trainer) = self.begin(config, start)?;
        let ended = trainer.run(observer).map_err(RunError::from).and_then(|outcome| {
            self.record(&run, config, &outcome)?;
            Ok(outcome)
        });
        match ended {
            Ok(outcome) => Ok(Trained { run, outcome }),
            Err(error) => {
                let text = error.to_string().replace('\n', ": ");
                let text = redact(&escape_control(&text)).into_owned();
                // The failure itself is what matters; that it could not be recorded is worth a line in the log.
                if let Err(error) = self.store.finish_run(&run, &Ended::Failed(text)) {
                    tracing::warn!("the failure of run {run} is not recorded: {error}");
                }
                Err(RunError::Failed { run, source: Box::new(error) })
            }
        }
    }

    /// Records how a run ended, and what it left. An error names where that is: the work is done.
    fn record(&self, run: &RunId, config: &RunConfig, outcome: &Outcome) -> Result<(), RunError> {
        let (left, status) = match outcome {
            Outcome::Completed(summary) => (&summary.output, Ended::Completed),
            Outcome::Interrupted { checkpoint, .. } => (checkpoint, Ended::Interrupted),
        };
        let recorded = match outcome {
            Outcome::Completed(_) => artifacts::record(&self.store, run, config, left),
            Outcome::Interrupted { .. } => Ok(()),
        };
        let recorded = recorded.and_then(|()| Ok(self.store.finish_run(run, &status)?));
        recorded.map_err(|source| RunError::Unrecorded { left: left.clone(), source: Box::new(source) })
    }

    /// Opens all that takes part, and records it.
    fn begin(&self, config: &RunConfig, start: &Start) -> Result<(RunId, Trainer<TrainedModel>), RunError> {
        self.store.interrupt_abandoned()?;
        let described = ModelConfig::read(&config.model.path)?;
        let backend = backend(self.registry, &described, config.model.backend.as_deref())?;
        if !self.carriers_chosen {
            check_carrier(&backend, config.model.carrier)?;
        }
        let model = Model::open(&|json, host| backend.backend(json, host), &config.model.path, self.memory)?;
        let data = Data::open(config, model.plan())?;
        let model_digest = artifacts::weights_digest(&config.model.path)?;

        let trained = TrainedModel::new(model, config)?;
        let mut trainer = Trainer::new(config.clone(), trained, data.train)?
            .with_stop_flag(Arc::clone(&self.stop))
            .with_input("data", &data.digest.to_string())
            .with_input("model", &model_digest.to_string())
            .with_input("backend", &backend.digest().to_string());
        if let Some(init) = config.adapter.as_ref().and_then(|adapter| adapter.init.as_deref()) {
            trainer = trainer.with_input("initial adapter", &artifacts::weights_digest(init)?.to_string());
        }
        if let Some(held_out) = data.held_out {
            trainer = trainer.with_held_out(held_out);
        }
        trainer.check_evaluation()?;
        let resumed = match start {
            Start::New => None,
            Start::Resume(asked) => match trainer.resume()? {
                Some(resumed) => Some(resumed),
                None => {
                    self.check_unstarted(config, asked.as_deref())?;
                    None
                }
            },
        };
        // Before there is a record of a run that never began.
        trainer.claim_output()?;
        let recorded = record::of(config, &described, &data.facts, trainer.warmup_steps());
        let run = match resumed.and_then(|resumed| resumed.run) {
            Some(id) => {
                let run = self.again(&id, start, config)?;
                self.store.change_config(&run, &recorded)?;
                run
            }
            None => {
                let mut plugins = data.analyzers;
                plugins.push(backend.identity());
                record::start(&self.store, config, &recorded, &data.facts, &plugins)?
            }
        };
        let metrics = RunMetrics::new(Arc::clone(&self.store), run.clone());
        Ok((run, trainer.with_metrics(Box::new(metrics))))
    }

    /// Refuses to go on where there is no checkpoint, unless the run ended before it could write one: then it starts.
    fn check_unstarted(&self, config: &RunConfig, asked: Option<&str>) -> Result<(), RunError> {
        let folder = config.output.dir.join("checkpoints");
        let output = config.output.dir.to_str().unwrap_or_default();
        let found = self.store.unstarted(output)?.ok_or(RunError::NothingToResume { folder })?;
        let Some(asked) = asked else { return Ok(()) };
        let asked = self.store.get_run(asked)?.id;
        if asked == found.id { Ok(()) } else { Err(RunError::OtherRun { found: found.id, asked }) }
    }

    /// The run that a checkpoint is of, where it is the one that was named.
    fn again(&self, id: &str, start: &Start, config: &RunConfig) -> Result<RunId, RunError> {
        let run = self.store.get_run(id).map_err(|source| RunError::UnknownRun { source })?;
        // The record keeps its name, so that another one would be given up silently.
        if let Some(named) = config.name.as_ref().filter(|named| run.name.as_ref() != Some(named)) {
            let (found, named) = (run.name.unwrap_or_else(|| run.id.to_string()), named.clone());
            return Err(RunError::OtherName { found, named });
        }
        if let Start::Resume(Some(asked)) = start {
            let asked = self.store.get_run(asked)?;
            if asked.id != run.id {
                return Err(RunError::OtherRun { found: run.id, asked: asked.id });
            }
        }
        Ok(run.id)
    }
}

/// The backend for a model: the one that the run names, or else the only one that knows its architecture.
///
/// # Errors
/// There is none, or it is not ready, or there are several and none is named.
pub fn backend(
    registry: &Registry,
    model: &ModelConfig,
    named: Option<&str>,
) -> Result<Arc<Plugin>, RunError> {
    if let Some(name) = named {
        return Ok(registry.ready(name)?);
    }
    registry.backend_for(&model.architecture)?.ok_or_else(|| RunError::NoBackend {
        architecture: model.architecture.clone(),
        model: model.path.clone(),
    })
}

/// A backend from a file has the one form that it has.
fn check_carrier(backend: &Plugin, asked: Option<Carrier>) -> Result<(), RunError> {
    match asked {
        Some(asked) if asked != backend.carrier() => Err(RunError::OtherCarrier {
            plugin: backend.manifest().name.clone(),
            found: backend.carrier(),
            asked,
        }),
        _ => Ok(()),
    }
}
