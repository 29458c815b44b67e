//! `codetune dataset`

use std::path::{Path, PathBuf};

use codetune_core::analysis::Analysis;
use codetune_core::dataset::{
    CodeTokenizer, Dataset, DatasetConfig, Document, Dropped, Progress, ProgressStage, Rule, Selection,
    Summary, TokenizerTraining, assemble, select,
};
use codetune_core::plugin::PluginIdentity;
use codetune_core::redact::escape_control;
use codetune_core::source::Language;
use codetune_core::validate::{FIM_RATE, HELD_OUT, PACKED_LENGTH, SEED, TRAINED_VOCAB_SIZE};
use serde_json::Map;

use crate::bounds::{float, whole};
use crate::commands::{analyze, tokenizer};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::terminal::format::count;
use crate::terminal::style::Style;
use crate::terminal::table::Table;

const BUILD: &str = "\
Examples:
  codetune dataset build src -o data/mine
  codetune dataset build . -o data/clean --rule 'no_secrets=findings.secrets.total == 0' \\
      --rule 'parses=metrics.error_ratio <= 0.05' --vocab-size 8192
  codetune dataset build . -o data/qwen --tokenizer models/qwen --seq-length 512 --fim-rate 0.5

Rules are boolean expressions in CEL (https://cel.dev) over `path`, `language`, `bytes`, `lines`, attributes such as
`metrics.max_cyclomatic` and counts of findings such as `findings.secrets.total`.";

/// What to do with datasets.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Build a dataset of source code.
    #[command(after_help = BUILD)]
    Build(Box<Build>),
    /// Show what a dataset holds, after checking every byte of it.
    #[command(
        after_help = "Examples:\n  codetune dataset inspect data/mine\n  codetune dataset inspect data/mine --json"
    )]
    Inspect(Inspect),
}

/// What to build.
#[derive(Debug, clap::Args)]
pub struct Build {
    /// A folder of source code.
    path: PathBuf,
    /// Write the dataset to this folder.
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,
    /// Take the settings of this TOML file; options given here go before it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Keep only files for which this holds; may be given several times.
    #[arg(long = "rule", value_name = "NAME=CEL")]
    rules: Vec<String>,
    /// Use this tokenizer.json, or that of a model's folder.
    #[arg(long, value_name = "PATH", conflicts_with = "vocab_size")]
    tokenizer: Option<PathBuf>,
    /// Train a tokenizer of this size on the training files.
    #[arg(long, value_name = "N", default_value_t = 4096, value_parser = whole::<usize>(&TRAINED_VOCAB_SIZE))]
    vocab_size: usize,
    /// Tokens of a sequence.
    #[arg(long, value_name = "N", value_parser = whole::<usize>(&PACKED_LENGTH))]
    seq_length: Option<usize>,
    /// Part of the files that is held out for evaluation.
    #[arg(long, value_name = "FRACTION", value_parser = float(&HELD_OUT))]
    heldout: Option<f64>,
    /// Part of the training files, or of the pieces of those longer than a sequence, that becomes fill-in-the-middle
    /// examples.
    #[arg(long, value_name = "FRACTION", value_parser = float(&FIM_RATE))]
    fim_rate: Option<f64>,
    /// Seed of the split, of fill-in-the-middle and of the order.
    #[arg(long, value_name = "N", value_parser = whole::<u64>(&SEED))]
    seed: Option<u64>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    selection: analyze::Selection,
}

/// What to show.
#[derive(Debug, clap::Args)]
pub struct Inspect {
    /// The dataset's folder.
    path: PathBuf,
    /// Show the start of so many documents.
    #[arg(long, value_name = "N", default_value_t = 2)]
    samples: usize,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// Builds or shows a dataset.
///
/// # Errors
/// The settings or the files are refused, or nothing can be written.
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
                    terminal.print(&format!("written to {}, {digest}\n", build.output.display()))?;
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

/// Reasons that are counted.
const REASONS: usize = 20;

impl Build {
    fn config(&self) -> Result<DatasetConfig, Failure> {
        let mut config = match &self.config {
            None => DatasetConfig::default(),
            Some(path) => DatasetConfig::load(path)?,
        };
        config.seed = self.seed.unwrap_or(config.seed);
        config.heldout = self.heldout.unwrap_or(config.heldout);
        config.fim_rate = self.fim_rate.unwrap_or(config.fim_rate);
        config.max_seq_length = self.seq_length.unwrap_or(config.max_seq_length);
        for rule in &self.rules {
            let (name, keep_if) =
                rule.split_once('=').filter(|(name, _)| !name.trim().is_empty()).ok_or_else(|| {
                    Failure::usage(format!("--rule {rule} is not NAME=CEL"))
                        .help("write for example --rule 'short=metrics.lines < 1000'")
                })?;
            config.rules.push(Rule { name: name.trim().to_owned(), keep_if: keep_if.trim().to_owned() });
        }
        config.check()?;
        Ok(config)
    }

    fn dataset(&self, config: &DatasetConfig, context: &Context) -> Result<Dataset, Failure> {
        let given = self.tokenizer.as_deref().map(CodeTokenizer::load).transpose()?;
        given.as_ref().map_or(Ok(()), |tokenizer| config.check_with(tokenizer))?;
        let options = self.selection.options(&context.registry()?, context, true)?;
        let analysis = analyze::analyze(&self.path, &options, context)?;
        let selection = chosen(documents(&analysis)?, &analysis, config, context)?;
        let tokenizer = match given {
            Some(tokenizer) => tokenizer,
            None => {
                let training =
                    TokenizerTraining { vocab_size: self.vocab_size, ..TokenizerTraining::default() };
                tokenizer::train(&selection.training_texts(), training, context)?
            }
        };
        packed(selection, &tokenizer, config, context)
    }
}

/// The documents of an analysis that has kept the texts.
///
/// # Errors
/// It has not.
pub fn documents(analysis: &Analysis) -> Result<Vec<Document>, Failure> {
    Ok(analysis.files.iter().map(Document::from_analysis).collect::<Result<_, _>>()?)
}

/// Chooses documents of an analysis, with progress. Skipped files are among those left out, with their reason.
///
/// # Errors
/// As [`select`].
pub fn chosen(
    documents: Vec<Document>,
    analysis: &Analysis,
    config: &DatasetConfig,
    context: &Context,
) -> Result<Selection, Failure> {
    context.go_on()?;
    let progress = context.terminal.progress("choosing", "files");
    let told = |at: Progress| progress.at(at.done as u64, at.total as u64);
    let mut selection = select(documents, &analysis.analyzers, config, &told)?;
    let skipped = analysis.skipped.iter();
    selection.left_out.extend(skipped.map(|file| (unread(&file.path), Dropped::from_skipped(file))));
    selection.left_out.sort_by(|(_, a), (_, b)| a.path.cmp(&b.path));
    Ok(selection)
}

/// A file of which nothing is known but its path.
fn unread(path: &str) -> Document {
    Document {
        path: path.to_owned(),
        language: Language::Text.id().to_owned(),
        text: "".into(),
        digest: [0; 32],
        attributes: Map::new(),
        findings: Map::new(),
        errors: Vec::new(),
    }
}

/// Encodes and packs, with progress.
///
/// # Errors
/// As [`assemble`].
pub fn packed(
    selection: Selection,
    tokenizer: &CodeTokenizer,
    config: &DatasetConfig,
    context: &Context,
) -> Result<Dataset, Failure> {
    context.go_on()?;
    let (encoding, packing) =
        (context.terminal.progress("encoding", "files"), context.terminal.progress("packing", "files"));
    let told = |at: Progress| match at.stage {
        ProgressStage::Packing => packing.at(at.done as u64, at.total as u64),
        _ => encoding.at(at.done as u64, at.total as u64),
    };
    Ok(assemble(selection, tokenizer, config, &told)?)
}

/// Writes a dataset and gives its digest.
///
/// # Errors
/// As [`Dataset::save`].
pub fn save(dataset: &Dataset, folder: &Path) -> Result<String, Failure> {
    Ok(codetune_core::plugin::Digest(dataset.save(folder)?).to_string())
}

/// A dataset for people.
pub fn describe(summary: &Summary, terminal: &Terminal) -> String {
    let number = |number: usize| count(number as u64);
    let mut table = Table::new(&["LANGUAGE", ">FILES", ">TOKENS"]);
    for (language, counts) in &summary.languages {
        table.row([language.clone(), number(counts.documents), count(counts.tokens)]);
    }
    let mut text = table.render(terminal);
    let ledger = &summary.ledger.total;
    text.push_str(&format!(
        "\n{} files to train on, {} held out, {} left out\n",
        number(summary.train_documents),
        number(summary.heldout_documents),
        number(summary.dropped_documents),
    ));
    let (examples, whole) = (summary.fim_psm + summary.fim_spm, summary.fim_whole);
    let examples = match whole == examples {
        true => format!("{} whole", number(examples)),
        false => format!("{} of {} whole", number(whole), number(examples)),
    };
    text.push_str(&format!(
        "{} and {} sequences of {} tokens, a vocabulary of {}, {examples} fill-in-the-middle examples\n",
        number(summary.train_sequences),
        number(summary.heldout_sequences),
        number(summary.max_seq_length),
        number(summary.vocab_size),
    ));
    text.push_str(&format!(
        "{} tokens = {} trained + {} masked + {} truncated + {} dropped\n",
        count(ledger.input),
        count(ledger.trained),
        count(ledger.masked),
        count(ledger.truncated),
        count(ledger.dropped)
    ));
    let analyzer = |used: &PluginIdentity| format!("{} {} ({})", used.name, used.version, used.carrier);
    if !summary.analyzers.is_empty() {
        let analyzers: Vec<String> = summary.analyzers.iter().map(analyzer).collect();
        text.push_str(&format!("chosen by the answers of {}\n", analyzers.join(", ")));
    }
    if !summary.reasons.is_empty() {
        let mut reasons = Table::new(&[">FILES", "LEFT OUT BY", "BECAUSE"]);
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
