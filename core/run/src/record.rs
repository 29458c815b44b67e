use std::path::Path;

use codetune_dataset::Dataset;
use codetune_model::ModelConfig;
use codetune_plugin::{Digest, PluginIdentity};
use codetune_store::{NewConfig, NewDataset, RunId, RunStart, Settings, Store};
use codetune_train::RunConfig;
use codetune_validate as v;
use serde_json::json;

use super::error::RunError;

/// The recorded facts about the training data.
pub(super) struct DataFacts {
    name: String,
    max_seq_length: u64,
    dataset: Option<NewDataset>,
    fim_rate: Option<f64>,
    held_out: Option<f64>,
    vocab_size: Option<u64>,
}

impl DataFacts {
    /// For a list of token ids.
    pub fn of_tape(path: &Path, max_seq_length: u64) -> Result<Self, RunError> {
        let name = name(path)?;
        Ok(DataFacts {
            name,
            max_seq_length,
            dataset: None,
            fim_rate: None,
            held_out: None,
            vocab_size: None,
        })
    }

    /// For a dataset.
    pub fn of_dataset(path: &Path, dataset: &Dataset, digest: Digest) -> Result<Self, RunError> {
        let name = name(path)?;
        let ledger =
            serde_json::to_value(dataset.ledger()).map_err(|error| RunError::read(path)(error.into()))?;
        let config = dataset.config();
        Ok(DataFacts {
            max_seq_length: config.max_seq_length as u64,
            fim_rate: Some(config.fim_rate),
            held_out: Some(config.held_out),
            vocab_size: Some(dataset.tokenizer().vocab_size() as u64),
            dataset: Some(NewDataset { name: name.clone(), manifest_digest: digest.hex(), ledger }),
            name,
        })
    }
}

/// The name of a file or directory, under which the store records it. It is used unchanged or rejected.
fn name(path: &Path) -> Result<String, RunError> {
    // `..` has no name, but its target does.
    let named = match path.file_name() {
        Some(_) => path.to_owned(),
        None => path.canonicalize().map_err(RunError::read(path))?,
    };
    let name = named.file_name().unwrap_or_default().to_string_lossy();
    let refused = |violation| RunError::DataName { path: path.to_owned(), violation };
    v::DATASET_NAME.check_text(&name).map(str::to_owned).map_err(refused)
}

/// Records a new run with its plugins and dataset, atomically.
pub(super) fn start(
    store: &Store,
    config: &RunConfig,
    recorded: &NewConfig,
    data: &DataFacts,
    plugins: &[PluginIdentity],
) -> Result<RunId, RunError> {
    let kind = if config.adapter.is_some() { "lora" } else { "full" };
    Ok(store.start_run_with(&RunStart {
        config: recorded,
        kind,
        name: config.name.as_deref(),
        output: config.output.dir.to_str(),
        plugins,
        dataset: data.dataset.as_ref(),
    })?)
}

/// The recorded values of a configuration with this many warm-up steps: all of `[train]` that are fields of the table of
/// bounds, and others by name.
pub(super) fn of(config: &RunConfig, model: &ModelConfig, data: &DataFacts, warmup_steps: u64) -> NewConfig {
    let described: serde_json::Value = serde_json::from_str(&model.json).unwrap_or_default();
    let positions = described.get("max_position_embeddings").and_then(serde_json::Value::as_i64);
    let adapter = config.adapter.as_ref();
    let whole = json!({ "run": config.to_json(), "model": described });
    let new = NewConfig::new(&model.architecture, &data.name, whole);
    let settings = Settings::default()
        .with_fields(&config.to_json()["train"])
        .with(&v::SEED, config.seed)
        .with(&v::WARMUP_STEPS, warmup_steps)
        .with(&v::MAX_SEQ_LENGTH, data.max_seq_length)
        .with_some(&v::MAX_POSITION_EMBEDDINGS, positions)
        .with_some(&v::LORA_RANK, adapter.and_then(|adapter| adapter.r))
        .with_some(&v::LORA_ALPHA, adapter.and_then(|adapter| adapter.alpha))
        .with_some(&v::LORA_DROPOUT, adapter.and_then(|adapter| adapter.dropout))
        .with_some(&v::FIM_RATE, data.fim_rate)
        .with_some(&v::HELD_OUT, data.held_out)
        .with_some(&v::VOCAB_SIZE, data.vocab_size)
        // No such code is generated yet.
        .with(&v::AMPHIGORY_RATIO, 0.0);
    let settings =
        if config.train.max_grad_norm > 0.0 { settings } else { settings.without(&v::MAX_GRAD_NORM) };
    NewConfig { settings, ..new }
}

#[cfg(test)]
mod tests {
    use codetune_dataset::DatasetConfig;

    use codetune_validate::Whole;

    use super::*;

    #[test]
    fn what_a_dataset_is_built_with_can_be_recorded_and_nothing_else() {
        let text = "[model]\npath = 'm'\n[data]\ndataset = 'd'\n[output]\ndir = 'o'\n";
        let config = RunConfig::parse(text, "run.toml", Path::new("/")).unwrap();
        let model = ModelConfig::parse("config.json".into(), r#"{"architectures": ["A"]}"#.into()).unwrap();
        for value in [-0.1, 0.0, 0.5, 0.9, 0.95, 1.0, 1.1, f64::NAN] {
            for (held_out, fim_rate) in [(value, 0.0), (0.1, value)] {
                let facts = DataFacts {
                    held_out: Some(held_out),
                    fim_rate: Some(fim_rate),
                    ..DataFacts::of_tape(Path::new("d"), 128).unwrap()
                };
                let built = DatasetConfig { held_out, fim_rate, ..DatasetConfig::default() }.check();
                let recorded = of(&config, &model, &facts, 0).check();
                assert_eq!(built.is_ok(), recorded.is_ok(), "{held_out} {fim_rate}: {built:?} {recorded:?}");
            }
        }
    }

    #[test]
    fn what_a_run_is_trained_with_is_recorded() {
        let text = "seed = 7\n[model]\npath = 'm'\n[data]\ntokens = 't'\n[output]\ndir = 'o'\n[adapter]\nr = 4\n\
                    [train]\nmax_steps = 9\nwarmup_ratio = 0.5\nlearning_rate = 0.3\nmax_grad_norm = 0.0\n\
                    schedule = 'cosine'\nmax_minutes = 2.0\n";
        let config = RunConfig::parse(text, "run.toml", Path::new("/")).unwrap();
        let json = r#"{"architectures": ["A"], "max_position_embeddings": 64}"#;
        let model = ModelConfig::parse("config.json".into(), json.into()).unwrap();
        let recorded = of(&config, &model, &DataFacts::of_tape(Path::new("d"), 32).unwrap(), 5);
        recorded.check().unwrap();
        let settings = &recorded.settings;
        for (field, value) in [
            (v::AMPHIGORY_RATIO, 0.0.into()),
            (v::BATCH_SIZE, 16.into()),
            (v::BETA1, 0.9.into()),
            (v::BETA2, 0.999.into()),
            (v::EPSILON, 1e-8.into()),
            (v::GRADIENT_ACCUMULATION, 1.into()),
            (v::LEARNING_RATE, 0.3.into()),
            (v::LORA_ALPHA, 32.0.into()),
            (v::LORA_DROPOUT, 0.05.into()),
            (v::LORA_RANK, 4.into()),
            (v::MAX_POSITION_EMBEDDINGS, 64.into()),
            (v::MAX_SEQ_LENGTH, 32.into()),
            (v::MAX_STEPS, 9.into()),
            (v::SEED, 7.into()),
            (v::WARMUP_RATIO, 0.5.into()),
            (v::WARMUP_STEPS, 5.into()),
            (v::WEIGHT_DECAY, 0.01.into()),
        ] {
            assert_eq!(settings.get(&field), Some(value), "{}", field.name);
        }
        for field in [v::EPOCHS, v::MAX_GRAD_NORM, v::FIM_RATE, v::HELD_OUT, v::VOCAB_SIZE] {
            assert_eq!(settings.get(&field), None, "{}", field.name);
        }
    }

    #[test]
    fn data_is_recorded_by_its_own_name_or_refused() {
        let recorded = |path: &str| DataFacts::of_tape(Path::new(path), 128).map(|facts| facts.name);
        for path in ["/x/data", "/x/a.b-c_d", "/x/1"] {
            assert_eq!(recorded(path).unwrap(), path.rsplit('/').next().unwrap());
        }
        let long = "/x/".to_owned() + &"n".repeat(101);
        for path in ["/x/my data", "/x/tokens (1).json", "/x/d\u{e4}ten", "/x/new\nline", long.as_str()] {
            let error = recorded(path).unwrap_err().whole();
            assert!(
                error.contains("cannot be recorded by its name") && error.ends_with("rename it"),
                "{error}"
            );
        }
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("data/deep");
        std::fs::create_dir_all(&inner).unwrap();
        assert_eq!(DataFacts::of_tape(&inner.join(".."), 128).unwrap().name, "data");
    }
}
