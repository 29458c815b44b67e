//! The configuration of a run, complete and checked.

use std::path::PathBuf;

use codetune_plugin::Carrier;
use serde::Serialize;
use serde_json::Value;

use super::schedule::{ScheduleKind, Warmup};

/// Everything that a run file says, with defaults filled in and paths absolute.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunConfig {
    /// The run's own name.
    pub name: Option<String>,
    /// Seed of everything random: a new adapter, dropout and, beside the dataset's own seed, the order of sequences.
    pub seed: u64,
    /// What is trained.
    pub model: ModelConfig,
    /// On what.
    pub data: DataConfig,
    /// With which adapter; none means that every weight is trained.
    pub adapter: Option<AdapterConfig>,
    /// The loop and the optimizer.
    pub train: TrainConfig,
    /// When to look at the held-out data.
    pub eval: EvalConfig,
    /// When to keep the state.
    pub checkpoint: CheckpointConfig,
    /// Where results go.
    pub output: OutputConfig,
}

/// The base model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelConfig {
    /// A folder with `config.json`, safetensors and `tokenizer.json`.
    pub path: PathBuf,
    /// The training backend's plugin name; by architecture where absent.
    pub backend: Option<String>,
    /// How the backend must be loaded; any way where absent.
    pub carrier: Option<Carrier>,
}

/// The training data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataConfig {
    /// Where it lies.
    #[serde(flatten)]
    pub source: DataSource,
    /// Tokens in a sequence. A dataset was packed to its own length: there it is given to be compared, or absent.
    pub max_seq_length: Option<u64>,
}

/// The two kinds of training data.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DataSource {
    /// The folder of a built dataset.
    Dataset(PathBuf),
    /// A JSON list of token ids, used in order.
    Tokens(PathBuf),
}

/// A LoRA adapter. Values are absent only where `init` is given and decides them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AdapterConfig {
    /// Rank of the two matrices.
    pub r: Option<u64>,
    /// The adapter's output is scaled by `alpha / r`.
    pub alpha: Option<f64>,
    /// Part of the inputs that are dropped before the first matrix.
    pub dropout: Option<f64>,
    /// Which projections.
    pub targets: Option<Targets>,
    /// A PEFT adapter to start from.
    pub init: Option<PathBuf>,
}

/// Which projections an adapter is put on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Targets {
    /// Every projection but the output head.
    AllLinear,
    /// Those whose names end in one of these.
    Named(Vec<String>),
}

/// The loop and the optimizer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainConfig {
    /// Sequences in a micro-batch.
    pub batch_size: u64,
    /// Micro-batches in a step.
    pub gradient_accumulation: u64,
    /// Passes over the data; absent where only `max_steps` ends the run.
    pub epochs: Option<u64>,
    /// Steps in all; where epochs are given too, whichever ends first.
    pub max_steps: Option<u64>,
    /// Minutes of training in all, resumed parts included; checked between steps.
    pub max_minutes: Option<f64>,
    /// The peak of the schedule.
    pub learning_rate: f64,
    /// The decay after warm-up.
    pub schedule: ScheduleKind,
    /// How long the learning rate rises before.
    #[serde(flatten)]
    pub warmup: Warmup,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Whether weight decay reaches norms and biases too, which transformers' `Trainer` spares.
    pub decay_norms_and_biases: bool,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the denominator.
    pub epsilon: f64,
    /// Norm above which gradients are scaled down; 0 switches clipping off.
    pub clip_norm: f64,
    /// Whether activations are recomputed in the backward pass.
    pub checkpointing: bool,
}

/// Evaluation on held-out data; at the start and at the end it happens in any case. Where nothing is held out, a run
/// is refused that would end early or restore by it, and warned of the rest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvalConfig {
    /// Steps between evaluations.
    pub every_steps: Option<u64>,
    /// Batches looked at, from the first; all where absent.
    pub max_batches: Option<u64>,
    /// Evaluations without a new best loss after which training ends; needs `every_steps`.
    pub early_stopping_patience: Option<u64>,
    /// Whether the result is the weights of the evaluation with the lowest loss instead of those of the last step.
    ///
    /// In a run file it is true by default exactly where `early_stopping_patience` is given.
    pub restore_best: bool,
}

impl EvalConfig {
    /// The first key given that asks for another result, which cannot be where no data is held out.
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
pub struct CheckpointConfig {
    /// Steps between checkpoints.
    pub every_steps: Option<u64>,
    /// Minutes after which the next step is followed by one; in a run file 5 by default where `every_steps` is absent.
    pub every_minutes: Option<f64>,
    /// How many are kept, newest first.
    pub keep: u64,
}

/// Where results go.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutputConfig {
    /// The folder for checkpoints and the result.
    pub dir: PathBuf,
}

/// Keys that change where things lie, how long to go on and how much is kept, but not what is computed.
const FREE: [&str; 3] = ["name", "checkpoint", "output"];

/// Where inputs lie; what they hold is compared by digest.
const PLACES: [&str; 4] = ["model.path", "data.dataset", "data.tokens", "adapter.init"];

impl RunConfig {
    /// The whole configuration as JSON.
    ///
    /// A path that is no Unicode, which a run file may not name, makes it one text that equal configurations share.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_else(|_| Value::from(format!("{self:?}")))
    }

    /// What a resumed run has to agree on, as pairs of a dotted key and a value's JSON, sorted by key.
    ///
    /// `name`, `checkpoint`, `output` and `train.max_minutes` may change between parts of a run, and inputs may have
    /// moved. `train.epochs` and `train.max_steps` may change where a run that is done is extended.
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
