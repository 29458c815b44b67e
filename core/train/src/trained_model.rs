use std::path::{Path, PathBuf};

use candle_core::{DType, Var};
use codetune_dataset::MicroBatch;
use codetune_model::{
    self as model, Batch, Beside, DropoutKey, Gradients, Loss, Model, PassMode, read_adapter,
};
use codetune_plugin_sdk::Role;

use super::{
    error::TrainError,
    run_config::{AdapterSettings, RunConfig},
    trainable::{PassContext, Trainable, TrainableError},
};

/// A [`Model`] prepared for training: with an adapter, or with all weights trainable.
pub struct TrainedModel {
    model: Model,
    base: PathBuf,
    /// Files beside the base weights, which are copied to a fully trained model; `None` with an adapter.
    beside: Option<Beside>,
    recompute: bool,
}

impl TrainedModel {
    /// Attaches the adapter of the run, or makes all weights trainable.
    ///
    /// # Errors
    /// The adapter does not fit the model, or `adapter.init` contradicts the run file.
    pub fn new(mut model: Model, config: &RunConfig) -> Result<Self, TrainError> {
        let attached = match &config.adapter {
            None => model.train_all().map_err(TrainError::Refused),
            Some(adapter) => match &adapter.init {
                None => model.add_adapter(&fresh(adapter), config.seed).map_err(TrainError::Refused),
                Some(folder) => attach(&mut model, adapter, folder),
            },
        };
        attached?;
        let base = config.model.path.clone();
        let beside = match &config.adapter {
            None => Some(Beside::read(&base).map_err(TrainError::Refused)?),
            Some(_) => None,
        };
        Ok(Self { model, base, beside, recompute: config.train.gradient_checkpointing })
    }

    /// The model in its current state.
    pub fn into_model(self) -> Model {
        self.model
    }
}

impl Trainable for TrainedModel {
    fn trainable(&self) -> Vec<(String, Var)> {
        self.model.trainable()
    }

    fn decays(&self, name: &str) -> bool {
        // The matrices of an adapter are not parameters of the plan, and decay.
        let found = self.model.plan().parameters.iter().find(|parameter| parameter.name == name);
        !found.is_some_and(|parameter| matches!(parameter.role, Role::Norm | Role::Bias))
    }

    fn loss(&mut self, batch: &MicroBatch, pass: &PassContext) -> Result<Loss, TrainableError> {
        let mode = if pass.training { PassMode::Train(key(pass)) } else { PassMode::Evaluate };
        Ok(self.model.loss(&view(batch), mode)?)
    }

    fn gradients(
        &mut self,
        batch: &MicroBatch,
        pass: &PassContext,
        scale: f64,
    ) -> Result<Gradients, TrainableError> {
        Ok(self.model.gradients(&view(batch), key(pass), scale, self.recompute)?)
    }

    fn save(&self, folder: &Path) -> Result<(), TrainableError> {
        let Some(beside) = &self.beside else {
            return Ok(self.model.save_adapter(folder, &self.base.display().to_string())?);
        };
        self.model.save(folder)?;
        Ok(beside.write(folder)?)
    }
}

// The run file reader has filled in defaults.
fn fresh(adapter: &AdapterSettings) -> model::LoraConfig {
    let default = model::LoraConfig::default();
    model::LoraConfig {
        r: adapter.r.map_or(default.r, |r| u32::try_from(r).unwrap_or(u32::MAX)),
        alpha: adapter.alpha.unwrap_or(default.alpha),
        rank_stabilised: default.rank_stabilised,
        dropout: adapter.dropout.unwrap_or(default.dropout),
        targets: adapter.targets.clone().unwrap_or(default.targets),
    }
}

/// Attaches an existing adapter. Only dropout may differ; the other values determine its tensors.
fn attach(model: &mut Model, given: &AdapterSettings, folder: &Path) -> Result<(), TrainError> {
    let mut found = read_adapter(folder, model.plan(), DType::F32).map_err(TrainError::Refused)?;
    let differs = |field: &'static str, given: String, found: String| TrainError::AdapterInit {
        path: folder.to_owned(),
        field,
        given,
        found,
    };
    if let Some(r) = given.r.filter(|r| *r != u64::from(found.config.r)) {
        return Err(differs("adapter.r", r.to_string(), found.config.r.to_string()));
    }
    if let Some(alpha) = given.alpha.filter(|alpha| *alpha != found.config.alpha) {
        return Err(differs("adapter.alpha", alpha.to_string(), found.config.alpha.to_string()));
    }
    if let Some(wanted) = &given.targets {
        let wanted = model::LoraConfig { targets: wanted.clone(), ..found.config.clone() };
        let mut modules = wanted.modules(model.plan()).map_err(TrainError::Refused)?;
        modules.sort();
        if !modules.iter().eq(found.weights.keys()) {
            let (given, found) = (wanted.targets.to_string(), found.config.targets.to_string());
            return Err(differs("adapter.targets", given, found));
        }
    }
    found.config.dropout = given.dropout.unwrap_or(found.config.dropout);
    model.set_adapter(&found).map_err(TrainError::Refused)
}

fn key(pass: &PassContext) -> DropoutKey {
    DropoutKey { seed: pass.seed, step: pass.step, micro_batch: pass.micro_step }
}

// What predicts nothing in the data predicts nothing in the loss.
const _: () = assert!(codetune_dataset::IGNORE == codetune_tensor::IGNORE);

fn view(batch: &MicroBatch) -> Batch<'_> {
    Batch {
        batch: batch.batch,
        seq: batch.seq,
        ids: &batch.ids,
        labels: &batch.labels,
        segments: &batch.segments,
        positions: &batch.positions,
    }
}
