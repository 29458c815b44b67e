//! The position in a run.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{checkpoint_error::CheckpointError, pending::Pending, run_config::RunConfig};

/// The version of the checkpoint format. Version 2 added `best_step` and its weights, 3 the digest of the state itself.
/// Since 4, steps do not span epochs. 5 spares norms and biases weight decay, and keeps unrecorded metrics. 6 renames
/// keys of the configuration.
pub const FORMAT: u64 = 6;

/// Keys that determine the length of a run. They can change to extend a finished run.
pub(super) const LENGTH: [&str; 2] = ["train.epochs", "train.max_steps"];

/// The position in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingState {
    /// The version of the format.
    pub format: u64,
    /// Steps done.
    pub step: u64,
    /// The last step whose metrics were recorded before the checkpoint.
    pub recorded: u64,
    /// Later metrics, if recording failed.
    pub pending: Pending,
    /// Micro-batches used in all epochs.
    pub micro_batches: u64,
    /// The epoch of the next micro-batch, counted from 0.
    pub epoch: u64,
    /// The next micro-batch within that epoch.
    pub epoch_position: u64,
    /// Label tokens so far.
    pub tokens: u64,
    /// Milliseconds of training so far; the only value that differs between identical runs.
    pub elapsed_ms: u64,
    /// The seed. Random streams derive from it and the step, so they have no state.
    pub seed: u64,
    /// The lowest held-out loss so far.
    pub best_eval: Option<f64>,
    /// The step of that evaluation.
    pub best_step: Option<u64>,
    /// Evaluations since then.
    pub evals_since_best: u64,
    /// The step of the last evaluation.
    pub last_eval_step: Option<u64>,
    /// The loss of the first evaluation.
    pub first_eval: Option<f64>,
    /// The loss of the last evaluation.
    pub last_eval: Option<f64>,
    /// The loss of the last step.
    pub train_loss: Option<f64>,
    /// The id of the run in the metric sink.
    pub run: Option<String>,
    /// The configuration that must not change: dotted keys and JSON values.
    pub config: Vec<(String, String)>,
    /// Digests of the inputs by name: the dataset, the model, the plugins.
    pub inputs: BTreeMap<String, String>,
    /// Digests of the other files of the checkpoint.
    pub files: BTreeMap<String, String>,
    /// The digest of this file, computed with this field empty.
    pub digest: String,
}

impl TrainingState {
    /// The start of a run.
    pub fn start(config: &RunConfig) -> Self {
        Self {
            format: FORMAT,
            step: 0,
            recorded: 0,
            pending: Pending::default(),
            micro_batches: 0,
            epoch: 0,
            epoch_position: 0,
            tokens: 0,
            elapsed_ms: 0,
            seed: config.seed,
            best_eval: None,
            best_step: None,
            evals_since_best: 0,
            last_eval_step: None,
            first_eval: None,
            last_eval: None,
            train_loss: None,
            run: None,
            config: config.fixed(),
            inputs: BTreeMap::new(),
            files: BTreeMap::new(),
            digest: String::new(),
        }
    }

    /// Serializes the state with its own digest.
    ///
    /// # Errors
    /// A value cannot be represented in JSON.
    pub(super) fn sealed(mut self) -> serde_json::Result<Vec<u8>> {
        self.digest.clear();
        self.digest = blake3::hash(&serde_json::to_vec_pretty(&self)?).to_hex().to_string();
        serde_json::to_vec_pretty(&self)
    }

    /// Whether `text`, from which this state was parsed, has the recorded digest.
    pub(super) fn is_sealed(&self, text: &[u8]) -> bool {
        // Hash the text, not the values: another text with the same values was also modified.
        let text = String::from_utf8_lossy(text).replacen(&self.digest, "", 1);
        blake3::hash(text.as_bytes()).to_hex().as_str() == self.digest
    }

    /// Fails if the configuration or an input changed, and names the first difference. Returns whether only the length
    /// of the run changed.
    ///
    /// # Errors
    /// [`CheckpointError::Config`].
    pub(super) fn check(
        &self,
        path: &Path,
        config: &RunConfig,
        inputs: &BTreeMap<String, String>,
    ) -> Result<bool, CheckpointError> {
        let texts = |inputs: &BTreeMap<String, String>| {
            let pair = |(name, digest): (&String, &String)| (format!("the {name}"), format!("\"{digest}\""));
            inputs.iter().map(pair).collect::<BTreeMap<_, _>>()
        };
        let was: BTreeMap<_, _> = self.config.iter().cloned().chain(texts(&self.inputs)).collect();
        let now: BTreeMap<_, _> = config.fixed().into_iter().chain(texts(inputs)).collect();
        let differing: BTreeSet<&String> =
            was.keys().chain(now.keys()).filter(|key| was.get(*key) != now.get(*key)).collect();
        match differing.iter().find(|key| !LENGTH.contains(&key.as_str())) {
            None => Ok(!differing.is_empty()),
            Some(field) => Err(self.differs(path, field, was.get(*field), now.get(*field))),
        }
    }

    /// The error for a changed length.
    pub(super) fn other_length(&self, path: &Path, config: &RunConfig) -> CheckpointError {
        let now = config.fixed();
        let of = |pairs: &[(String, String)], key: &str| {
            pairs.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone())
        };
        let field =
            LENGTH.into_iter().find(|key| of(&self.config, key) != of(&now, key)).unwrap_or(LENGTH[0]);
        self.differs(path, field, of(&self.config, field).as_ref(), of(&now, field).as_ref())
    }

    fn differs(
        &self,
        path: &Path,
        field: &str,
        was: Option<&String>,
        now: Option<&String>,
    ) -> CheckpointError {
        let shown = |value: Option<&String>| match value.map(String::as_str) {
            None | Some("null") => "not set".to_owned(),
            Some(value) => value.to_owned(),
        };
        CheckpointError::Config {
            path: path.to_owned(),
            field: field.to_owned(),
            was: shown(was),
            now: shown(now),
        }
    }

    /// The configuration with the original length of the run.
    pub(super) fn of_former_length(&self, config: &RunConfig) -> RunConfig {
        let number = |key: &str| {
            let (_, value) = self.config.iter().find(|(known, _)| known == key)?;
            value.parse().ok()
        };
        let mut config = config.clone();
        (config.train.epochs, config.train.max_steps) = (number(LENGTH[0]), number(LENGTH[1]));
        config
    }
}
