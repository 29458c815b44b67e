//! `codetune generate`

use std::io::Read;
use std::ops::ControlFlow;
use std::path::PathBuf;

use codetune_core::files;
use codetune_core::model::{Finish, Sampling};
use codetune_core::redact::escape_control;
use codetune_core::run::{Completer, Completion, CompletionRequest, ModelSource, Prompt};
use codetune_core::validate::{MAX_NEW_TOKENS, REPETITION_PENALTY, SEED, TEMPERATURE, TOP_K, TOP_P};

use crate::bounds::{float, whole};
use crate::command_error::CommandError;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::format::{count, short};

const EXAMPLES: &str = "\
Examples:
  codetune generate models/mine --prompt 'def main():'
  codetune generate models/mine --adapter runs/mine/adapter --prompt-file start.py
  codetune generate models/mine --prompt 'fn main() {' --temperature 0.7 --seed 1
  codetune generate models/mine --prompt 'def add(a, b):' --fim-suffix 'print(add(1, 2))'
  git show HEAD:src/main.rs | head -20 | codetune generate models/mine";

/// Arguments of `generate`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Model directory with config.json, safetensors and tokenizer.json.
    pub model: PathBuf,
    /// Apply this adapter in PEFT format.
    #[arg(long, value_name = "DIR")]
    pub adapter: Option<PathBuf>,
    /// Use this training backend if several support the model's architecture.
    #[arg(long, value_name = "PLUGIN")]
    pub backend: Option<String>,
    /// Complete this text [default: read from standard input].
    #[arg(long, value_name = "TEXT")]
    pub prompt: Option<String>,
    /// Complete the text in this file.
    #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
    pub prompt_file: Option<PathBuf>,
    /// Fill in the middle between the prompt and this text.
    #[arg(long, value_name = "TEXT")]
    pub fim_suffix: Option<String>,
    /// Maximum number of tokens to generate.
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = whole::<usize>(&MAX_NEW_TOKENS))]
    pub max_tokens: usize,
    /// Sampling temperature; 0 always picks the most likely token, 1 samples from the model's distribution.
    #[arg(long, value_name = "T", default_value_t = 0.0, value_parser = float(&TEMPERATURE))]
    pub temperature: f64,
    /// Sample only from the most likely tokens with this cumulative probability; requires --temperature.
    #[arg(long, value_name = "P", value_parser = float(&TOP_P))]
    pub top_p: Option<f64>,
    /// Sample only from the K most likely tokens; requires --temperature.
    #[arg(long, value_name = "K", value_parser = whole::<usize>(&TOP_K))]
    pub top_k: Option<usize>,
    /// Penalize tokens that already occurred; 1 disables the penalty.
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = float(&REPETITION_PENALTY))]
    pub repetition_penalty: f64,
    /// Seed for sampling [default: 0]; requires --temperature.
    #[arg(long, value_name = "N", value_parser = whole::<u64>(&SEED))]
    pub seed: Option<u64>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Runs `generate`.
///
/// # Errors
/// The model, the adapter or the prompt is invalid.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let sampling = arguments.sampling()?;
    let prompt = arguments.prompt()?;
    let registry = context.registry()?;
    let source = ModelSource {
        folder: &arguments.model,
        adapter: arguments.adapter.as_deref(),
        backend: arguments.backend.as_deref(),
    };
    let mut completer = Completer::open(&registry, &source, context.memory)?;
    let request = CompletionRequest {
        prompt: Prompt { prefix: &prompt, suffix: arguments.fim_suffix.as_deref() },
        max_new_tokens: arguments.max_tokens,
        sampling,
    };
    let complete = |on_text: &mut dyn FnMut(&str) -> ControlFlow<()>| {
        Ok(completer.complete(&request, on_text, &context.stop)?)
    };
    let completion = match arguments.json {
        true => answer(arguments, &prompt, complete, context)?,
        false => tell(arguments, &prompt, complete, context)?,
    };
    Ok(if completion.finish == Finish::Cancelled { Exit::Interrupted } else { Exit::Done })
}

/// Receives the text of a completion as it is generated.
type Complete<'a> = &'a mut dyn FnMut(&str) -> ControlFlow<()>;

/// Prints JSON when the completion is done.
fn answer(
    arguments: &Arguments,
    prompt: &str,
    complete: impl FnOnce(Complete<'_>) -> Result<Completion, Failure>,
    context: &Context,
) -> Result<Completion, Failure> {
    let progress = context.terminal.progress("generating", "tokens");
    let mut done = 0;
    let completion = complete(&mut |_| {
        done += 1;
        progress.at(done, arguments.max_tokens as u64);
        ControlFlow::Continue(())
    })?;
    progress.finish();
    context.terminal.json(&serde_json::json!({
        "prompt": prompt,
        "suffix": arguments.fim_suffix,
        "text": completion.text,
        "tokens": completion.tokens.len(),
        "seconds": completion.seconds,
        "finish": completion.finish.as_str(),
    }))?;
    Ok(completion)
}

/// Streams the text.
fn tell(
    arguments: &Arguments,
    prompt: &str,
    complete: impl FnOnce(Complete<'_>) -> Result<Completion, Failure>,
    context: &Context,
) -> Result<Completion, Failure> {
    let terminal = &context.terminal;
    // Print the prompt with the first piece: until then, it may still be rejected.
    let (mut before, mut refused) = (Some(shown(prompt)), None);
    let completion = complete(&mut |piece| {
        let text = before.take().unwrap_or_default() + &shown(piece);
        match terminal.print(&text) {
            Ok(()) => ControlFlow::Continue(()),
            Err(failure) => {
                refused = Some(failure);
                ControlFlow::Break(())
            }
        }
    })?;
    if let Some(failure) = refused {
        return Err(failure);
    }
    let after = shown(arguments.fim_suffix.as_deref().unwrap_or_default());
    terminal.print(&format!("{}{after}\n", before.unwrap_or_default()))?;
    let rate = completion.tokens.len() as f64 / completion.seconds.max(1e-9);
    let (tokens, finish) = (count(completion.tokens.len() as u64), completion.finish.as_str());
    terminal.note(&format!("{tokens} tokens, {} tokens/s, finish reason: {finish}", short(rate)));
    Ok(completion)
}

/// Escapes control characters except line ends and tabs.
fn shown(text: &str) -> String {
    let line = |line: &str| line.split('\t').map(escape_control).collect::<Vec<_>>().join("\t");
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

impl Arguments {
    /// Rejects options without an effect: at temperature 0, nothing is sampled.
    fn sampling(&self) -> Result<Sampling, CommandError> {
        let given = [
            ("--top-p", self.top_p.is_some()),
            ("--top-k", self.top_k.is_some()),
            ("--seed", self.seed.is_some()),
        ];
        if self.temperature == 0.0
            && let Some((option, _)) = given.into_iter().find(|(_, given)| *given)
        {
            return Err(CommandError::NoEffect { option });
        }
        Ok(Sampling {
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            repetition_penalty: self.repetition_penalty,
            seed: self.seed.unwrap_or_default(),
        })
    }

    fn prompt(&self) -> Result<String, CommandError> {
        let refused =
            |from: &str, source| CommandError::Input { what: format!("the prompt from {from}"), source };
        match (&self.prompt, &self.prompt_file) {
            (Some(text), _) => Ok(text.clone()),
            (None, Some(path)) => files::read_given_text(path, files::SETTINGS)
                .map_err(|error| refused(&path.display().to_string(), error)),
            (None, None) => {
                let mut text = String::new();
                std::io::stdin()
                    .read_to_string(&mut text)
                    .map_err(|error| refused("standard input", error))?;
                Ok(text)
            }
        }
    }
}
