//! `codetune model`

use std::path::{Path, PathBuf};

use codetune_core::dataset::CodeTokenizer;
use codetune_core::dataset::tokenizer::refuse_other;
use codetune_core::files;
use codetune_core::model::{MemoryBudget, ModelConfig, create_model};
use codetune_core::plugin::{Registry, parameter_count};
use codetune_core::validate::SEED;

use crate::bounds::whole;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::presets::Preset;
use crate::terminal::format::count;

/// The vocabulary size of a preset without a tokenizer.
const VOCABULARY: usize = 4096;

/// Subcommands of `model`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Create a model with random weights.
    #[command(
        after_help = "Examples:\n  codetune model init -o models/mine --preset small --tokenizer data/mine\n  \
        codetune model init -o models/own --config config.json --seed 7"
    )]
    Init(Init),
}

/// Arguments of `model init`.
#[derive(Debug, clap::Args)]
pub struct Init {
    /// Write the model to this new directory.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Model size.
    #[arg(long, value_enum, required_unless_present = "config", conflicts_with = "config")]
    preset: Option<Preset>,
    /// Use this config.json in Hugging Face format.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Include this tokenizer: a tokenizer.json, or a dataset or model directory.
    #[arg(long, value_name = "PATH")]
    tokenizer: Option<PathBuf>,
    /// Use this training backend if several support the architecture.
    #[arg(long, value_name = "PLUGIN")]
    backend: Option<String>,
    /// Seed for the weights.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole::<u64>(&SEED))]
    seed: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs `model init`.
///
/// # Errors
/// The configuration is invalid, the directory already holds a model or another tokenizer, or it cannot be written.
pub fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    let Command::Init(init) = command;
    let tokenizer = init.tokenizer.as_deref().map(CodeTokenizer::load).transpose()?;
    let config = init.config(tokenizer.as_ref())?;
    let registry = context.registry()?;
    let backend = init.backend.as_deref();
    let parameters =
        create(&config, tokenizer.as_ref(), init.seed, &init.output, &registry, backend, context.memory)?;
    match init.json {
        true => context.terminal.json(&serde_json::json!({
            "path": init.output, "architecture": config.architecture, "parameters": parameters,
        }))?,
        false => context.terminal.print(&format!(
            "wrote {} ({}, {} parameters)\n",
            init.output.display(),
            config.architecture,
            count(parameters)
        ))?,
    }
    Ok(Exit::Done)
}

impl Init {
    fn config(&self, tokenizer: Option<&CodeTokenizer>) -> Result<ModelConfig, Failure> {
        let Some(path) = &self.config else {
            let preset = self.preset.unwrap_or(Preset::Small);
            let (vocabulary, end) = tokenizer.map_or((VOCABULARY, 0), |own| (own.vocab_size(), own.end()));
            return of_preset(preset, vocabulary, end, &self.output);
        };
        let json = files::read_given_text(path, files::SETTINGS).map_err(|error| {
            Failure::usage(format!("cannot read {}", path.display())).why(error.to_string())
        })?;
        Ok(ModelConfig::parse(path.clone(), json)?)
    }
}

/// The configuration of a preset.
///
/// # Errors
/// None for the presets.
pub fn of_preset(preset: Preset, vocabulary: usize, end: u32, folder: &Path) -> Result<ModelConfig, Failure> {
    let json =
        serde_json::to_string_pretty(&preset.config(vocabulary, end)).map_err(std::io::Error::other)?;
    Ok(ModelConfig::parse(folder.join("config.json"), json + "\n")?)
}

/// Creates a model directory and returns the number of parameters.
///
/// # Errors
/// No single backend supports the architecture, the tokenizer or the memory is too small or large, the directory
/// already holds a model or another tokenizer, or it cannot be written.
pub fn create(
    config: &ModelConfig,
    tokenizer: Option<&CodeTokenizer>,
    seed: u64,
    folder: &Path,
    registry: &Registry,
    backend: Option<&str>,
    memory: MemoryBudget,
) -> Result<u64, Failure> {
    let backend = codetune_core::run::backend(registry, config, backend)?;
    if let Some(tokenizer) = tokenizer {
        fits(tokenizer, config)?;
    }
    refuse_other(folder, tokenizer).map_err(|error| {
        Failure::from(error)
            .help("choose another directory, or pass this one to --tokenizer to create a model for it")
    })?;
    let plan = create_model(&|json, host| backend.backend(json, host), config, seed, folder, memory)?;
    if let Some(tokenizer) = tokenizer {
        tokenizer.save(folder)?;
    }
    Ok(parameter_count(&plan))
}

fn fits(tokenizer: &CodeTokenizer, config: &ModelConfig) -> Result<(), Failure> {
    let json: serde_json::Value = serde_json::from_str(&config.json).unwrap_or_default();
    let vocabulary = json.get("vocab_size").and_then(serde_json::Value::as_u64);
    match vocabulary {
        Some(vocabulary) if (tokenizer.vocab_size() as u64) > vocabulary => Err(Failure::usage(format!(
            "the tokenizer has {} tokens, but vocab_size is {vocabulary}",
            tokenizer.vocab_size()
        ))
        .help(format!("set vocab_size to {} in {}", tokenizer.vocab_size(), config.path.display()))),
        _ => Ok(()),
    }
}
