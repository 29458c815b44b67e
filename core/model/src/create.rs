//! The folder of a new model.

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

/// Makes a model from nothing: reads the plan of `config`, draws its weights by `seed`, and writes the folder.
///
/// # Errors
/// The backend refuses the configuration, the weights do not fit the budget, a model is there already in any form, or a
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

/// Refuses a folder with a configuration or weights in it, be they in one file or in several: new ones would
/// go before those.
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
