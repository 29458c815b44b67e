//! `codetune model`

use std::path::{Path, PathBuf};

use codetune_core::dataset::CodeTokenizer;
use codetune_core::dataset::tokenizer::refuse_other;
use codetune_core::files;
use codetune_core::model::{Budget, ModelConfig, create_model};
use codetune_core::plugin::{Registry, parameter_count};
use codetune_core::validate::SEED;

use crate::bounds::whole;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::presets::Preset;
use crate::terminal::format::count;

/// The vocabulary of a preset without a tokenizer.
const VOCABULARY: usize = 4096;

/// What to do with models.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a new model with random weights.
    #[command(
        after_help = "Examples:\n  codetune model init -o models/mine --preset small --tokenizer data/mine\n  \
        codetune model init -o models/own --config config.json --seed 7"
    )]
    Init(Init),
}

/// What model to make.
#[derive(Debug, clap::Args)]
pub struct Init {
    /// Write the model to this new folder.
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,
    /// Its size.
    #[arg(long, value_enum, required_unless_present = "config", conflicts_with = "config")]
    preset: Option<Preset>,
    /// Its config.json, as Hugging Face writes it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Put this tokenizer with it: a tokenizer.json, or the folder of a dataset or a model.
    #[arg(long, value_name = "PATH")]
    tokenizer: Option<PathBuf>,
    /// Use this training backend, where several know the architecture.
    #[arg(long, value_name = "PLUGIN")]
    backend: Option<String>,
    /// Seed of its weights.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole::<u64>(&SEED))]
    seed: u64,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// Makes a model.
///
/// # Errors
/// The configuration is refused, there is a model or another tokenizer in the folder, or it cannot be written.
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
            "{} with {} parameters, written to {}\n",
            config.architecture,
            count(parameters),
            init.output.display()
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
/// None that a preset leads to.
pub fn of_preset(preset: Preset, vocabulary: usize, end: u32, folder: &Path) -> Result<ModelConfig, Failure> {
    let json =
        serde_json::to_string_pretty(&preset.config(vocabulary, end)).map_err(std::io::Error::other)?;
    Ok(ModelConfig::parse(folder.join("config.json"), json + "\n")?)
}

/// Makes the folder of a new model, and gives the number of its parameters.
///
/// # Errors
/// No backend, or several where none is named, know the architecture, the tokenizer or the memory does not fit, there is
/// a model or another tokenizer in the folder, or it cannot be written.
pub fn create(
    config: &ModelConfig,
    tokenizer: Option<&CodeTokenizer>,
    seed: u64,
    folder: &Path,
    registry: &Registry,
    backend: Option<&str>,
    memory: Budget,
) -> Result<u64, Failure> {
    let backend = codetune_core::run::backend(registry, config, backend)?;
    if let Some(tokenizer) = tokenizer {
        fits(tokenizer, config)?;
    }
    refuse_other(folder, tokenizer).map_err(|error| {
        Failure::from(error)
            .help("give another folder, or pass this one as --tokenizer to make a model for it")
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
            "the tokenizer has {} tokens, the model's vocabulary {vocabulary}",
            tokenizer.vocab_size()
        ))
        .help(format!("set vocab_size to {} in {}", tokenizer.vocab_size(), config.path.display()))),
        _ => Ok(()),
    }
}
