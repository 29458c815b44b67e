//! Models with a real architecture: checkpoints, generation, recomputation, merging.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use candle_core::Tensor;
use codetune_core::model::{
    DropoutKey, Finish, LoraConfig, MemoryBudget, ModelConfig, ModelError, PassMode, Request, Sampling,
    Targets, create_model,
};
use codetune_core::plugin::Runtime;
use codetune_tests::{Tokens, decoder, fixture, open_model};

const KEY: DropoutKey = DropoutKey { seed: 3, step: 5, micro_batch: 1 };

fn vector(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// The largest difference, relative to the largest value.
fn apart(a: &Tensor, b: &Tensor) -> f32 {
    let (a, b) = (vector(a), vector(b));
    assert_eq!(a.len(), b.len());
    let largest = b.iter().fold(0f32, |max, v| max.max(v.abs()));
    a.iter().zip(&b).fold(0f32, |max, (a, b)| max.max((a - b).abs())) / largest
}

fn create(folder: &Path, seed: u64) {
    let decoder = decoder(Runtime::Builtin);
    let config = ModelConfig::read(&fixture("peft/llama")).unwrap();
    create_model(
        &|config, host| decoder.backend(config, host),
        &config,
        seed,
        folder,
        MemoryBudget::of_machine(),
    )
    .unwrap();
}

fn ids(count: usize) -> Vec<u32> {
    (0..count as u32).map(|i| (i * 37 + i * i * 11) % 384).collect()
}

#[test]
fn a_new_model_follows_from_its_seed_byte_for_byte() {
    let folders = [1u64, 1, 2].map(|seed| {
        let folder = tempfile::tempdir().unwrap();
        create(folder.path(), seed);
        fs::read(folder.path().join("model.safetensors")).unwrap()
    });
    assert_eq!(folders[0], folders[1]);
    assert_ne!(folders[0], folders[2]);
}

#[test]
fn a_saved_model_opens_with_the_same_logits() {
    let mut model = open_model(&fixture("peft/qwen2")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    let tokens = Tokens::new(1, 9, &ids(9));
    let mut again = open_model(folder.path()).unwrap();
    let (before, after) = (model.logits(&tokens.batch()).unwrap(), again.logits(&tokens.batch()).unwrap());
    assert_eq!(vector(&before), vector(&after));
}

#[test]
fn a_new_model_is_not_written_over_another_in_one_file_or_in_several() {
    let decoder = decoder(Runtime::Builtin);
    let config = ModelConfig::read(&fixture("peft/llama")).unwrap();
    for name in [
        "config.json",
        "model.safetensors",
        "model-00001-of-00002.safetensors",
        "model.safetensors.index.json",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, "theirs").unwrap();
        let error = create_model(
            &|config, host| decoder.backend(config, host),
            &config,
            2,
            folder.path(),
            MemoryBudget::of_machine(),
        );
        assert!(matches!(error, Err(ModelError::Exists { path: found }) if found == path));
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{name}");
    }
}

#[test]
fn a_truncated_checkpoint_is_named() {
    let folder = tempfile::tempdir().unwrap();
    create(folder.path(), 1);
    let path = folder.path().join("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    for length in [0, 4, 100, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        let error = open_model(folder.path()).err().unwrap();
        assert!(matches!(error, ModelError::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains("model.safetensors"), "{error}");
    }
}

#[test]
fn weights_of_another_model_are_named_until_the_list_grows_long() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(fixture("peft/qwen2/config.json"), folder.path().join("config.json")).unwrap();
    fs::copy(fixture("peft/llama/model.safetensors"), folder.path().join("model.safetensors")).unwrap();
    let error = open_model(folder.path()).err().unwrap().to_string();
    assert!(error.contains("lm_head.weight [384, 64] is missing"), "{error}");
    assert!(error.contains("model.embed_tokens.weight is [384, 48] where [384, 64] is needed"), "{error}");
    assert!(error.contains("and 23 more"), "a long list is counted: {error}");
}

#[test]
fn cached_generation_chooses_as_the_whole_forward_pass_does() {
    for name in ["peft/qwen2", "peft/llama"] {
        let mut model = open_model(&fixture(name)).unwrap();
        let prompt = ids(7);
        let request =
            Request { prompt: &prompt, max_new_tokens: 20, stop: &[], sampling: Sampling::default() };
        let mut heard = Vec::new();
        let cancel = AtomicBool::new(false);
        let mut hear = |token| {
            heard.push(token);
            ControlFlow::Continue(())
        };
        let generated = model.generate(&request, &mut hear, &cancel).unwrap();
        assert_eq!((generated.tokens.len(), generated.finish), (20, Finish::Length));
        assert_eq!(heard, generated.tokens);
        let mut all = prompt.clone();
        for token in generated.tokens {
            let tokens = Tokens::new(1, all.len(), &all);
            let logits = model.logits(&tokens.batch()).unwrap().squeeze(0).unwrap();
            let last = vector(&logits.get(all.len() - 1).unwrap());
            let best = last.iter().fold(f32::MIN, |max, v| max.max(*v));
            // Equal but for rounding: the chosen one is the best, or as good.
            assert!(best - last[token as usize] <= 1e-5 * best.abs(), "{token}");
            all.push(token);
        }
    }
}

#[test]
fn generation_ends_at_a_stop_token_or_when_cancelled() {
    let mut model = open_model(&fixture("peft/llama")).unwrap();
    let prompt = ids(7);
    let mut request =
        Request { prompt: &prompt, max_new_tokens: 5, stop: &[], sampling: Sampling::default() };
    let cancel = AtomicBool::new(false);
    let first = model.generate(&request, &mut |_| ControlFlow::Continue(()), &cancel).unwrap().tokens[0];
    let stop = [first];
    request.stop = &stop;
    let generated = model.generate(&request, &mut |_| ControlFlow::Continue(()), &cancel).unwrap();
    assert_eq!((generated.tokens.len(), generated.finish), (0, Finish::Stop(first)));
    request.stop = &[];
    let generated = model.generate(&request, &mut |_| ControlFlow::Break(()), &cancel).unwrap();
    assert_eq!((generated.tokens, generated.finish), (vec![first], Finish::Cancelled));
    let cancel = AtomicBool::new(true);
    assert_eq!(
        model.generate(&request, &mut |_| ControlFlow::Continue(()), &cancel).unwrap().finish,
        Finish::Cancelled
    );
}

#[test]
fn recomputed_gradients_equal_plain_ones_with_dropout() {
    let mut model = open_model(&fixture("peft/qwen2")).unwrap();
    let config = LoraConfig { dropout: 0.3, targets: Targets::AllLinear, ..LoraConfig::default() };
    model.load_adapter(&fixture("peft/qwen2/trained")).unwrap();
    let mut adapter = model.parameters().adapter().unwrap();
    adapter.config = config;
    model.set_adapter(&adapter).unwrap();
    let tokens = Tokens::new(2, 16, &ids(32));
    let plain = model.gradients(&tokens.batch(), KEY, 1.0, false).unwrap();
    let recomputed = model.gradients(&tokens.batch(), KEY, 1.0, true).unwrap();
    assert_eq!((plain.sum, plain.labels), (recomputed.sum, recomputed.labels));
    for (a, b) in plain.gradients.iter().zip(&recomputed.gradients) {
        assert!(apart(a.as_ref().unwrap(), b.as_ref().unwrap()) <= 1e-6);
    }
    let other = model.gradients(&tokens.batch(), DropoutKey { step: 6, ..KEY }, 1.0, false).unwrap();
    assert_ne!(plain.sum, other.sum);
}

#[test]
fn recomputed_gradients_equal_plain_ones_when_a_tied_model_is_trained_whole() {
    let mut model = open_model(&fixture("peft/llama")).unwrap();
    model.train_all().unwrap();
    let tokens = Tokens::new(2, 16, &ids(32));
    let plain = model.gradients(&tokens.batch(), KEY, 1.0, false).unwrap();
    let recomputed = model.gradients(&tokens.batch(), KEY, 1.0, true).unwrap();
    assert_eq!(plain.gradients.len(), 20);
    for (a, b) in plain.gradients.iter().zip(&recomputed.gradients) {
        assert!(apart(a.as_ref().unwrap(), b.as_ref().unwrap()) <= 1e-5);
    }
}

#[test]
fn a_merged_model_computes_what_the_adapted_one_did() {
    let mut model = open_model(&fixture("peft/qwen2")).unwrap();
    let tokens = Tokens::new(1, 12, &ids(12));
    let base = model.logits(&tokens.batch()).unwrap();
    model.load_adapter(&fixture("peft/qwen2/trained")).unwrap();
    let adapted = model.logits(&tokens.batch()).unwrap();
    model.merge_adapter().unwrap();
    assert!(model.trainable().is_empty());
    assert!(apart(&model.logits(&tokens.batch()).unwrap(), &adapted) <= 1e-5);
    assert!(apart(&base, &adapted) > 1e-4);
}

#[test]
fn a_new_adapter_changes_nothing_until_it_is_trained() {
    let mut model = open_model(&fixture("peft/llama")).unwrap();
    let tokens = Tokens::new(1, 12, &ids(12));
    let base = model.loss(&tokens.batch(), PassMode::Evaluate).unwrap().sum;
    model.add_adapter(&LoraConfig::default(), 1).unwrap();
    assert_eq!(model.trainable().len(), 2 * 2 * 2);
    let adapted = model.loss(&tokens.batch(), PassMode::Evaluate).unwrap().sum;
    assert_eq!(vector(&base), vector(&adapted));
    let wrong = LoraConfig { targets: Targets::Named(vec!["q_prj".into()]), ..LoraConfig::default() };
    let error = model.add_adapter(&wrong, 1).unwrap_err().to_string();
    assert!(error.contains("q_prj") && error.contains("q_proj"), "{error}");
}

#[test]
fn a_batch_that_does_not_hold_together_is_refused_and_the_model_goes_on() {
    let mut model = open_model(&fixture("peft/llama")).unwrap();
    let tokens = Tokens::new(1, 4, &[1, 2, 3, 384]);
    let error = model.logits(&tokens.batch()).unwrap_err().to_string();
    assert!(error.contains("384"), "{error}");
    let tokens = Tokens::new(1, 4, &[1, 2, 3, 4]);
    let mut short = tokens.batch();
    short.positions = &[0];
    assert!(matches!(model.logits(&short), Err(ModelError::Batch(_))));
    assert_eq!(model.loss(&tokens.batch(), PassMode::Evaluate).unwrap().labels, 3);
}

#[test]
fn documents_packed_together_do_not_see_each_other() {
    let mut model = open_model(&fixture("peft/qwen2")).unwrap();
    let (a, b) = (ids(5), ids(11)[5..].to_vec());
    let packed: Vec<u32> = a.iter().chain(&b).copied().collect();
    let tokens = Tokens::new(1, 11, &packed);
    let mut batch = tokens.batch();
    batch.segments = &[0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1];
    batch.positions = &[0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5];
    let together = model.logits(&batch).unwrap().narrow(1, 5, 6).unwrap();
    let alone = model.logits(&Tokens::new(1, 6, &b).batch()).unwrap();
    assert!(apart(&together, &alone) <= 1e-5);
}
