//! `codetune dataset`

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use codetune_core::dataset::{
    BuildProgress, CodeTokenizer, Dataset, DatasetConfig, DatasetSummary, FilterRule, ProgressStage,
    TokenizerSource, TokenizerTraining, build_analyzed,
};
use codetune_core::plugin::PluginIdentity;
use codetune_core::redact::escape_control;
use codetune_core::validate::{FIM_RATE, HELD_OUT, PACKED_LENGTH, SEED, Setting, TRAINED_VOCAB_SIZE};

use crate::bounds::{at_least, float, setting, whole};
use crate::commands::analyze;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::terminal::format::{count, counted};
use crate::terminal::progress::Progress;
use crate::terminal::style::Style;
use crate::terminal::table::TextTable;

const BUILD: &str = "\
Examples:
  codetune dataset build src -o data/mine
  codetune dataset build . -o data/clean --rule 'no_secrets=findings.secrets.total == 0' \\
      --rule 'parses=metrics.error_ratio <= 0.05' --vocab-size 8192
  codetune dataset build . -o data/qwen --tokenizer models/qwen --seq-length 512 --fim-rate 0.5

Rules are boolean CEL expressions (https://cel.dev) over `path`, `language`, `bytes`, `lines`, attributes such as \
`metrics.max_cyclomatic`, and finding counts such as `findings.secrets.total`.";

/// Subcommands of `dataset`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Build a dataset from source code.
    #[command(after_help = BUILD)]
    Build(Box<Build>),
    /// Verify a dataset and print a summary of it.
    #[command(
        after_help = "Examples:\n  codetune dataset inspect data/mine\n  codetune dataset inspect data/mine --json"
    )]
    Inspect(Inspect),
}

/// Arguments of `dataset build`.
#[derive(Debug, clap::Args)]
pub struct Build {
    /// Directory with source code.
    path: PathBuf,
    /// Write the dataset to this directory.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Read settings from this TOML file; options on the command line take precedence.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Keep only files that satisfy this CEL expression [can be repeated].
    #[arg(long = "rule", value_name = "NAME=CEL")]
    rules: Vec<FilterRule>,
    /// Override a setting with a TOML value [can be repeated].
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    settings: Vec<Setting>,
    /// Use an existing tokenizer: a tokenizer.json or a model directory.
    #[arg(long, value_name = "PATH", conflicts_with = "vocab_size")]
    tokenizer: Option<PathBuf>,
    /// Train a tokenizer with this vocabulary size on the training files.
    #[arg(long, value_name = "N", default_value_t = 4096, value_parser = whole::<usize>(&TRAINED_VOCAB_SIZE))]
    vocab_size: usize,
    /// Sequence length in tokens.
    #[arg(long, value_name = "N", value_parser = whole::<usize>(&PACKED_LENGTH))]
    seq_length: Option<usize>,
    /// Fraction of the files to hold out for evaluation.
    #[arg(long, value_name = "FRACTION", value_parser = float(&HELD_OUT))]
    held_out: Option<f64>,
    /// Fraction of the training pieces (files, or parts of files longer than a sequence) to turn into
    /// fill-in-the-middle examples.
    #[arg(long, value_name = "FRACTION", value_parser = float(&FIM_RATE))]
    fim_rate: Option<f64>,
    /// Seed for the split, fill-in-the-middle and the order of sequences.
    #[arg(long, value_name = "N", value_parser = whole::<u64>(&SEED))]
    seed: Option<u64>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    selection: analyze::AnalyzerSelection,
}

/// Arguments of `dataset inspect`.
#[derive(Debug, clap::Args)]
pub struct Inspect {
    /// Dataset directory.
    path: PathBuf,
    /// Print the beginning of N documents.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = at_least::<usize>(0))]
    samples: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs `dataset build` or `dataset inspect`.
///
/// # Errors
/// The settings or files are invalid, or the dataset cannot be written.
pub fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    let terminal = &context.terminal;
    match command {
        Command::Build(build) => {
            let config = build.config()?;
            Dataset::check_target(&build.output)?;
            let dataset = build.dataset(&config, context)?;
            let digest = save(&dataset, &build.output)?;
            let summary = dataset.inspect(REASONS, 0, 0)?;
            match build.json {
                true => {
                    let path = &build.output;
                    terminal
                        .json(&serde_json::json!({ "path": path, "digest": digest, "summary": summary }))?;
                }
                false => {
                    terminal.print(&describe(&summary, terminal))?;
                    terminal.print(&format!("wrote {} ({digest})\n", build.output.display()))?;
                }
            }
        }
        Command::Inspect(inspect) => {
            let dataset = Dataset::load(&inspect.path)?;
            let summary = dataset.inspect(REASONS, inspect.samples, 64)?;
            match inspect.json {
                true => terminal.json(&summary)?,
                false => terminal.print(&describe(&summary, terminal))?,
            }
        }
    }
    Ok(Exit::Done)
}

/// Maximum number of reasons listed.
const REASONS: usize = 20;

impl Build {
    fn config(&self) -> Result<DatasetConfig, Failure> {
        let mut config = DatasetConfig::load_with(self.config.as_deref(), &self.settings)?;
        config.seed = self.seed.unwrap_or(config.seed);
        config.held_out = self.held_out.unwrap_or(config.held_out);
        config.fim_rate = self.fim_rate.unwrap_or(config.fim_rate);
        config.max_seq_length = self.seq_length.unwrap_or(config.max_seq_length);
        config.rules.extend(self.rules.iter().cloned());
        config.check()?;
        Ok(config)
    }

    fn dataset(&self, config: &DatasetConfig, context: &Context) -> Result<Dataset, Failure> {
        let tokenizer = match &self.tokenizer {
            Some(path) => {
                let given = CodeTokenizer::load(path)?;
                config.check_with(&given)?;
                TokenizerSource::Given(Box::new(given))
            }
            None => TokenizerSource::Trained(TokenizerTraining {
                vocab_size: self.vocab_size,
                ..TokenizerTraining::default()
            }),
        };
        let options = self.selection.options(&context.registry()?, context, true)?;
        let analysis = analyze::analyze(&self.path, &options, context)?;
        let progress = Stages::new(&context.terminal);
        let built = build_analyzed(&analysis, config, tokenizer, &|at| progress.at(at), &context.stop)?;
        if let Some(shortfall) = &built.shortfall {
            context.terminal.note(shortfall);
        }
        Ok(built.dataset)
    }
}

/// The progress of a build: a bar for the current stage.
pub struct Stages<'a> {
    terminal: &'a Terminal,
    current: Mutex<Option<(ProgressStage, Progress)>>,
}

impl<'a> Stages<'a> {
    /// Shows nothing until the first stage begins.
    pub fn new(terminal: &'a Terminal) -> Self {
        Stages { terminal, current: Mutex::default() }
    }

    /// Shows the progress of a stage, in place of the one before.
    pub fn at(&self, at: BuildProgress) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let (stage, progress) = current.get_or_insert_with(|| (at.stage, self.bar(at.stage)));
        if *stage != at.stage {
            (*stage, *progress) = (at.stage, self.bar(at.stage));
        }
        progress.at(at.done as u64, at.total as u64);
    }

    fn bar(&self, stage: ProgressStage) -> Progress {
        let doing = match stage {
            ProgressStage::Selecting => "filtering",
            ProgressStage::TrainingTokenizer => "training the tokenizer",
            ProgressStage::Encoding => "encoding",
            ProgressStage::Packing => "packing",
        };
        self.terminal.progress(doing, "files")
    }
}

/// Writes a dataset and returns its digest.
///
/// # Errors
/// As [`Dataset::save`].
pub fn save(dataset: &Dataset, folder: &Path) -> Result<String, Failure> {
    Ok(codetune_core::plugin::Digest(dataset.save(folder)?).to_string())
}

/// A human-readable summary.
pub fn describe(summary: &DatasetSummary, terminal: &Terminal) -> String {
    let number = |number: usize| count(number as u64);
    let mut table = TextTable::new(&["LANGUAGE", ">FILES", ">TOKENS"]);
    for (language, counts) in &summary.languages {
        table.row([language.clone(), number(counts.documents), count(counts.tokens)]);
    }
    let mut text = table.render(terminal);
    let ledger = &summary.ledger.total;
    let (examples, whole) = (summary.fim_psm + summary.fim_spm, summary.fim_whole);
    let of_all = match whole == examples {
        true => format!("{} whole", number(examples)),
        false => format!("{} of {} whole", number(whole), number(examples)),
    };
    let mut lines = vec![
        format!(
            "{}, {} held out, {} dropped",
            counted(summary.train_documents as u64, "training file"),
            number(summary.held_out_documents),
            number(summary.dropped_documents),
        ),
        format!(
            "{} training and {} of {}, vocabulary of {}, {of_all} fill-in-the-middle {}",
            number(summary.train_sequences),
            counted(summary.held_out_sequences as u64, "held-out sequence"),
            counted(summary.max_seq_length as u64, "token"),
            number(summary.vocab_size),
            if examples == 1 { "example" } else { "examples" },
        ),
        format!(
            "{} = {} trained + {} masked + {} truncated + {} dropped",
            counted(ledger.input, "token"),
            count(ledger.trained),
            count(ledger.masked),
            count(ledger.truncated),
            count(ledger.dropped)
        ),
    ];
    let analyzer = |used: &PluginIdentity| format!("{} {} ({})", used.name, used.version, used.runtime);
    if !summary.analyzers.is_empty() {
        let analyzers: Vec<String> = summary.analyzers.iter().map(analyzer).collect();
        lines.push(format!("filtered by the results of {}", analyzers.join(", ")));
    }
    text.push('\n');
    lines.iter().for_each(|line| text.push_str(&format!("{}\n", terminal.fit("", line, 2))));
    if !summary.reasons.is_empty() {
        let mut reasons = TextTable::new(&[">FILES", "STAGE", "REASON"]);
        for reason in &summary.reasons {
            let stage = format!("{:?}", reason.stage).to_lowercase();
            reasons.row([number(reason.documents), stage, reason.reason.clone()]);
        }
        text.push('\n');
        text.push_str(&reasons.render(terminal));
    }
    for sample in &summary.samples {
        let heading =
            format!("{} ({} of {} tokens)", escape_control(&sample.path), sample.shown, sample.tokens);
        text.push_str(&format!("\n{}\n", terminal.paint(Style::Heading, &heading)));
        for line in sample.text.lines() {
            text.push_str(&format!("  {}\n", escape_control(&line.replace('\t', "    "))));
        }
    }
    text
}
