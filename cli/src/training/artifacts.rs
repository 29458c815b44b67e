//! What a run leaves behind.

use std::path::{Path, PathBuf};

use codetune_core::plugin::Digest;
use codetune_core::store::{NewArtifact, RunId, Store};
use codetune_core::train::RunConfig;

use crate::failure::Failure;

/// Records every file of a run's result.
///
/// # Errors
/// A file cannot be read, or the database.
pub fn record(store: &Store, run: &RunId, config: &RunConfig, folder: &Path) -> Result<(), Failure> {
    let kind = if config.adapter.is_some() { "adapter" } else { "model" };
    for path in files(folder)? {
        let bytes = std::fs::metadata(&path).map_err(|error| Failure::file("read", &path, &error))?.len();
        let digest = file_digest(&path)?.hex();
        store.record_artifact(
            run,
            &NewArtifact { kind: kind.into(), path: path.display().to_string(), bytes, digest },
        )?;
    }
    Ok(())
}

/// The digest of a file's content.
///
/// # Errors
/// It cannot be read.
pub fn file_digest(path: &Path) -> Result<Digest, Failure> {
    let mut hasher = blake3::Hasher::new();
    // Mapped, not read: weights may be larger than the memory that is left.
    hasher.update_mmap_rayon(path).map_err(|error| Failure::file("read", path, &error))?;
    Ok(Digest(*hasher.finalize().as_bytes()))
}

/// The digest over the names and contents of a folder's files.
///
/// # Errors
/// It cannot be read.
pub fn folder_digest(folder: &Path) -> Result<Digest, Failure> {
    let mut lines = String::new();
    for path in files(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        lines.push_str(&format!("{} {name}\n", file_digest(&path)?));
    }
    Ok(Digest::of(lines.as_bytes()))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let refused = |error: std::io::Error| Failure::file("read", folder, &error);
    let entries = std::fs::read_dir(folder).map_err(refused)?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths: Vec<PathBuf> = paths.map_err(refused)?.into_iter().filter(|path| path.is_file()).collect();
    paths.sort();
    Ok(paths)
}
