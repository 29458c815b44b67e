//! Creates model directories.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use candle_core::DType;
use codetune_plugin::plan_bytes;
use codetune_plugin_sdk::Plan;

use super::budget::MemoryBudget;
use super::checkpoint::write_model;
use super::config::{self, ModelConfig};
use super::error::{ModelError, Result};
use super::host::ModelHost;
use super::init::initial_weights;
use super::open_backend::OpenBackend;

/// Creates a model from scratch: reads the plan of `config`, initializes its weights by `seed`, and writes the
/// directory.
///
/// # Errors
/// The backend rejects the configuration, the weights exceed the budget, the directory already contains a model, or a
/// file cannot be written.
pub fn create_model(
    open: OpenBackend<'_>,
    config: &ModelConfig,
    seed: u64,
    folder: &Path,
    budget: MemoryBudget,
) -> Result<Plan> {
    refuse_another(folder)?;
    let opened = open(&config.json, Arc::new(ModelHost::new(budget)));
    let plan = opened.map_err(ModelError::opening(&config.path))?.plan().clone();
    budget.ask("the model", plan_bytes(&plan), 0, "make a smaller one")?;
    write_model(folder, &config.json, &initial_weights(&plan, seed, DType::F32)?)?;
    Ok(plan)
}

/// Rejects a directory with a configuration or weights, in one or several files, which would conflict with the new
/// ones.
fn refuse_another(folder: &Path) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(ModelError::write(folder)(error)),
    };
    let mut names = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<String>>>()
        .map_err(ModelError::read(folder))?;
    names.sort();
    let of_a_model = |name: &&String| {
        *name == config::FILE || name.ends_with(".safetensors") || name.ends_with(".safetensors.index.json")
    };
    match names.iter().find(of_a_model) {
        Some(name) => Err(ModelError::Exists { path: folder.join(name) }),
        None => Ok(()),
    }
}
