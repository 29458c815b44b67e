//! `codetune tokenizer`

use std::path::PathBuf;
use std::sync::Arc;

use codetune_core::dataset::tokenizer::TrainingProgress;
use codetune_core::dataset::{CodeTokenizer, TokenizerTraining, tokenizer};
use codetune_core::files;
use codetune_core::source::{DiscoverOptions, discover, load};
use codetune_core::validate::{MIN_FREQUENCY, TRAINED_VOCAB_SIZE};

use crate::bounds::whole;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::format::counted;

/// Subcommands of `tokenizer`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Train a byte-level BPE tokenizer on source code.
    #[command(after_help = "Example:\n  codetune tokenizer train src -o models/mine --vocab-size 8192\n\n\
        `codetune dataset build` without --tokenizer trains one on the training files itself.")]
    Train(Train),
}

/// Arguments of `tokenizer train`.
#[derive(Debug, clap::Args)]
pub struct Train {
    /// Directory with source code.
    path: PathBuf,
    /// Write tokenizer.json to this directory, which must not contain one.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Vocabulary size, at least 261.
    #[arg(long, value_name = "N", value_parser = whole::<usize>(&TRAINED_VOCAB_SIZE))]
    vocab_size: usize,
    /// Merge pairs that occur at least N times.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = whole::<u64>(&MIN_FREQUENCY))]
    min_frequency: u64,
    /// Also read files in unknown languages, as text.
    #[arg(long)]
    all_files: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Trains a tokenizer and writes it.
///
/// # Errors
/// Nothing can be read, the size is invalid, the directory already holds a tokenizer, or it cannot be written.
pub fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    let Command::Train(arguments) = command;
    tokenizer::refuse_other(&arguments.output, None)?;
    files::check_creatable(&arguments.output.join("tokenizer.json"))
        .map_err(CommandError::file("write to", &arguments.output))?;
    let options = DiscoverOptions { all_files: arguments.all_files, ..DiscoverOptions::default() };
    let found = discover(&arguments.path, &options)?;
    let reading = context.terminal.progress("reading", "files");
    let mut texts: Vec<Arc<str>> = Vec::with_capacity(found.files.len());
    let mut skipped = found.skipped.len();
    for (index, file) in found.files.iter().enumerate() {
        context.go_on()?;
        match load(file, &options) {
            Ok(source) => texts.push(source.shared_text()),
            Err(_) => skipped += 1,
        }
        reading.at(index as u64 + 1, found.files.len() as u64);
    }
    reading.finish();
    if skipped > 0 {
        context.terminal.note(&format!(
            "skipped {}; for the reasons run: codetune analyze",
            counted(skipped as u64, "file")
        ));
    }
    let training =
        TokenizerTraining { vocab_size: arguments.vocab_size, min_frequency: arguments.min_frequency };
    let trained = train(&texts, training, context)?;
    trained.save(&arguments.output)?;
    let (entries, digest) = (trained.vocab_size(), codetune_core::plugin::Digest(trained.digest()));
    match arguments.json {
        true => context.terminal.json(&serde_json::json!({
            "path": arguments.output, "vocab_size": entries, "digest": digest, "files": texts.len(),
        }))?,
        false => context.terminal.print(&format!(
            "wrote {} ({}, trained on {})\n",
            arguments.output.display(),
            counted(entries as u64, "token"),
            counted(texts.len() as u64, "file")
        ))?,
    }
    Ok(Exit::Done)
}

/// Trains a tokenizer, with progress.
///
/// # Errors
/// As [`tokenizer::train`].
pub fn train(
    texts: &[Arc<str>],
    training: TokenizerTraining,
    context: &Context,
) -> Result<CodeTokenizer, Failure> {
    context.go_on()?;
    let progress = context.terminal.progress("training the tokenizer", "files");
    let trained = tokenizer::train(texts, training, &|at| {
        if let TrainingProgress::Reading { done, total } = at {
            progress.at(done as u64, total as u64);
        }
    })?;
    progress.finish();
    if let Some(shortfall) = trained.shortfall() {
        context.terminal.note(&shortfall);
    }
    Ok(trained.tokenizer)
}
