//! The state of a run on disk: weights, moments, and where it stands.
//!
//! A checkpoint is a folder `step-00000120` with `weights.safetensors`, `moments.safetensors` (`m.NAME` and
//! `v.NAME` for each trainable `NAME`) and `state.json`, which holds the BLAKE3 digests of the other two.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::checkpoint_error::CheckpointError;
use crate::files;

type Result<T> = std::result::Result<T, CheckpointError>;

/// The version of the format.
pub const FORMAT: u64 = 1;

const WEIGHTS: &str = "weights.safetensors";
const MOMENTS: &str = "moments.safetensors";
const STATE: &str = "state.json";

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
}

/// A checkpoint in memory.
#[derive(Debug)]
pub struct Checkpoint {
    /// Where it lies.
    pub path: PathBuf,
    /// Where the run stands.
    pub state: State,
    /// Trainable weights by name.
    pub weights: HashMap<String, Tensor>,
    /// Moments by `m.NAME` and `v.NAME`.
    pub moments: HashMap<String, Tensor>,
}

/// The newest usable checkpoint, and the newer ones that were passed over.
#[derive(Debug)]
pub struct Latest {
    /// None where there is no checkpoint at all.
    pub checkpoint: Option<Checkpoint>,
    /// Why each newer one could not be used.
    pub passed_over: Vec<CheckpointError>,
}

/// The name of a step's checkpoint.
pub fn folder_name(step: u64) -> String {
    format!("step-{step:08}")
}

/// Writes a checkpoint into `root`, whole or not at all, deletes all but the `keep` newest, and gives its path.
///
/// # Errors
/// The file system refuses; earlier checkpoints are then as before.
pub fn save(
    root: &Path,
    mut state: State,
    weights: &HashMap<String, Tensor>,
    moments: &HashMap<String, Tensor>,
    keep: u64,
) -> Result<PathBuf> {
    let path = root.join(folder_name(state.step));
    files::publish(&path, |new| {
        for (name, tensors) in [(WEIGHTS, weights), (MOMENTS, moments)] {
            let file = new.join(name);
            candle_core::safetensors::save(tensors, &file).map_err(io::Error::other)?;
            state.files.insert(name.to_owned(), digest(&file)?);
        }
        let text = serde_json::to_vec_pretty(&state).map_err(io::Error::other)?;
        fs::write(new.join(STATE), text)
    })
    .flatten()
    .map_err(CheckpointError::io(&path))?;
    prune(root, keep, &path)?;
    Ok(path)
}

/// Reads a checkpoint, checking every byte of it.
///
/// # Errors
/// It is incomplete, changed or of another format.
pub fn load(path: &Path) -> Result<Checkpoint> {
    let damaged = |cause: String| CheckpointError::Damaged { path: path.to_owned(), cause };
    let read = |name: &str| match fs::read(path.join(name)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Err(damaged(format!("{name} is missing"))),
        other => other.map_err(CheckpointError::io(path.join(name))),
    };
    let text = read(STATE)?;
    let unreadable = |error: serde_json::Error| damaged(format!("{STATE} cannot be read: {error}"));
    let value: Value = serde_json::from_slice(&text).map_err(unreadable)?;
    let found = value
        .get("format")
        .and_then(Value::as_u64)
        .ok_or_else(|| damaged(format!("{STATE} has no format")))?;
    if found != FORMAT {
        return Err(CheckpointError::Format { path: path.to_owned(), found, supported: FORMAT });
    }
    let state: State = serde_json::from_value(value).map_err(unreadable)?;
    let tensors = |name: &str| {
        let bytes = read(name)?;
        if state.files.get(name).map(String::as_str) != Some(blake3::hash(&bytes).to_hex().as_str()) {
            return Err(damaged(format!("{name} is not what was written")));
        }
        candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)
            .map_err(|error| damaged(format!("{name} cannot be read: {error}")))
    };
    let (weights, moments) = (tensors(WEIGHTS)?, tensors(MOMENTS)?);
    Ok(Checkpoint { path: path.to_owned(), state, weights, moments })
}

/// The newest checkpoint in `root` that can be read; newer ones that cannot are passed over and named.
///
/// # Errors
/// `root` cannot be listed, or it has checkpoints but none of them can be read.
pub fn latest(root: &Path) -> Result<Latest> {
    let mut passed_over = Vec::new();
    for (_, path) in list(root)? {
        match load(&path) {
            Ok(checkpoint) => return Ok(Latest { checkpoint: Some(checkpoint), passed_over }),
            Err(error) => passed_over.push(error),
        }
    }
    match passed_over.into_iter().next() {
        Some(newest) => Err(newest),
        None => Ok(Latest { checkpoint: None, passed_over: Vec::new() }),
    }
}

/// The checkpoints in `root`, newest first, whether they can be read or not.
///
/// # Errors
/// `root` is there but cannot be listed.
pub fn list(root: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let entries = match fs::read_dir(root) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(CheckpointError::io(root))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(CheckpointError::io(root))?;
        let step = entry.file_name().to_str().and_then(|name| name.strip_prefix("step-")?.parse().ok());
        found.extend(step.map(|step: u64| (step, entry.path())));
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    Ok(found)
}

impl State {
    /// Refuses to go on with another configuration or other inputs, naming the first that differs.
    ///
    /// # Errors
    /// [`CheckpointError::Config`].
    pub fn check(
        &self,
        path: &Path,
        config: &[(String, Value)],
        inputs: &BTreeMap<String, String>,
    ) -> Result<()> {
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

fn digest(file: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(fs::File::open(file)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Deletes all but the newest, and what killed processes left; the one just written stays in any case.
fn prune(root: &Path, keep: u64, written: &Path) -> Result<()> {
    for (place, (_, path)) in list(root)?.into_iter().enumerate() {
        if place as u64 >= keep && path != written {
            fs::remove_dir_all(&path).map_err(CheckpointError::io(path))?;
        }
    }
    for entry in fs::read_dir(root).map_err(CheckpointError::io(root))? {
        let entry = entry.map_err(CheckpointError::io(root))?;
        if entry.file_name().to_string_lossy().starts_with(files::UNFINISHED) {
            fs::remove_dir_all(entry.path()).map_err(CheckpointError::io(entry.path()))?;
        }
    }
    Ok(())
}
