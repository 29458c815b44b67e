use std::io;
use std::path::{Path, PathBuf};

use codetune_plugin::Digest;
use codetune_store::{NewArtifact, RunId, Store};
use codetune_train::RunConfig;

use super::error::RunError;

/// File name extensions of the files that a model or adapter is read from.
const DECISIVE: [&str; 4] = ["config.json", ".safetensors", ".safetensors.index.json", "tokenizer.json"];

/// Records every file of a run's result.
pub(super) fn record(store: &Store, run: &RunId, config: &RunConfig, folder: &Path) -> Result<(), RunError> {
    let kind = if config.adapter.is_some() { "adapter" } else { "model" };
    let of = |path: PathBuf| -> Result<NewArtifact, RunError> {
        let bytes = std::fs::metadata(&path).map_err(RunError::read(&path))?.len();
        let digest = file_digest(&path)?.hex();
        Ok(NewArtifact { kind: kind.into(), path: path.display().to_string(), bytes, digest })
    };
    let artifacts = files(folder)?.into_iter().map(of).collect::<Result<Vec<_>, _>>()?;
    Ok(store.record_artifacts(run, &artifacts)?)
}

/// The digest of a file.
pub(super) fn file_digest(path: &Path) -> Result<Digest, RunError> {
    let mut hasher = blake3::Hasher::new();
    // Memory-map the file: weights may exceed the available memory.
    hasher.update_mmap_rayon(path).map_err(RunError::read(path))?;
    Ok(Digest(*hasher.finalize().as_bytes()))
}

/// The digest of the names and contents of the files that determine what a model or adapter computes.
pub(super) fn weights_digest(folder: &Path) -> Result<Digest, RunError> {
    let mut lines = String::new();
    for path in files(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if DECISIVE.iter().any(|end| name.ends_with(end)) {
            lines.push_str(&format!("{} {name}\n", file_digest(&path)?));
        }
    }
    Ok(Digest::of(lines.as_bytes()))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    let entries = std::fs::read_dir(folder).map_err(RunError::read(folder))?;
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let paths = paths.map_err(RunError::read(folder))?;
    let mut paths: Vec<PathBuf> = paths.into_iter().filter(|path| path.is_file()).collect();
    paths.sort();
    Ok(paths)
}
