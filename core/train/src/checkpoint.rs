//! The state of a run on disk: weights, moments, and where it stands.
//!
//! A checkpoint is a folder `step-00000120` with `weights.safetensors`, `moments.safetensors` (`m.NAME` and
//! `v.NAME` for each trainable `NAME`) and `state.json`, which holds the BLAKE3 digests of the others and its own.
//! Where `eval.restore_best` keeps the weights of an earlier step, they are in `best.safetensors`.

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
pub use super::state::{FORMAT, State};
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
    /// Where it lies.
    pub path: PathBuf,
    /// Where the run stands.
    pub state: State,
    /// What was being trained.
    pub tensors: Tensors,
}

/// The tensors of a checkpoint.
#[derive(Debug, Clone)]
pub struct Tensors {
    /// Trainable weights by name.
    pub weights: HashMap<String, Tensor>,
    /// Moments by `m.NAME` and `v.NAME`.
    pub moments: HashMap<String, Tensor>,
    /// The weights at the best evaluation, where they are kept and are not those above.
    pub best: Option<HashMap<String, Tensor>>,
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
pub fn save(root: &Path, mut state: State, tensors: &Tensors, keep: u64) -> Result<PathBuf> {
    let path = root.join(folder_name(state.step));
    let best = tensors.best.as_ref().map(|best| (BEST, best));
    // A state that was read names the files of the checkpoint that it is from.
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

/// Reads a checkpoint, checking every byte of it.
///
/// # Errors
/// It is incomplete, changed, in a folder of another step, or of another format.
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
        .ok_or_else(|| damaged(format!("{STATE} has no format")))?;
    if found != FORMAT {
        return Err(CheckpointError::Format { path: path.to_owned(), found, supported: FORMAT });
    }
    let state: State = serde_json::from_value(value).map_err(unreadable)?;
    if !state.is_sealed(&text) {
        return Err(damaged(format!("{STATE} is not what was written")));
    }
    if path.file_name() != Some(OsStr::new(&folder_name(state.step))) {
        return Err(damaged(format!("{STATE} is that of step {}, not of this folder's", state.step)));
    }
    let tensors = |name: &str| {
        let bytes = read(name, u64::MAX)?;
        if state.files.get(name).map(String::as_str) != Some(blake3::hash(&bytes).to_hex().as_str()) {
            return Err(damaged(format!("{name} is not what was written")));
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
