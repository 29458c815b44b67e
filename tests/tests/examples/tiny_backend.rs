use std::path::Path;
use std::sync::Arc;

use codetune_core::dataset::TokenTape;
use codetune_core::model::{MemoryBudget, Model, ModelConfig, create_model};
use codetune_core::plugin::{Plugin, PluginDirectories, Registry, Runtime, Trust};
use codetune_core::train::{Event, RunConfig, TrainOutcome, TrainedModel, Trainer};
use codetune_tests::{TINY_COMPONENT, TINY_LIBRARY};
use tiny_backend as _;

const CONFIG: &str = r#"{
    "architectures": ["TinyForCausalLM"], "model_type": "tiny", "hidden_size": 32, "num_hidden_layers": 2,
    "num_attention_heads": 2, "vocab_size": 16, "max_position_embeddings": 64
}"#;

fn plugin(folder: &Path, runtime: Runtime) -> Arc<Plugin> {
    let mut registry = Registry::new(PluginDirectories::below(folder), Trust::default());
    match runtime {
        Runtime::Builtin => registry.register_builtins(|name| name == "examples/tiny"),
        Runtime::Native => registry.register_embedded("tiny", TINY_LIBRARY),
        Runtime::Wasm => registry.register_embedded("tiny", TINY_COMPONENT),
    }
    registry.backend_for("TinyForCausalLM").unwrap().unwrap()
}

/// The losses of training on a text that repeats, from new weights; `adapter` is a table of the run file.
fn losses(runtime: Runtime, adapter: &str) -> Vec<f64> {
    let folder = tempfile::tempdir().unwrap();
    let plugin = plugin(folder.path(), runtime);
    let model = folder.path().join("model");
    let config = ModelConfig::parse(model.join("config.json"), CONFIG.to_owned()).unwrap();
    create_model(
        &|config, host| plugin.backend(config, host),
        &config,
        7,
        &model,
        MemoryBudget::of_machine(),
    )
    .unwrap();
    let tape: Vec<u32> = (0..1024).map(|place| (place * place / 3 + place) % 16).collect();
    std::fs::write(folder.path().join("tape.json"), serde_json::to_string(&tape).unwrap()).unwrap();
    let text = format!(
        "[model]\npath = 'model'\n[data]\ntokens = 'tape.json'\nmax_seq_length = 32\n{adapter}\n\
         [train]\nbatch_size = 4\nmax_steps = 30\nlearning_rate = 1e-2\nwarmup_steps = 0\n\
         [output]\ndir = 'out'\n"
    );
    let run = RunConfig::parse(&text, "run.toml", folder.path()).unwrap();
    let opened =
        Model::open(&|config, host| plugin.backend(config, host), &model, MemoryBudget::of_machine())
            .unwrap();
    let data = TokenTape::load(&folder.path().join("tape.json"), 4, 32, 16).unwrap();
    let mut trainer =
        Trainer::new(run.clone(), TrainedModel::new(opened, &run).unwrap(), Box::new(data)).unwrap();
    let mut losses = Vec::new();
    let outcome = trainer.run(&mut |event: &Event| {
        if let Event::Step(step) = event {
            losses.push(step.loss);
        }
    });
    assert!(matches!(outcome.unwrap(), TrainOutcome::Completed(_)));
    losses
}

#[test]
fn the_backend_to_copy_trains_with_equal_bits_in_every_runtime() {
    let builtin = losses(Runtime::Builtin, "");
    let (first, last) = (builtin[0], builtin[29]);
    assert!((first - 16f64.ln()).abs() < 0.2, "new weights know nothing: {first}");
    assert!(last < first * 0.7, "{first} to {last}");
    assert_eq!(builtin, losses(Runtime::Native, ""));
    assert_eq!(builtin, losses(Runtime::Wasm, ""));
}

#[test]
fn it_gets_lora_on_any_projection_with_nothing_more_to_write() {
    for targets in ["'all-linear'", "['up_proj']"] {
        let losses = losses(Runtime::Wasm, &format!("[adapter]\ndropout = 0.0\ntargets = {targets}\n"));
        assert!(losses[29] < losses[0], "{targets}: {} to {}", losses[0], losses[29]);
    }
}
