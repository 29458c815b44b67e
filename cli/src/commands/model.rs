//! `codetune model`

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use codetune_core::dataset::{CodeTokenizer, DatasetError};
use codetune_core::files;
use codetune_core::model::{ModelConfig, Preset};
use codetune_core::run::{NewModel, RunError, create_model};
use codetune_core::validate::SEED;

use crate::bounds::whole;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
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
    #[arg(long, value_parser = preset(), required_unless_present = "config", conflicts_with = "config")]
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
    let new = NewModel {
        config: &config,
        tokenizer: tokenizer.as_ref(),
        seed: init.seed,
        backend: init.backend.as_deref(),
    };
    let parameters = create_model(&registry, &new, &init.output, context.memory).map_err(refused)?;
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
            return Ok(preset.config(self.output.join("config.json"), vocabulary, end));
        };
        let json = files::read_given_text(path, files::SETTINGS)
            .map_err(|source| CommandError::Input { what: path.display().to_string(), source })?;
        Ok(ModelConfig::parse(path.clone(), json)?)
    }
}

fn refused(error: RunError) -> Failure {
    match error {
        RunError::Dataset(error @ DatasetError::TokenizerExists { .. }) => Failure::from(error)
            .help("choose another directory, or pass this one to --tokenizer to create a model for it"),
        other => other.into(),
    }
}

/// Parses the name of a preset.
fn preset() -> impl TypedValueParser<Value = Preset> {
    let value = |preset: Preset| PossibleValue::new(preset.name()).help(preset.description());
    PossibleValuesParser::new(Preset::ALL.map(value))
        .try_map(|name| Preset::named(&name).ok_or("expected the name of a preset"))
}
