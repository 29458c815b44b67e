//! Reads run files in TOML into a validated [`RunConfig`].

use std::path::{Path, PathBuf};

use codetune_model::Targets;
use codetune_plugin::Runtime;
use codetune_validate::{self as v, Bound, Charset, Field, Kind, NamedText, Setting};
use toml::de::DeTable;

use super::{
    run_config::{
        AdapterSettings, CheckpointSettings, DataSettings, DataSource, EvalSettings, ModelSettings,
        OutputSettings, RunConfig, TrainSettings,
    },
    run_file_error::RunFileError,
    run_file_section::{Reading, Section},
    schedule::{ScheduleKind, Warmup},
};

type Result<T> = std::result::Result<T, RunFileError>;

const PATH: Field = Field {
    name: "path",
    kind: Kind::Text { min_chars: 1, max_chars: 4096, charset: Charset::Line },
    default: None,
    doc: "a path, relative to the directory of the run file",
};

const MAX_MINUTES: Field = Field {
    name: "max_minutes",
    kind: Kind::Float { min: Bound::Excluding(0.0), max: Bound::Including(1e7) },
    default: None,
    doc: "minutes after which training ends",
};

/// LoRA targets if the run file names none.
const DEFAULT_TARGETS: [&str; 2] = ["q_proj", "v_proj"];

impl RunConfig {
    /// Reads a run file. Relative paths start from its directory.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, or contains an unknown key or an invalid value.
    pub fn load(path: &Path) -> Result<Self> {
        Self::load_with(path, &[])
    }

    /// Reads a run file, with settings that take precedence over it.
    ///
    /// # Errors
    /// As [`load`](Self::load), and [`RunFileError::Setting`] if a setting contradicts the file.
    pub fn load_with(path: &Path, settings: &[Setting]) -> Result<Self> {
        let refused = |source| RunFileError::Read { path: path.to_owned(), source };
        let text = codetune_files::read_given_text(path, codetune_files::SETTINGS).map_err(refused)?;
        let absolute = std::path::absolute(path).map_err(refused)?;
        let folder = absolute.parent().unwrap_or(Path::new("."));
        let own = NamedText { name: path.display().to_string(), text };
        let merged = own.clone().with(settings).map_err(RunFileError::Setting)?;
        Self::parse(&merged.text, &merged.name, folder).map_err(|error| match settings.is_empty() {
            true => error,
            false => error.with_settings(Self::parse(&own.text, &own.name, folder).err()),
        })
    }

    /// Parses a run file. `file` is its name in errors, and relative paths start from `folder`.
    ///
    /// # Errors
    /// The text is not TOML, or contains an unknown key or an invalid value.
    pub fn parse(text: &str, file: &str, folder: &Path) -> Result<Self> {
        let reading = Reading::new(file, text);
        let table = DeTable::parse(text).map_err(|error| RunFileError::Syntax {
            place: reading.place(error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        })?;
        let root = Section::root(&reading, table.get_ref());
        let (name, seed) = (root.text("name", &v::RUN_NAME), count(&root, "seed", &v::SEED));
        let tables = ["model", "data", "adapter", "train", "eval", "checkpoint", "output"];
        let [model, data, adapter, train, eval, checkpoint, output] = &tables.map(|path| root.section(path));
        let model_settings = read_model(model, folder);
        let data_settings = read_data(data, folder, &model_settings.path);
        let config = RunConfig {
            name,
            seed,
            adapter: read_adapter(adapter, folder),
            train: read_train(train),
            eval: read_eval(eval, &data_settings.source),
            checkpoint: read_checkpoint(checkpoint),
            output: OutputSettings {
                dir: required(output, folder, "dir", "output.dir", "name a folder for the results"),
            },
            model: model_settings,
            data: data_settings,
        };
        reading.finish(&[&root, model, data, adapter, train, eval, checkpoint, output])?;
        Ok(config)
    }
}

fn read_model(section: &Section<'_>, folder: &Path) -> ModelSettings {
    let remedy = "name a folder with config.json, safetensors and tokenizer.json";
    let path = required(section, folder, "path", "model.path", remedy);
    let backend = section.text("backend", &PATH);
    if let Some(Err(violation)) = backend.as_deref().map(v::check_plugin_name) {
        section.violation("backend", violation);
    }
    let runtimes = Runtime::ALL.map(|runtime| (runtime.as_str(), runtime));
    ModelSettings { path, backend, runtime: section.word("runtime", &runtimes) }
}

fn read_data(section: &Section<'_>, folder: &Path, model: &Path) -> DataSettings {
    let dataset = path(section, folder, "dataset");
    let tokens = path(section, folder, "tokens");
    let given = section.integer("max_seq_length", &SEQUENCE);
    if let Some(Err(violation)) = given.map(|given| v::check_max_seq_length(given, max_positions(model))) {
        section.violation("max_seq_length", violation);
    }
    let max_seq_length = given.map(|given| u64::try_from(given).unwrap_or_default());
    match (dataset, tokens) {
        (Some(path), None) => DataSettings { source: DataSource::Dataset(path), max_seq_length },
        (None, Some(path)) => DataSettings {
            source: DataSource::Tokens(path),
            max_seq_length: Some(or_default(max_seq_length, &v::MAX_SEQ_LENGTH)),
        },
        (dataset, _) => {
            match dataset {
                Some(_) => {
                    section.conflict("tokens", "data.tokens", "data.dataset", "keep the one to train on");
                }
                None => {
                    let remedy = "give the folder of a built dataset, or a list of token ids";
                    section.missing("dataset", "data.dataset or data.tokens", remedy);
                }
            }
            DataSettings { source: DataSource::Dataset(PathBuf::new()), max_seq_length }
        }
    }
}

fn read_adapter(section: &Section<'_>, folder: &Path) -> Option<AdapterSettings> {
    section.word("kind", &[("lora", ())]);
    let adapter = AdapterSettings {
        r: section.count("r", &v::LORA_RANK),
        alpha: section.float("alpha", &v::LORA_ALPHA),
        dropout: section.float("dropout", &v::LORA_DROPOUT),
        targets: section
            .word_or_list("targets", "all-linear")
            .map(|names| names.map_or(Targets::AllLinear, Targets::Named)),
        init: path(section, folder, "init"),
    };
    match (section.is_present(), &adapter.init) {
        (false, _) => None,
        (true, Some(_)) => Some(adapter),
        (true, None) => {
            let named = || Targets::Named(DEFAULT_TARGETS.map(str::to_owned).to_vec());
            Some(AdapterSettings {
                r: Some(or_default(adapter.r, &v::LORA_RANK)),
                alpha: adapter.alpha.or(v::LORA_ALPHA.default_float()),
                dropout: adapter.dropout.or(v::LORA_DROPOUT.default_float()),
                targets: adapter.targets.or_else(|| Some(named())),
                init: None,
            })
        }
    }
}

fn read_train(section: &Section<'_>) -> TrainSettings {
    let count = |key, field| count(section, key, field);
    let float = |key, field: &Field| section.float(key, field).or(field.default_float()).unwrap_or_default();
    let mut train = TrainSettings {
        batch_size: count("batch_size", &v::BATCH_SIZE),
        gradient_accumulation: count("gradient_accumulation", &v::GRADIENT_ACCUMULATION),
        epochs: section.count("epochs", &v::EPOCHS),
        max_steps: section.count("max_steps", &v::MAX_STEPS),
        max_minutes: section.float("max_minutes", &MAX_MINUTES),
        learning_rate: float("learning_rate", &v::LEARNING_RATE),
        schedule: section.word("schedule", &ScheduleKind::WORDS).unwrap_or(ScheduleKind::Linear),
        warmup: read_warmup(section),
        weight_decay: float("weight_decay", &v::WEIGHT_DECAY),
        decay_norms_and_biases: section.boolean("decay_norms_and_biases").unwrap_or(false),
        beta1: float("beta1", &v::BETA1),
        beta2: float("beta2", &v::BETA2),
        epsilon: float("epsilon", &v::EPSILON),
        max_grad_norm: float("max_grad_norm", &v::MAX_GRAD_NORM),
        gradient_checkpointing: section.boolean("gradient_checkpointing").unwrap_or(false),
    };
    if train.epochs.is_none() && train.max_steps.is_none() {
        train.epochs = Some(or_default(None, &v::EPOCHS));
    }
    train
}

fn read_warmup(section: &Section<'_>) -> Warmup {
    let steps = section.count("warmup_steps", &v::WARMUP_STEPS);
    match (steps, section.float("warmup_ratio", &v::WARMUP_RATIO)) {
        (None, Some(ratio)) => Warmup::Ratio(ratio),
        (steps, ratio) => {
            if ratio.is_some() {
                let (key, other) = ("train.warmup_ratio", "train.warmup_steps");
                section.conflict("warmup_ratio", key, other, "keep one of them");
            }
            Warmup::Steps(or_default(steps, &v::WARMUP_STEPS))
        }
    }
}

fn read_eval(section: &Section<'_>, data: &DataSource) -> EvalSettings {
    let every_steps = section.count("every_steps", &v::EVAL_EVERY);
    let max_batches = section.count("max_batches", &v::EVAL_EVERY);
    let patience = section.count("early_stopping_patience", &v::EVAL_EVERY);
    let eval = EvalSettings {
        every_steps,
        max_batches,
        early_stopping_patience: patience,
        restore_best: section.boolean("restore_best").unwrap_or(patience.is_some()),
    };
    match (eval.needs_held_out(), data) {
        (Some(key), DataSource::Tokens(_)) => {
            let remedy = "nothing of a list of token ids is held out to be evaluated: leave the first out, or train on \
                          a dataset";
            section.conflict(key.trim_start_matches("eval."), key, "data.tokens", remedy);
        }
        _ if patience.is_some() && every_steps.is_none() => {
            let remedy = "without evaluations between the first and the last step nothing can end early: write for \
                          example every_steps = 50, or leave eval.early_stopping_patience out";
            section.missing("early_stopping_patience", "eval.every_steps", remedy);
        }
        _ => {}
    }
    eval
}

fn read_checkpoint(section: &Section<'_>) -> CheckpointSettings {
    let every_steps = section.count("every_steps", &v::CHECKPOINT_EVERY);
    let every_minutes = section.float("every_minutes", &v::CHECKPOINT_MINUTES);
    let by_default = || v::CHECKPOINT_MINUTES.default_float().filter(|_| every_steps.is_none());
    CheckpointSettings {
        every_steps,
        every_minutes: every_minutes.or_else(by_default),
        keep: count(section, "keep", &v::KEEP_CHECKPOINTS),
    }
}

/// The type and the lower bound; the upper bound depends on the model.
const SEQUENCE: Field = Field { kind: Kind::Integer { min: 1, max: i64::MAX }, ..v::MAX_SEQ_LENGTH };

/// The model's limit, if it can be read; an invalid model is an error when it is loaded.
fn max_positions(model: &Path) -> Option<i64> {
    let text = codetune_files::read(&model.join("config.json"), codetune_files::SETTINGS).ok()?;
    let config: serde_json::Value = serde_json::from_slice(&text).ok()?;
    config.get("max_position_embeddings")?.as_i64()
}

fn or_default(value: Option<u64>, field: &Field) -> u64 {
    value.or_else(|| u64::try_from(field.default_integer()?).ok()).unwrap_or_default()
}

/// A count, or its default.
fn count(section: &Section<'_>, key: &'static str, field: &Field) -> u64 {
    or_default(section.count(key, field), field)
}

/// A path, relative to the directory of the run file.
fn path(section: &Section<'_>, folder: &Path, key: &'static str) -> Option<PathBuf> {
    let text = section.text(key, &PATH)?;
    // No shell reads a run file, so that a folder of that name would be made.
    if text == "~" || text.starts_with("~/") {
        section.home(key, text);
        return None;
    }
    let path = folder.join(text);
    // Checkpoints, the database and the adapter store paths as Unicode.
    if path.to_str().is_none() {
        section.not_unicode(key, path);
        return None;
    }
    Some(path)
}

/// A path that the run file must contain.
fn required(
    section: &Section<'_>,
    folder: &Path,
    key: &'static str,
    dotted: &'static str,
    remedy: &'static str,
) -> PathBuf {
    path(section, folder, key).unwrap_or_else(|| {
        section.missing(key, dotted, remedy);
        PathBuf::new()
    })
}
