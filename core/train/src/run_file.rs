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
    run_file_section::{Keys, Section, Text},
    schedule::{ScheduleKind, Warmup},
};

type Result<T> = std::result::Result<T, RunFileError>;

const KEYS: &Keys = &[
    ("", &["name", "seed", "model", "data", "adapter", "train", "eval", "checkpoint", "output"]),
    ("model", &["path", "backend", "runtime"]),
    ("data", &["dataset", "tokens", "max_seq_length"]),
    ("adapter", &["kind", "r", "alpha", "dropout", "targets", "init"]),
    (
        "train",
        &[
            "batch_size",
            "gradient_accumulation",
            "epochs",
            "max_steps",
            "max_minutes",
            "learning_rate",
            "schedule",
            "warmup_steps",
            "warmup_ratio",
            "weight_decay",
            "decay_norms_and_biases",
            "beta1",
            "beta2",
            "epsilon",
            "max_grad_norm",
            "gradient_checkpointing",
        ],
    ),
    ("eval", &["every_steps", "max_batches", "early_stopping_patience", "restore_best"]),
    ("checkpoint", &["every_steps", "every_minutes", "keep"]),
    ("output", &["dir"]),
];

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
        let merged = NamedText { name: path.display().to_string(), text }
            .with(settings)
            .map_err(RunFileError::Setting)?;
        Self::parse(&merged.text, &merged.name, folder)
    }

    /// Parses a run file. `file` is its name in errors, and relative paths start from `folder`.
    ///
    /// # Errors
    /// The text is not TOML, or contains an unknown key or an invalid value.
    pub fn parse(text: &str, file: &str, folder: &Path) -> Result<Self> {
        let text = Text { file, text };
        let table = DeTable::parse(text.text).map_err(|error| RunFileError::Syntax {
            place: text.place(error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        })?;
        let root = Section::root(text, table.get_ref());
        let sections = Sections {
            model: root.section("model")?,
            data: root.section("data")?,
            adapter: root.section("adapter")?,
            train: root.section("train")?,
            eval: root.section("eval")?,
            checkpoint: root.section("checkpoint")?,
            output: root.section("output")?,
            root,
        };
        sections.refuse_unknown()?;
        sections.read(folder)
    }
}

struct Sections<'a> {
    root: Section<'a>,
    model: Section<'a>,
    data: Section<'a>,
    adapter: Section<'a>,
    train: Section<'a>,
    eval: Section<'a>,
    checkpoint: Section<'a>,
    output: Section<'a>,
}

impl Sections<'_> {
    fn refuse_unknown(&self) -> Result<()> {
        let Self { root, model, data, adapter, train, eval, checkpoint, output } = self;
        [root, model, data, adapter, train, eval, checkpoint, output]
            .into_iter()
            .try_for_each(|section| section.refuse_unknown(KEYS))
    }

    fn read(&self, folder: &Path) -> Result<RunConfig> {
        let model = self.read_model(folder)?;
        let data = self.read_data(folder, &model.path)?;
        Ok(RunConfig {
            name: self.root.text("name", &v::RUN_NAME)?,
            seed: or_default(self.root.count("seed", &v::SEED)?, &v::SEED),
            adapter: self.read_adapter(folder)?,
            train: self.read_train()?,
            eval: self.read_eval(&data.source)?,
            checkpoint: self.read_checkpoint()?,
            output: OutputSettings {
                dir: required(&self.output, folder, "dir", "output.dir", "name a folder for the results")?,
            },
            model,
            data,
        })
    }

    fn read_model(&self, folder: &Path) -> Result<ModelSettings> {
        let backend = self.model.text("backend", &PATH)?;
        if let Some(name) = &backend {
            v::check_plugin_name(name).map_err(|violation| self.model.violation("backend", violation))?;
        }
        let runtimes = Runtime::ALL.map(|runtime| (runtime.as_str(), runtime));
        let remedy = "name a folder with config.json, safetensors and tokenizer.json";
        Ok(ModelSettings {
            path: required(&self.model, folder, "path", "model.path", remedy)?,
            backend,
            runtime: self.model.word("runtime", &runtimes)?,
        })
    }

    fn read_data(&self, folder: &Path, model: &Path) -> Result<DataSettings> {
        let dataset = path(&self.data, folder, "dataset")?;
        let tokens = path(&self.data, folder, "tokens")?;
        let given = self.data.integer("max_seq_length", &SEQUENCE)?;
        if let Some(given) = given {
            v::check_max_seq_length(given, max_positions(model))
                .map_err(|violation| self.data.violation("max_seq_length", violation))?;
        }
        let max_seq_length = given.map(|given| u64::try_from(given).unwrap_or_default());
        let remedy = "give the folder of a built dataset, or a list of token ids";
        match (dataset, tokens) {
            (Some(_), Some(_)) => Err(RunFileError::Conflict {
                place: self.data.place_of("tokens"),
                key: "data.tokens",
                other: "data.dataset",
                remedy: "keep the one to train on",
            }),
            (None, None) => Err(RunFileError::Missing {
                place: self.data.place_of("dataset"),
                key: "data.dataset or data.tokens",
                remedy,
            }),
            (Some(path), None) => Ok(DataSettings { source: DataSource::Dataset(path), max_seq_length }),
            (None, Some(path)) => Ok(DataSettings {
                source: DataSource::Tokens(path),
                max_seq_length: Some(or_default(max_seq_length, &v::MAX_SEQ_LENGTH)),
            }),
        }
    }

    fn read_adapter(&self, folder: &Path) -> Result<Option<AdapterSettings>> {
        let section = &self.adapter;
        if !section.is_present() {
            return Ok(None);
        }
        section.word("kind", &[("lora", ())])?;
        let init = path(section, folder, "init")?;
        let mut adapter = AdapterSettings {
            r: section.count("r", &v::LORA_RANK)?,
            alpha: section.float("alpha", &v::LORA_ALPHA)?,
            dropout: section.float("dropout", &v::LORA_DROPOUT)?,
            targets: section
                .word_or_list("targets", "all-linear")?
                .map(|names| names.map_or(Targets::AllLinear, Targets::Named)),
            init,
        };
        if adapter.init.is_none() {
            adapter.r = adapter.r.or_else(|| Some(or_default(None, &v::LORA_RANK)));
            adapter.alpha = adapter.alpha.or(v::LORA_ALPHA.default_float());
            adapter.dropout = adapter.dropout.or(v::LORA_DROPOUT.default_float());
            let named = || Targets::Named(DEFAULT_TARGETS.map(str::to_owned).to_vec());
            adapter.targets = adapter.targets.or_else(|| Some(named()));
        }
        Ok(Some(adapter))
    }

    fn read_train(&self) -> Result<TrainSettings> {
        let section = &self.train;
        let count = |key, field: &Field| Ok(or_default(section.count(key, field)?, field));
        let float =
            |key, field: &Field| Ok(section.float(key, field)?.or(field.default_float()).unwrap_or_default());
        let max_steps = section.count("max_steps", &v::MAX_STEPS)?;
        let epochs = section.count("epochs", &v::EPOCHS)?;
        let by_default = || max_steps.is_none().then(|| or_default(None, &v::EPOCHS));
        Ok(TrainSettings {
            batch_size: count("batch_size", &v::BATCH_SIZE)?,
            gradient_accumulation: count("gradient_accumulation", &v::GRADIENT_ACCUMULATION)?,
            epochs: epochs.or_else(by_default),
            max_steps,
            max_minutes: section.float("max_minutes", &MAX_MINUTES)?,
            learning_rate: float("learning_rate", &v::LEARNING_RATE)?,
            schedule: section.word("schedule", &ScheduleKind::WORDS)?.unwrap_or(ScheduleKind::Linear),
            warmup: self.read_warmup()?,
            weight_decay: float("weight_decay", &v::WEIGHT_DECAY)?,
            decay_norms_and_biases: section.boolean("decay_norms_and_biases")?.unwrap_or(false),
            beta1: float("beta1", &v::BETA1)?,
            beta2: float("beta2", &v::BETA2)?,
            epsilon: float("epsilon", &v::EPSILON)?,
            max_grad_norm: float("max_grad_norm", &v::MAX_GRAD_NORM)?,
            gradient_checkpointing: section.boolean("gradient_checkpointing")?.unwrap_or(false),
        })
    }

    fn read_warmup(&self) -> Result<Warmup> {
        let steps = self.train.count("warmup_steps", &v::WARMUP_STEPS)?;
        match (steps, self.train.float("warmup_ratio", &v::WARMUP_RATIO)?) {
            (Some(_), Some(_)) => Err(RunFileError::Conflict {
                place: self.train.place_of("warmup_ratio"),
                key: "train.warmup_ratio",
                other: "train.warmup_steps",
                remedy: "keep one of them",
            }),
            (None, Some(ratio)) => Ok(Warmup::Ratio(ratio)),
            (steps, None) => Ok(Warmup::Steps(or_default(steps, &v::WARMUP_STEPS))),
        }
    }

    fn read_checkpoint(&self) -> Result<CheckpointSettings> {
        let section = &self.checkpoint;
        let every_steps = section.count("every_steps", &v::CHECKPOINT_EVERY)?;
        let every_minutes = section.float("every_minutes", &v::CHECKPOINT_MINUTES)?;
        let by_default = || v::CHECKPOINT_MINUTES.default_float().filter(|_| every_steps.is_none());
        Ok(CheckpointSettings {
            every_steps,
            every_minutes: every_minutes.or_else(by_default),
            keep: or_default(section.count("keep", &v::KEEP_CHECKPOINTS)?, &v::KEEP_CHECKPOINTS),
        })
    }

    fn read_eval(&self, data: &DataSource) -> Result<EvalSettings> {
        let section = &self.eval;
        let patience = section.count("early_stopping_patience", &v::EVAL_EVERY)?;
        let config = EvalSettings {
            every_steps: section.count("every_steps", &v::EVAL_EVERY)?,
            max_batches: section.count("max_batches", &v::EVAL_EVERY)?,
            early_stopping_patience: patience,
            restore_best: section.boolean("restore_best")?.unwrap_or(patience.is_some()),
        };
        match (config.needs_held_out(), data) {
            (Some(key), DataSource::Tokens(_)) => Err(RunFileError::Conflict {
                place: section.place_of(key.trim_start_matches("eval.")),
                key,
                other: "data.tokens",
                remedy: "nothing of a list of token ids is held out to be evaluated: leave the first out, or \
                          train on a dataset",
            }),
            _ if patience.is_some() && config.every_steps.is_none() => Err(RunFileError::Missing {
                place: section.place_of("early_stopping_patience"),
                key: "eval.every_steps",
                remedy: "without evaluations between the first and the last step nothing can end early: write \
                          for example every_steps = 50, or leave eval.early_stopping_patience out",
            }),
            _ => Ok(config),
        }
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

/// A path, relative to the directory of the run file.
fn path(section: &Section<'_>, folder: &Path, key: &'static str) -> Result<Option<PathBuf>> {
    let Some(text) = section.text(key, &PATH)? else { return Ok(None) };
    // No shell reads a run file, so that a folder of that name would be made.
    if text == "~" || text.starts_with("~/") {
        return Err(section.home(key, text.to_string()));
    }
    let path = folder.join(text);
    // Checkpoints, the database and the adapter store paths as Unicode.
    match path.to_str() {
        Some(_) => Ok(Some(path)),
        None => Err(section.not_unicode(key, path)),
    }
}

fn required(
    section: &Section<'_>,
    folder: &Path,
    key: &'static str,
    dotted: &'static str,
    remedy: &'static str,
) -> Result<PathBuf> {
    match path(section, folder, key)? {
        Some(path) => Ok(path),
        None => Err(RunFileError::Missing { place: section.place_of(key), key: dotted, remedy }),
    }
}
