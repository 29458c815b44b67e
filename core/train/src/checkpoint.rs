//! Checkpoints on disk: weights, moments and the position in the run.
//!
//! A checkpoint is a directory `step-00000120` with `weights.safetensors`, `moments.safetensors` (`m.NAME` and `v.NAME`
//! for each trainable `NAME`) and `state.json`, which has the BLAKE3 digests of the others and its own. With
//! `eval.restore_best`, the best weights so far are in `best.safetensors`.

use std::{
    collections::HashMap,
    ffi::OsStr,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use candle_core::{Device, Tensor};
use serde_json::Value;

use super::checkpoint_error::CheckpointError;
use super::finite::{NotFinite, not_finite};
pub use super::state::{FORMAT, TrainingState};
use codetune_files as files;

type Result<T> = std::result::Result<T, CheckpointError>;

const WEIGHTS: &str = "weights.safetensors";
const MOMENTS: &str = "moments.safetensors";
const BEST: &str = "best.safetensors";
const STATE: &str = "state.json";
/// The most bytes of it; it holds metrics that could not be recorded.
const STATE_BYTES: u64 = 1 << 30;

/// A checkpoint in memory.
#[derive(Debug)]
pub struct Checkpoint {
    /// Its path.
    pub path: PathBuf,
    /// The position in the run.
    pub state: TrainingState,
    /// The tensors.
    pub tensors: Tensors,
}

/// The tensors of a checkpoint.
#[derive(Debug, Clone)]
pub struct Tensors {
    /// Trainable weights by name.
    pub weights: HashMap<String, Tensor>,
    /// Moments by `m.NAME` and `v.NAME`.
    pub moments: HashMap<String, Tensor>,
    /// The weights of the best evaluation, if they are kept and differ from `weights`.
    pub best: Option<HashMap<String, Tensor>>,
}

/// The newest usable checkpoint, and the newer ones that were skipped.
#[derive(Debug)]
pub struct Latest {
    /// `None` if there is no checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// Why each newer checkpoint could not be used.
    pub passed_over: Vec<CheckpointError>,
}

/// The directory name of a step's checkpoint.
pub fn folder_name(step: u64) -> String {
    format!("step-{step:08}")
}

/// Writes a checkpoint atomically into `root`, deletes all but the `keep` newest, and returns its path.
///
/// # Errors
/// The error of the file system; earlier checkpoints are then unchanged.
pub fn save(root: &Path, mut state: TrainingState, tensors: &Tensors, keep: u64) -> Result<PathBuf> {
    let path = root.join(folder_name(state.step));
    let best = tensors.best.as_ref().map(|best| (BEST, best));
    // A state read from a checkpoint still lists that checkpoint's files.
    state.files.clear();
    files::publish(&path, &[], |new| {
        for (name, tensors) in
            [(WEIGHTS, &tensors.weights), (MOMENTS, &tensors.moments)].into_iter().chain(best)
        {
            let file = new.join(name);
            candle_core::safetensors::save(tensors, &file).map_err(io::Error::other)?;
            state.files.insert(name.to_owned(), digest(&file)?);
        }
        fs::write(new.join(STATE), state.sealed()?)
    })
    .flatten()
    .map_err(CheckpointError::io(&path))?;
    prune(root, keep, &path)?;
    Ok(path)
}

/// Reads and verifies a checkpoint.
///
/// # Errors
/// It is incomplete, modified, in the directory of another step, or in another format.
pub fn load(path: &Path) -> Result<Checkpoint> {
    let damaged = |cause: String| CheckpointError::Damaged { path: path.to_owned(), cause };
    let read = |name: &str, most: u64| match codetune_files::read(&path.join(name), most) {
        Err(error) if error.kind() == ErrorKind::NotFound => Err(damaged(format!("{name} is missing"))),
        other => other.map_err(CheckpointError::io(path.join(name))),
    };
    let text = read(STATE, STATE_BYTES)?;
    let unreadable = |error: serde_json::Error| damaged(format!("{STATE} cannot be read: {error}"));
    let value: Value = serde_json::from_slice(&text).map_err(unreadable)?;
    let found = value
        .get("format")
        .and_then(Value::as_u64)
        .ok_or_else(|| damaged(format!("{STATE} has no format number")))?;
    if found != FORMAT {
        return Err(CheckpointError::Format { path: path.to_owned(), found, supported: FORMAT });
    }
    let state: TrainingState = serde_json::from_value(value).map_err(unreadable)?;
    if !state.is_sealed(&text) {
        return Err(damaged(format!("{STATE} was modified")));
    }
    if path.file_name() != Some(OsStr::new(&folder_name(state.step))) {
        return Err(damaged(format!("{STATE} belongs to step {}, not to this directory", state.step)));
    }
    let tensors = |name: &str| {
        let bytes = read(name, u64::MAX)?;
        if state.files.get(name).map(String::as_str) != Some(blake3::hash(&bytes).to_hex().as_str()) {
            return Err(damaged(format!("{name} was modified")));
        }
        candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)
            .map_err(|error| damaged(format!("{name} cannot be read: {error}")))
    };
    let best = state.files.contains_key(BEST).then(|| tensors(BEST)).transpose()?;
    let tensors = Tensors { weights: tensors(WEIGHTS)?, moments: tensors(MOMENTS)?, best };
    for (file, tensors) in
        [(WEIGHTS, Some(&tensors.weights)), (MOMENTS, Some(&tensors.moments)), (BEST, tensors.best.as_ref())]
    {
        if let Some(NotFinite { name, place, value }) = tensors.and_then(not_finite) {
            return Err(damaged(format!("{file} holds {value} at element {place} of {name}")));
        }
    }
    Ok(Checkpoint { path: path.to_owned(), state, tensors })
}

/// Finds the newest readable checkpoint in `root`; unreadable newer ones are skipped and reported.
///
/// # Errors
/// `root` cannot be listed, or none of its checkpoints can be read.
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

/// All checkpoints in `root`, newest first, readable or not.
///
/// # Errors
/// `root` exists but cannot be listed.
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

fn digest(file: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(fs::File::open(file)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Deletes all but the newest checkpoints and leftovers of killed processes, but never the one just written.
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
