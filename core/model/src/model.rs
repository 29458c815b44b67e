use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor, Var};
use codetune_plugin::{BackendInstance, TensorHost, plan_bytes};
use codetune_plugin_sdk::{Plan, TensorId};

use super::adapter::LoraConfig;
use super::adapter_file::{Adapter, read_adapter, write_adapter};
use super::budget::MemoryBudget;
use super::checkpoint::{read_weights, write_model};
use super::config::ModelConfig;
use super::error::{ModelError, Result};
use super::files::check_shapes;
use super::host::ModelHost;
use super::loss::Loss;
use super::open_backend::OpenBackend;
use super::parameters::Parameters;
use super::pass::{Batch, Pass, PassMode};

/// A model: an architecture in a training backend, with parameters in the host.
pub struct Model {
    pub(super) backend: Box<dyn BackendInstance>,
    pub(super) host: Arc<ModelHost>,
    config: ModelConfig,
}

impl Model {
    /// Opens a model directory with `config.json` and safetensors. All parameters are frozen.
    ///
    /// # Errors
    /// The backend rejects the configuration, or the weights do not match its plan or exceed the budget.
    pub fn open(open: OpenBackend<'_>, folder: &Path, budget: MemoryBudget) -> Result<Self> {
        let config = ModelConfig::read(folder)?;
        Self::make(open, config, budget, |plan| read_weights(folder, plan, DType::F32))
    }

    /// Creates a model from weights in memory, with all parameters frozen, within the machine's budget.
    ///
    /// # Errors
    /// The backend rejects the configuration, or the weights do not match its plan.
    pub fn from_weights(
        open: OpenBackend<'_>,
        config: ModelConfig,
        weights: BTreeMap<String, Tensor>,
    ) -> Result<Self> {
        let path = config.path.clone();
        Self::make(open, config, MemoryBudget::of_machine(), |plan| {
            let expected = plan.parameters.iter().map(|p| (p.name.as_str(), p.shape.as_slice()));
            check_shapes(&path, &weights, expected)?;
            Ok(weights)
        })
    }

    fn make(
        open: OpenBackend<'_>,
        config: ModelConfig,
        budget: MemoryBudget,
        weights: impl FnOnce(&Plan) -> Result<BTreeMap<String, Tensor>>,
    ) -> Result<Self> {
        let host = Arc::new(ModelHost::new(budget));
        let backend = open(&config.json, host.clone()).map_err(ModelError::opening(&config.path))?;
        let plan = backend.plan().clone();
        budget.ask("the model", plan_bytes(&plan), 0, "use a smaller one")?;
        let weights = weights(&plan)?;
        host.set_parameters(Parameters::frozen(plan, weights));
        Ok(Model { backend, host, config })
    }

    /// The model's `config.json`.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The plan of the model.
    pub fn plan(&self) -> &Plan {
        self.backend.plan()
    }

    /// The current parameters.
    pub fn parameters(&self) -> Arc<Parameters> {
        self.host.parameters()
    }

    /// The trained tensors, sorted by name. In-place updates affect the model.
    pub fn trainable(&self) -> Vec<(String, Var)> {
        self.parameters().trainable()
    }

    /// Makes all parameters trainable.
    ///
    /// # Errors
    /// The model has an adapter, or the parameters with gradients and moments exceed the budget.
    pub fn train_all(&mut self) -> Result<()> {
        let needs = plan_bytes(self.plan()).saturating_mul(4);
        self.host.budget().ask("training every weight", needs, 0, "train an adapter")?;
        self.change(Parameters::train_all)
    }

    /// Attaches a new adapter, initialized by `seed`, and freezes everything else.
    ///
    /// # Errors
    /// A value is out of bounds, or a target matches no projection.
    pub fn add_adapter(&mut self, config: &LoraConfig, seed: u64) -> Result<()> {
        let weights = config.initial(self.plan(), seed, DType::F32)?;
        self.set_adapter(&Adapter { config: config.clone(), weights, base: BTreeMap::new() })
    }

    /// Attaches an adapter directory in PEFT format, and freezes everything else.
    ///
    /// # Errors
    /// Those of [`read_adapter`].
    pub fn load_adapter(&mut self, folder: &Path) -> Result<()> {
        let adapter = read_adapter(folder, self.plan(), DType::F32)?;
        self.set_adapter(&adapter)
    }

    /// Attaches an adapter in memory, for example from a checkpoint, and freezes everything else.
    ///
    /// # Errors
    /// A tensor cannot be copied.
    pub fn set_adapter(&mut self, adapter: &Adapter) -> Result<()> {
        self.change(|parameters| parameters.attach(adapter))
    }

    /// Writes the model directory, without the adapter.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<()> {
        write_model(folder, &self.config.json, &self.parameters().weights())
    }

    /// Writes the adapter in PEFT format; `base` is recorded as its base model.
    ///
    /// # Errors
    /// There is no adapter, or a file cannot be written.
    pub fn save_adapter(&self, folder: &Path, base: &str) -> Result<()> {
        let adapter = self.parameters().adapter();
        let adapter = adapter.ok_or_else(|| ModelError::Adapter("the model has none to save".into()))?;
        write_adapter(folder, &adapter, base)
    }

    /// The summed loss of a batch, with its autograd graph in training mode.
    ///
    /// # Errors
    /// The batch is inconsistent, or the backend fails.
    pub fn loss(&mut self, batch: &Batch<'_>, mode: PassMode) -> Result<Loss> {
        let pass = self.pass(batch, mode)?;
        let sum = self.within(pass, |model| {
            let x = model.hidden(batch)?;
            model.loss_of(x, batch)
        })?;
        Ok(Loss { sum, labels: batch.label_count() })
    }

    /// The logits of a batch, `[batch, seq, vocabulary]`, without gradients.
    ///
    /// # Errors
    /// The batch is inconsistent, or the backend fails.
    pub fn logits(&mut self, batch: &Batch<'_>) -> Result<Tensor> {
        let pass = self.pass(batch, PassMode::Evaluate)?;
        self.within(pass, |model| {
            let x = model.hidden(batch)?;
            model.logits_of(x, batch.batch, batch.seq)
        })
    }

    pub(super) fn change(&mut self, change: impl FnOnce(&mut Parameters) -> Result<()>) -> Result<()> {
        let mut parameters = (*self.host.parameters()).clone();
        change(&mut parameters)?;
        self.host.set_parameters(parameters);
        Ok(())
    }

    pub(super) fn pass(&self, batch: &Batch<'_>, mode: PassMode) -> Result<Pass> {
        batch.check(self.plan().vocabulary)?;
        match mode {
            PassMode::Train(key) => Pass::of(batch, true, Some(key)),
            PassMode::Evaluate => Pass::of(batch, false, None),
        }
    }

    /// Runs `body` as one pass, and releases all tensors afterwards.
    pub(super) fn within<R>(&mut self, pass: Pass, body: impl FnOnce(&mut Self) -> Result<R>) -> Result<R> {
        self.host.begin(pass);
        let result = body(self);
        self.host.end();
        result
    }

    /// The last hidden state of a batch.
    fn hidden(&mut self, batch: &Batch<'_>) -> Result<TensorId> {
        self.hidden_of(batch.ids, batch.batch, batch.seq)
    }

    /// The last hidden state of `ids` `[batch, seq]`.
    pub(super) fn hidden_of(&mut self, ids: &[u32], batch: usize, seq: usize) -> Result<TensorId> {
        let mut x = self.embed(ids, batch, seq)?;
        for index in 0..self.plan().blocks {
            let next = self.block(index, x)?;
            if next != x {
                self.host.release(x);
            }
            x = next;
        }
        Ok(x)
    }

    /// The first hidden state of `ids` `[batch, seq]`.
    pub(super) fn embed(&mut self, ids: &[u32], batch: usize, seq: usize) -> Result<TensorId> {
        let ids = self.numbers(ids, batch, seq)?;
        let x = self.host.answered(self.backend.embed(ids))?;
        match *self.host.get(x)?.dims() {
            [b, s, hidden] if (b, s) == (batch, seq) && hidden > 0 => Ok(x),
            ref found => Err(ModelError::Contract(format!(
                "the backend's first hidden state is {found:?}; [{batch}, {seq}, hidden] is needed"
            ))),
        }
    }

    /// Block `index`, which must keep the shape of the hidden state.
    pub(super) fn block(&mut self, index: u32, x: TensorId) -> Result<TensorId> {
        let before = self.host.get(x)?;
        let next = self.host.answered(self.backend.block(index, x))?;
        let after = self.host.get(next)?;
        match before.dims() == after.dims() {
            true => Ok(next),
            false => Err(ModelError::Contract(format!(
                "the backend's block {index} made {:?} of {:?}; a block keeps the shape",
                after.dims(),
                before.dims()
            ))),
        }
    }

    /// The logits of a hidden state `[batch, seq, hidden]`.
    pub(super) fn logits_of(&mut self, x: TensorId, batch: usize, seq: usize) -> Result<Tensor> {
        let logits = self.host.answered(self.backend.logits(x))?;
        let logits = self.host.get(logits)?;
        let vocabulary = self.plan().vocabulary;
        match *logits.dims() {
            [b, s, width] if (b, s, width as u64) == (batch, seq, vocabulary) => Ok(logits),
            ref found => Err(ModelError::Contract(format!(
                "the backend's logits are {found:?}; [{batch}, {seq}, {vocabulary}] is needed"
            ))),
        }
    }

    pub(super) fn loss_of(&mut self, x: TensorId, batch: &Batch<'_>) -> Result<Tensor> {
        let targets = self.numbers(batch.labels, batch.batch, batch.seq)?;
        let loss = self.host.answered(self.backend.loss(x, targets))?;
        let loss = self.host.get(loss)?;
        match loss.elem_count() {
            1 => Ok(loss.reshape(())?),
            _ => Err(ModelError::Contract(format!(
                "the backend's loss is {:?}; a scalar is needed",
                loss.dims()
            ))),
        }
    }

    /// Adds ids or labels to the host.
    pub(super) fn numbers(&self, numbers: &[u32], batch: usize, seq: usize) -> Result<TensorId> {
        self.host.insert(Tensor::from_slice(numbers, (batch, seq), &Device::Cpu)?)
    }
}
