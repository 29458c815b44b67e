//! What training every weight of a model leaves behind.

use std::fs;
use std::path::Path;

use codetune_core::dataset::TokenTape;
use codetune_core::train::{RunConfig, TrainOutcome, TrainedModel, Trainer};
use codetune_tests::{fixture, open_model};

/// What `save_pretrained` of transformers writes beside the weights, for tokenizers old and new.
const BESIDE: [&str; 10] = [
    "added_tokens.json",
    "additional_chat_templates/tool_use.jinja",
    "chat_template.jinja",
    "generation_config.json",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
];

#[test]
fn a_fully_trained_model_has_the_files_that_its_base_had_when_the_run_began() {
    let place = tempfile::tempdir().unwrap();
    let (base, out) = (place.path().join("base"), place.path().join("out"));
    fs::create_dir_all(base.join("additional_chat_templates")).unwrap();
    for name in ["config.json", "model.safetensors"] {
        fs::copy(fixture("peft/llama").join(name), base.join(name)).unwrap();
    }
    for name in BESIDE {
        fs::write(base.join(name), format!("as it was: {name}")).unwrap();
    }
    fs::write(base.join("README.md"), "about the base").unwrap();
    let text = "[model]\npath = 'base'\n[data]\ntokens = 'tokens.json'\nmax_seq_length = 16\n[train]\nbatch_size = 1\n\
                max_steps = 1\nwarmup_steps = 0\n[output]\ndir = 'out'\n";
    let config = RunConfig::parse(text, "run.toml", place.path()).unwrap();
    let model = TrainedModel::new(open_model(&base).unwrap(), &config).unwrap();
    for name in BESIDE {
        fs::write(base.join(name), "changed during the run").unwrap();
    }
    let tape = TokenTape::load(&fixture("peft/llama/tokens.json"), 1, 16, 384).unwrap();
    let outcome = Trainer::new(config, model, Box::new(tape)).unwrap().run(&mut |_: &_| {}).unwrap();
    assert!(matches!(outcome, TrainOutcome::Completed(_)));
    let result = out.join("model");
    let read =
        |name: &str| fs::read_to_string(result.join(name)).unwrap_or_else(|_| panic!("{name} is missing"));
    for name in BESIDE {
        assert_eq!(read(name), format!("as it was: {name}"));
    }
    assert!(!result.join("README.md").exists(), "the base's own description is not the result's");
    open_model(Path::new(&result)).unwrap();
}
