//! Where a run stands.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{checkpoint_error::CheckpointError, run_config::RunConfig};

/// The version of the checkpoint format. The second one added `best_step` and the weights of that step, the third
/// one the digest of the state itself; since the fourth no step takes micro-batches of two epochs, so that the steps
/// of earlier ones are others.
pub const FORMAT: u64 = 4;

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The version of the format.
    pub format: u64,
    /// Steps done. Metrics up to this step were recorded before the checkpoint was written.
    pub step: u64,
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
    /// The losses of the first and the last evaluation.
    pub eval_losses: Option<(f64, f64)>,
    /// The loss of the last step.
    pub train_loss: Option<f64>,
    /// The metric sink's name for the run.
    pub run: Option<String>,
    /// The digest of the configuration.
    pub config_digest: String,
    /// The configuration, as far as it has to stay: dotted keys and values.
    pub config: Vec<(String, Value)>,
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
            eval_losses: None,
            train_loss: None,
            run: None,
            config_digest: config.digest(),
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

    /// Refuses to go on with another configuration or other inputs, naming the first that differs.
    ///
    /// # Errors
    /// [`CheckpointError::Config`].
    pub fn check(
        &self,
        path: &Path,
        config: &[(String, Value)],
        inputs: &BTreeMap<String, String>,
    ) -> Result<(), CheckpointError> {
        let texts = |inputs: &BTreeMap<String, String>| {
            let pair =
                |(name, digest): (&String, &String)| (format!("the {name}"), Value::from(digest.as_str()));
            inputs.iter().map(pair).collect::<BTreeMap<_, _>>()
        };
        let was: BTreeMap<_, _> = self.config.iter().cloned().chain(texts(&self.inputs)).collect();
        let now: BTreeMap<_, _> = config.iter().cloned().chain(texts(inputs)).collect();
        match was.keys().chain(now.keys()).filter(|key| was.get(*key) != now.get(*key)).min() {
            None => Ok(()),
            Some(field) => Err(CheckpointError::Config {
                path: path.to_owned(),
                field: field.clone(),
                was: was.get(field).cloned().map(Box::new),
                now: now.get(field).cloned().map(Box::new),
            }),
        }
    }
}
