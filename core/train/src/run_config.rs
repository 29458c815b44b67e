//! The validated configuration of a run.

use std::path::PathBuf;

use codetune_model::Targets;
use codetune_plugin::Runtime;
use serde::Serialize;
use serde_json::Value;

use super::schedule::{ScheduleKind, Warmup};

/// A run file, with defaults filled in and absolute paths.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunConfig {
    /// The name of the run.
    pub name: Option<String>,
    /// Seed for a new adapter, dropout and, with the dataset's own seed, the order of sequences.
    pub seed: u64,
    /// The base model.
    pub model: ModelSettings,
    /// The training data.
    pub data: DataSettings,
    /// The adapter; without one, all weights are trained.
    pub adapter: Option<AdapterSettings>,
    /// The training loop and the optimizer.
    pub train: TrainSettings,
    /// Evaluation on held-out data.
    pub eval: EvalSettings,
    /// Checkpoints.
    pub checkpoint: CheckpointSettings,
    /// The results.
    pub output: OutputSettings,
}

/// The base model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelSettings {
    /// A directory with `config.json`, safetensors and `tokenizer.json`.
    pub path: PathBuf,
    /// The plugin name of the training backend; by default, chosen by architecture.
    pub backend: Option<String>,
    /// The required runtime of the backend; by default, any.
    pub runtime: Option<Runtime>,
}

/// The training data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataSettings {
    /// Its location.
    #[serde(flatten)]
    pub source: DataSource,
    /// Sequence length in tokens. A dataset has a fixed length, which this must match if it is given.
    pub max_seq_length: Option<u64>,
}

/// A source of training data.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DataSource {
    /// The directory of a dataset.
    Dataset(PathBuf),
    /// A JSON array of token ids, used in order.
    Tokens(PathBuf),
}

/// A LoRA adapter. Values are only absent if `init` provides them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AdapterSettings {
    /// Rank of the matrices.
    pub r: Option<u64>,
    /// The adapter's output is scaled by `alpha / r`.
    pub alpha: Option<f64>,
    /// Dropout probability of the inputs.
    pub dropout: Option<f64>,
    /// The adapted projections.
    pub targets: Option<Targets>,
    /// A PEFT adapter to start from.
    pub init: Option<PathBuf>,
}

/// The training loop and the optimizer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainSettings {
    /// Sequences per micro-batch.
    pub batch_size: u64,
    /// Micro-batches per step.
    pub gradient_accumulation: u64,
    /// Passes over the data; absent if only `max_steps` limits the run.
    pub epochs: Option<u64>,
    /// Maximum number of steps; with epochs, whichever limit is reached first.
    pub max_steps: Option<u64>,
    /// Maximum minutes of training, including earlier parts; checked between steps.
    pub max_minutes: Option<f64>,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Shape of the schedule after the warm-up.
    pub schedule: ScheduleKind,
    /// Length of the warm-up.
    #[serde(flatten)]
    pub warmup: Warmup,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Whether weight decay also applies to norms and biases, unlike in transformers' `Trainer`.
    pub decay_norms_and_biases: bool,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the denominator for numerical stability.
    pub epsilon: f64,
    /// Maximum gradient norm; 0 disables clipping.
    pub max_grad_norm: f64,
    /// Whether to recompute activations in the backward pass.
    pub gradient_checkpointing: bool,
}

/// Evaluation on held-out data, which always happens at the start and at the end. Without held-out data, settings that
/// affect the result are errors, and others cause a warning.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvalSettings {
    /// Steps between evaluations.
    pub every_steps: Option<u64>,
    /// Maximum number of batches per evaluation, from the first; all by default.
    pub max_batches: Option<u64>,
    /// Number of evaluations without improvement after which training stops; requires `every_steps`.
    pub early_stopping_patience: Option<u64>,
    /// Whether the result has the weights with the lowest held-out loss instead of those of the last step.
    ///
    /// In a run file, defaults to true if `early_stopping_patience` is given.
    pub restore_best: bool,
}

impl EvalSettings {
    /// The first given key that requires held-out data.
    pub(super) fn needs_held_out(&self) -> Option<&'static str> {
        let given = [
            ("eval.early_stopping_patience", self.early_stopping_patience.is_some()),
            ("eval.restore_best", self.restore_best),
        ];
        given.into_iter().find_map(|(key, given)| given.then_some(key))
    }

    /// The keys given that only say how to look at held-out data.
    pub(super) fn looks_at_held_out(&self) -> impl Iterator<Item = &'static str> {
        let given = [("eval.every_steps", self.every_steps), ("eval.max_batches", self.max_batches)];
        given.into_iter().filter_map(|(key, given)| given.map(|_| key))
    }
}

/// When to keep the state; at the start, at the end and on interruption it happens in any case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckpointSettings {
    /// Steps between checkpoints.
    pub every_steps: Option<u64>,
    /// Minutes between checkpoints, written after the next step; in a run file, defaults to 5 without `every_steps`.
    pub every_minutes: Option<f64>,
    /// Number of checkpoints to keep.
    pub keep: u64,
}

/// The results.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutputSettings {
    /// The directory for checkpoints and the result.
    pub dir: PathBuf,
}

/// Keys that do not affect the result: locations, the length of the run, and the number of checkpoints.
const FREE: [&str; 3] = ["name", "checkpoint", "output"];

/// Keys with the location of inputs, whose contents are compared by digest.
const PLACES: [&str; 4] = ["model.path", "data.dataset", "data.tokens", "adapter.init"];

impl RunConfig {
    /// The configuration as JSON.
    ///
    /// A path that is not Unicode, which a run file cannot contain, turns it into a single string, equal for equal
    /// values.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_else(|_| Value::from(format!("{self:?}")))
    }

    /// The values that must not change when a run is resumed: pairs of a dotted key and a JSON value, sorted by key.
    ///
    /// `name`, `checkpoint`, `output` and `train.max_minutes` can change, and inputs can be moved. `train.epochs` and
    /// `train.max_steps` can change to extend a finished run.
    pub fn fixed(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        flatten("", &self.to_json(), &mut pairs);
        pairs.retain(|(key, _)| {
            let top = key.split('.').next().unwrap_or_default();
            !FREE.contains(&top) && !PLACES.contains(&key.as_str()) && key != "train.max_minutes"
        });
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        pairs
    }
}

fn flatten(path: &str, value: &Value, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let key = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&key, value, pairs);
            }
        }
        leaf => pairs.push((path.to_owned(), leaf.to_string())),
    }
}
