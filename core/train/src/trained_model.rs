use std::path::{Path, PathBuf};

use candle_core::{DType, Tensor, Var};
use codetune_dataset::MicroBatch;
use codetune_model::{self as model, Batch, Beside, DropoutKey, Mode, Model, read_adapter};
use codetune_plugin_sdk::Role;

use super::{
    error::TrainError,
    run_config::{AdapterConfig, RunConfig, Targets},
    trainable::{Gradients, ModelError, PassContext, Trainable},
};

/// A [`Model`] made ready for a run: with its adapter attached, or with every weight trained.
pub struct TrainedModel {
    model: Model,
    base: PathBuf,
    /// What lies beside the weights of the base and goes into a fully trained model unchanged; none with an adapter.
    beside: Option<Beside>,
    recompute: bool,
}

impl TrainedModel {
    /// Attaches the adapter that the run asks for, or trains every weight.
    ///
    /// # Errors
    /// The adapter does not fit the model, or the one to start from is not what the run file says of it.
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
        Ok(Self { model, base, beside, recompute: config.train.checkpointing })
    }

    /// The model, trained as far as the run got.
    pub fn into_model(self) -> Model {
        self.model
    }
}

impl Trainable for TrainedModel {
    fn trainable(&self) -> Vec<(String, Var)> {
        self.model.trainable()
    }

    fn decays(&self, name: &str) -> bool {
        // An adapter's matrices are no parameters of the plan, and decay.
        let found = self.model.plan().parameters.iter().find(|parameter| parameter.name == name);
        !found.is_some_and(|parameter| matches!(parameter.role, Role::Norm | Role::Bias))
    }

    fn loss(&mut self, batch: &MicroBatch, pass: &PassContext) -> Result<(Tensor, u64), ModelError> {
        let mode = if pass.training { Mode::Train(key(pass)) } else { Mode::Evaluate };
        let loss = self.model.loss(&view(batch), mode)?;
        Ok((loss.sum, loss.labels))
    }

    fn gradients(
        &mut self,
        batch: &MicroBatch,
        pass: &PassContext,
        scale: f64,
    ) -> Result<Gradients, ModelError> {
        let found = self.model.gradients(&view(batch), key(pass), scale, self.recompute)?;
        Ok(Gradients { loss: found.sum, labels: found.labels, of: found.gradients })
    }

    fn save(&self, folder: &Path) -> Result<(), ModelError> {
        let Some(beside) = &self.beside else {
            return Ok(self.model.save_adapter(folder, &self.base.display().to_string())?);
        };
        self.model.save(folder)?;
        Ok(beside.write(folder)?)
    }
}

/// The run file's reader has filled in what was left out.
fn fresh(adapter: &AdapterConfig) -> model::AdapterConfig {
    let default = model::AdapterConfig::default();
    model::AdapterConfig {
        rank: adapter.r.map_or(default.rank, |r| u32::try_from(r).unwrap_or(u32::MAX)),
        alpha: adapter.alpha.unwrap_or(default.alpha),
        rank_stabilised: default.rank_stabilised,
        dropout: adapter.dropout.unwrap_or(default.dropout),
        targets: adapter.targets.as_ref().map_or(default.targets, targets),
    }
}

fn targets(targets: &Targets) -> model::Targets {
    match targets {
        Targets::AllLinear => model::Targets::AllLinear,
        Targets::Named(names) => model::Targets::Modules(names.clone()),
    }
}

/// Dropout may change between trainings of an adapter; the rest is what its tensors are.
fn attach(model: &mut Model, given: &AdapterConfig, folder: &Path) -> Result<(), TrainError> {
    let mut found = read_adapter(folder, model.plan(), DType::F32).map_err(TrainError::Refused)?;
    let differs = |field: &'static str, given: String, found: String| TrainError::AdapterInit {
        path: folder.to_owned(),
        field,
        given,
        found,
    };
    if let Some(r) = given.r.filter(|r| *r != u64::from(found.config.rank)) {
        return Err(differs("adapter.r", r.to_string(), found.config.rank.to_string()));
    }
    if let Some(alpha) = given.alpha.filter(|alpha| *alpha != found.config.alpha) {
        return Err(differs("adapter.alpha", alpha.to_string(), found.config.alpha.to_string()));
    }
    if let Some(wanted) = &given.targets {
        let wanted = model::AdapterConfig { targets: targets(wanted), ..found.config.clone() };
        let mut modules = wanted.modules(model.plan()).map_err(TrainError::Refused)?;
        modules.sort();
        if !modules.iter().eq(found.weights.keys()) {
            let (given, found) = (format!("{:?}", wanted.targets), format!("{:?}", found.config.targets));
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
