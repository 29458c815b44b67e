//! Opening and creating models with the training backends of a registry.

use std::path::Path;
use std::sync::Arc;

use codetune_dataset::CodeTokenizer;
use codetune_dataset::tokenizer::refuse_other;
use codetune_model::{MemoryBudget, Model, ModelConfig};
use codetune_plugin::{Plugin, Registry, parameter_count};
use serde_json::Value;

use super::error::RunError;

/// A model on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelSource<'a> {
    /// A directory with `config.json`, safetensors and `tokenizer.json`.
    pub folder: &'a Path,
    /// A PEFT adapter to apply.
    pub adapter: Option<&'a Path>,
    /// The training backend; by default, the only one that supports the architecture.
    pub backend: Option<&'a str>,
}

/// Opens a model, with its adapter.
///
/// # Errors
/// No single backend supports it, it exceeds the memory budget, or a directory is invalid.
pub fn open_model(
    registry: &Registry,
    source: &ModelSource<'_>,
    memory: MemoryBudget,
) -> Result<Model, RunError> {
    let config = ModelConfig::read(source.folder)?;
    let backend = backend(registry, &config, source.backend)?;
    let mut model = Model::open(&|json, host| backend.backend(json, host), source.folder, memory)?;
    if let Some(adapter) = source.adapter {
        model.load_adapter(adapter)?;
    }
    Ok(model)
}

/// A model to create.
#[derive(Clone, Copy)]
pub struct NewModel<'a> {
    /// Its configuration.
    pub config: &'a ModelConfig,
    /// The tokenizer to include; it must not have more tokens than the configuration's `vocab_size`.
    pub tokenizer: Option<&'a CodeTokenizer>,
    /// The seed of its weights.
    pub seed: u64,
    /// The training backend; by default, the only one that supports the architecture.
    pub backend: Option<&'a str>,
}

/// Creates a model directory with random weights and returns the number of parameters.
///
/// # Errors
/// No single backend supports the architecture, the tokenizer does not fit, the model exceeds the memory budget, the
/// directory already contains a model or another tokenizer, or it cannot be written.
pub fn create_model(
    registry: &Registry,
    new: &NewModel<'_>,
    folder: &Path,
    memory: MemoryBudget,
) -> Result<u64, RunError> {
    let backend = backend(registry, new.config, new.backend)?;
    if let Some(tokenizer) = new.tokenizer {
        check_vocabulary(tokenizer, new.config)?;
    }
    refuse_other(folder, new.tokenizer)?;
    let open = |json: &str, host| backend.backend(json, host);
    let plan = codetune_model::create_model(&open, new.config, new.seed, folder, memory)?;
    if let Some(tokenizer) = new.tokenizer {
        tokenizer.save(folder)?;
    }
    Ok(parameter_count(&plan))
}

/// Rejects a tokenizer with ids beyond the model's vocabulary. The backend checks everything else.
fn check_vocabulary(tokenizer: &CodeTokenizer, config: &ModelConfig) -> Result<(), RunError> {
    let json: Value = serde_json::from_str(&config.json).unwrap_or_default();
    let tokens = tokenizer.vocab_size() as u64;
    match json.get("vocab_size").and_then(Value::as_u64) {
        Some(vocabulary) if tokens > vocabulary => {
            Err(RunError::LargeTokenizer { tokens, vocabulary, config: config.path.clone() })
        }
        _ => Ok(()),
    }
}

/// The backend of a model: the one that is named, or the only one that supports its architecture.
///
/// # Errors
/// There is none, it is not ready, or several support the architecture.
pub fn backend(
    registry: &Registry,
    model: &ModelConfig,
    named: Option<&str>,
) -> Result<Arc<Plugin>, RunError> {
    if let Some(name) = named {
        return Ok(registry.ready(name)?);
    }
    registry.backend_for(&model.architecture)?.ok_or_else(|| RunError::NoBackend {
        architecture: model.architecture.clone(),
        model: model.path.clone(),
    })
}
