//! Where a run stands.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{checkpoint_error::CheckpointError, pending::Pending, run_config::RunConfig};

/// The version of the checkpoint format. The second one added `best_step` and the weights of that step, the third
/// one the digest of the state itself. Since the fourth no step takes micro-batches of two epochs, so that the steps of
/// earlier ones are others. The fifth spares norms and biases weight decay, and keeps metrics that could not be
/// recorded.
pub const FORMAT: u64 = 5;

/// Keys of the configuration that say how long a run is. They may change where a run that is done is extended.
pub(super) const LENGTH: [&str; 2] = ["train.epochs", "train.max_steps"];

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The version of the format.
    pub format: u64,
    /// Steps done.
    pub step: u64,
    /// The step up to which metrics were recorded before the checkpoint was written.
    pub recorded: u64,
    /// Metrics since then, where they could not be recorded.
    pub pending: Pending,
    /// Micro-batches used, over all epochs.
    pub micro_batches: u64,
    /// The epoch of the next micro-batch, counted from 0.
    pub epoch: u64,
    /// Its place in that epoch.
    pub epoch_position: u64,
    /// Tokens that were predicted so far.
    pub tokens: u64,
    /// Milliseconds of training so far; the one value that differs between equal runs.
    pub elapsed_ms: u64,
    /// The seed. Random streams follow from it and the step, so that they have no state of their own.
    pub seed: u64,
    /// The best held-out loss so far.
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
    /// The metric sink's name for the run.
    pub run: Option<String>,
    /// The configuration, as far as it has to stay: dotted keys and values in JSON.
    pub config: Vec<(String, String)>,
    /// Digests of what the run reads, by name: the dataset, the model, the plugins.
    pub inputs: BTreeMap<String, String>,
    /// Digests of the other files of the checkpoint.
    pub files: BTreeMap<String, String>,
    /// The digest of this state's own text, taken with this field empty.
    pub digest: String,
}

impl State {
    /// Where a run of that configuration begins.
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

    /// The text of a checkpoint's `state.json`, with its own digest in it.
    ///
    /// # Errors
    /// A value has no form in JSON.
    pub(super) fn sealed(mut self) -> serde_json::Result<Vec<u8>> {
        self.digest.clear();
        self.digest = blake3::hash(&serde_json::to_vec_pretty(&self)?).to_hex().to_string();
        serde_json::to_vec_pretty(&self)
    }

    /// Whether this state was read from that text, and every byte of the text is as it was written.
    pub(super) fn is_sealed(&self, text: &[u8]) -> bool {
        // Of the text and not of the values: what another text of the same values would say is not what was written.
        let text = String::from_utf8_lossy(text).replacen(&self.digest, "", 1);
        blake3::hash(text.as_bytes()).to_hex().as_str() == self.digest
    }

    /// Refuses to go on with another configuration or other inputs, naming the first that differs; gives whether the
    /// length of the run is all that does.
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

    /// The error for the length of a run.
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
        let shown = |value: Option<&String>| value.cloned().unwrap_or_else(|| "absent".to_owned());
        CheckpointError::Config {
            path: path.to_owned(),
            field: field.to_owned(),
            was: shown(was),
            now: shown(now),
        }
    }

    /// The configuration of a run that is as long as this one was.
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
