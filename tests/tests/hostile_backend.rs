//! A training backend that asks for what no host should give is refused before anything of it is made.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use codetune_core::model::{
    DropoutKey, MemoryBudget, Model, ModelConfig, ModelError, PassMode, Request, Sampling, create_model,
};
use codetune_core::plugin::{Plugin, PluginDirectories, Registry, Trust};
use codetune_core::validate::{Blame, Whole};
use codetune_tests::{HOSTILE_COMPONENT, Tokens};

/// What the tensors of these models may take: a thousand times what the sound one needs.
const BUDGET: MemoryBudget = MemoryBudget::bytes(64 << 20);

fn hostile(folder: &Path) -> Arc<Plugin> {
    let mut registry = Registry::new(PluginDirectories::below(folder), Trust::default());
    registry.register_embedded("hostile", HOSTILE_COMPONENT);
    registry.ready("tests/hostile-backend").unwrap()
}

/// Makes the model in `folder`.
fn create(folder: &Path, attack: &str, budget: MemoryBudget) -> Result<(), ModelError> {
    let plugin = hostile(folder);
    let json = format!(r#"{{"architectures": ["Hostile"], "attack": "{attack}"}}"#);
    let config = ModelConfig::parse(folder.join("config.json"), json).unwrap();
    let open = |json: &str, host| plugin.backend(json, host);
    create_model(&open, &config, 0, &folder.join("model"), budget).map(drop)
}

fn open(folder: &Path, attack: &str) -> Model {
    create(folder, attack, BUDGET).unwrap();
    let plugin = hostile(folder);
    Model::open(&|json, host| plugin.backend(json, host), &folder.join("model"), BUDGET).unwrap()
}

fn generate(model: &mut Model, tokens: usize) -> Result<usize, ModelError> {
    let request =
        Request { prompt: &[1, 2, 3], max_new_tokens: tokens, stop: &[], sampling: Sampling::default() };
    let generated = model.generate(&request, &mut |_| ControlFlow::Continue(()), &AtomicBool::new(false));
    generated.map(|generated| generated.tokens.len())
}

#[test]
fn a_plan_that_cannot_be_is_refused_before_a_model_is_made() {
    for (attack, told) in [
        ("overflow", "other.weight of the shape [1099511627776, 1073741824], which no machine holds"),
        ("metadata", "a parameter named __metadata__"),
        ("twice", "the parameter embed.weight twice"),
        ("deviation", "initial values of the deviation NaN"),
        ("nothing", "of the shape [0, 8], which holds nothing"),
        ("blocks", "`blocks` 4294967295; 0 to 10000 are possible"),
        ("vocabulary", "`vocabulary` 18446744073709551615"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let error = create(folder.path(), attack, MemoryBudget::UNLIMITED).unwrap_err().whole();
        assert!(error.contains("tests/hostile-backend") && error.contains(told), "{error}");
        assert!(error.contains("report this to the plugin's author"), "{error}");
        assert!(!folder.path().join("model").exists(), "{attack}");
    }
}

#[test]
fn a_model_larger_than_the_budget_is_refused_before_it_is_filled() {
    for (attack, needs) in [("fill", "20.0 GiB"), ("large", "4096.0 TiB")] {
        let folder = tempfile::tempdir().unwrap();
        let error = create(folder.path(), attack, MemoryBudget::bytes(8 << 30)).unwrap_err().whole();
        assert!(error.contains(&format!("the model needs {needs} of memory")), "{error}");
        assert!(error.contains("8.0 GiB for tensors") && error.contains("--memory"), "{error}");
        assert!(!folder.path().join("model").exists(), "{attack}");
    }
}

#[test]
fn an_operation_whose_result_is_too_large_is_refused_before_it_is_made() {
    for attack in ["add", "mul", "matmul", "cat", "keep", "views", "tables"] {
        let folder = tempfile::tempdir().unwrap();
        let mut model = open(folder.path(), attack);
        for training in [true, false] {
            let key = DropoutKey { seed: 0, step: 0, micro_batch: 0 };
            let mode = if training { PassMode::Train(key) } else { PassMode::Evaluate };
            let tokens = Tokens::new(1, 4, &[1, 2, 3, 4]);
            let error = model.loss(&tokens.batch(), mode).unwrap_err();
            assert!(matches!(error, ModelError::Memory { .. }), "{attack}: {error}");
            assert_eq!(error.blame(), Blame::Limit, "{attack}");
            let error = error.whole();
            assert!(error.contains("of the 64.0 MiB for tensors are left"), "{attack}: {error}");
        }
    }
}

#[test]
fn keys_and_values_that_a_generation_keeps_count() {
    let folder = tempfile::tempdir().unwrap();
    let error = generate(&mut open(folder.path(), "slots"), 2).unwrap_err();
    assert_eq!(error.blame(), Blame::Limit, "{error}");
    let error = error.whole();
    assert!(error.contains("of the 64.0 MiB for tensors are left"), "{error}");
}

#[test]
fn answers_of_another_shape_are_refused_with_the_one_that_is_needed() {
    for (attack, told) in [
        ("turned", "first hidden state is [1, 8, 3]; [1, 3, hidden] is needed"),
        ("narrower", "block 0 made [1, 3, 4] of [1, 3, 8]"),
        ("logits", "logits are [1, 1, 64]; [1, 1, 32] is needed"),
        ("frequencies", "262144 frequencies do not rotate heads of 8"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let error = generate(&mut open(folder.path(), attack), 2).unwrap_err();
        assert_eq!(error.blame(), Blame::Plugin, "{attack}: {error}");
        let error = error.whole();
        assert!(error.contains(told), "{attack}: {error}");
    }
}

#[test]
fn the_sound_model_beside_them_generates() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(generate(&mut open(folder.path(), "none"), 5).unwrap(), 5);
}
