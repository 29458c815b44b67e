use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use codetune_model::{MemoryBudget, Model, ModelConfig};
use codetune_plugin::{Plugin, Registry, Runtime};
use codetune_redact::{escape_control, redact};
use codetune_store::{RunId, RunOutcome, Store};
use codetune_train::{Observer, RunConfig, TrainOutcome, TrainedModel, Trainer};
use codetune_validate::whole;

use super::data::Data;
use super::error::RunError;
use super::models::backend;
use super::run_metrics::RunMetrics;
use super::{artifacts, record};

/// How a run starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Start {
    /// A new run.
    #[default]
    New,
    /// From the newest checkpoint of its output directory; if a run is named by id or prefix, the checkpoint must
    /// belong to it. A run that ended before its first checkpoint starts again.
    Resume(Option<String>),
}

/// The outcome of a run.
#[derive(Debug)]
pub struct Trained {
    /// Its id in the store.
    pub run: RunId,
    /// How it ended.
    pub outcome: TrainOutcome,
}

/// What runs need besides their configuration.
pub struct Session<'a> {
    /// The training backends.
    pub registry: &'a Registry,
    /// The database.
    pub store: Arc<Store>,
    /// Stops a run resumably when it is set.
    pub stop: Arc<AtomicBool>,
    /// The user selected the runtime of all plugins, so `model.runtime` is not checked.
    pub runtimes_chosen: bool,
    /// The memory limit of tensors.
    pub memory: MemoryBudget,
}

impl Session<'_> {
    /// Runs a training run and records its outcome.
    ///
    /// # Errors
    /// [`RunError::Failed`] if a recorded run failed; other errors prevented it from starting.
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
                let text = whole(&error).replace('\n', ": ");
                let text = redact(&escape_control(&text)).into_owned();
                // Report the failure itself; only log that it could not be recorded.
                if let Err(error) = self.store.finish_run(&run, &RunOutcome::Failed(text)) {
                    tracing::warn!("cannot record the failure of run {run}: {error}");
                }
                Err(RunError::Failed { run, source: Box::new(error) })
            }
        }
    }

    /// Records the outcome of a run and its files. Since the work is done, an error names their location.
    fn record(&self, run: &RunId, config: &RunConfig, outcome: &TrainOutcome) -> Result<(), RunError> {
        let (left, status) = match outcome {
            TrainOutcome::Completed(summary) => (&summary.output, RunOutcome::Completed),
            TrainOutcome::Interrupted { checkpoint, .. } => (checkpoint, RunOutcome::Interrupted),
        };
        let recorded = match outcome {
            TrainOutcome::Completed(_) => artifacts::record(&self.store, run, config, left),
            TrainOutcome::Interrupted { .. } => Ok(()),
        };
        let recorded = recorded.and_then(|()| Ok(self.store.finish_run(run, &status)?));
        recorded.map_err(|source| RunError::Unrecorded { left: left.clone(), source: Box::new(source) })
    }

    /// Opens everything that the run needs, and records the run.
    fn begin(&self, config: &RunConfig, start: &Start) -> Result<(RunId, Trainer<TrainedModel>), RunError> {
        self.store.interrupt_abandoned()?;
        let described = ModelConfig::read(&config.model.path)?;
        let backend = backend(self.registry, &described, config.model.backend.as_deref())?;
        if !self.runtimes_chosen {
            check_runtime(&backend, config.model.runtime)?;
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
        // Before the run is recorded.
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

    /// Fails if there is no checkpoint, unless the run ended before its first one: then it starts again.
    fn check_unstarted(&self, config: &RunConfig, asked: Option<&str>) -> Result<(), RunError> {
        let folder = config.output.dir.join("checkpoints");
        let output = config.output.dir.to_str().unwrap_or_default();
        let found = self.store.unstarted(output)?.ok_or(RunError::NothingToResume { folder })?;
        let Some(asked) = asked else { return Ok(()) };
        let asked = self.store.get_run(asked)?.id;
        if asked == found.id { Ok(()) } else { Err(RunError::OtherRun { found: found.id, asked }) }
    }

    /// The run of a checkpoint, which must be the named one.
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

/// Checks the runtime of a backend; a backend from a file only supports one.
fn check_runtime(backend: &Plugin, asked: Option<Runtime>) -> Result<(), RunError> {
    match asked {
        Some(asked) if asked != backend.runtime() => Err(RunError::OtherRuntime {
            plugin: backend.manifest().name.clone(),
            found: backend.runtime(),
            asked,
        }),
        _ => Ok(()),
    }
}
