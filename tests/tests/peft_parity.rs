//! LoRA training against PEFT's own: the fixtures hold what PEFT computed, see `fixtures/peft/make.py`.

use std::fs;

use candle_core::Tensor;
use codetune_core::model::{DropoutKey, read_adapter};
use codetune_core::tensor::{AdamW, Moments, adamw_step, clip};
use codetune_tests::{Tokens, fixture, open_model};
use serde_json::Value;

const BATCH: usize = 2;
const SEQ: usize = 64;

fn json(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(fixture(path)).unwrap()).unwrap()
}

/// Trains as `make.py` does and compares each loss, and then the adapter.
fn agrees_with_peft(name: &str, recompute: bool) {
    let folder = fixture(&format!("peft/{name}"));
    let mut model = open_model(&folder).unwrap();
    model.load_adapter(&folder.join("init")).unwrap();
    let numbers = |value: &Value| value.as_array().unwrap().clone();
    let tape: Vec<u32> = numbers(&json(&format!("peft/{name}/tokens.json")))
        .iter()
        .map(|id| id.as_u64().unwrap() as u32)
        .collect();
    let expected: Vec<f64> = numbers(&json(&format!("peft/{name}/peft.json"))["losses"])
        .iter()
        .map(|loss| loss.as_f64().unwrap())
        .collect();
    assert_eq!(expected.len(), 20);

    let variables = model.trainable();
    let mut moments: Vec<Moments> = variables.iter().map(|(_, var)| Moments::zeros(var).unwrap()).collect();
    let settings = AdamW { lr: 2e-4, weight_decay: 0.0, ..AdamW::default() };
    for (step, expected) in expected.iter().enumerate() {
        let ids = &tape[step * BATCH * SEQ..][..BATCH * SEQ];
        let tokens = Tokens::new(BATCH, SEQ, ids);
        let key = DropoutKey { seed: 0, step: step as u64, micro_batch: 0 };
        let result = model.gradients(&tokens.batch(), key, 1.0, recompute).unwrap();
        let loss = result.sum / result.labels as f64;
        assert!((loss - expected).abs() <= 1e-4 * expected, "step {step}: {loss} is not {expected}");
        let mean = |gradient: &Option<Tensor>| {
            gradient.as_ref().unwrap().affine(1.0 / result.labels as f64, 0.0).unwrap()
        };
        let mut gradients: Vec<Tensor> = result.gradients.iter().map(mean).collect();
        clip(&mut gradients, 1.0).unwrap();
        for (((_, var), gradient), moments) in variables.iter().zip(&gradients).zip(&mut moments) {
            adamw_step(var, gradient, moments, &settings, step as u64 + 1).unwrap();
        }
    }

    let trained = read_adapter(&folder.join("trained"), model.plan(), candle_core::DType::F32).unwrap();
    let ours = model.parameters().adapter().unwrap();
    assert_eq!(trained.weights.len(), ours.weights.len());
    for (module, (a, b)) in &trained.weights {
        for (matrix, ours, theirs) in [("A", &ours.weights[module].0, a), ("B", &ours.weights[module].1, b)] {
            let norm = |t: &Tensor| t.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap().sqrt();
            let (apart, size) = (norm(&(ours - theirs).unwrap()), norm(theirs));
            assert!(size > 0.0 && apart <= 1e-3 * size, "{module} {matrix}: {apart} apart of {size}");
        }
    }
}

#[test]
fn qwen2_with_all_linear_lora_trains_as_peft_does() {
    agrees_with_peft("qwen2", false);
}

#[test]
fn tied_llama_with_all_linear_lora_trains_as_peft_does() {
    agrees_with_peft("llama", false);
}

#[test]
fn recomputing_blocks_trains_as_peft_does() {
    agrees_with_peft("llama", true);
}

#[test]
fn an_adapter_read_and_written_is_the_same() {
    let folder = fixture("peft/qwen2");
    let mut model = open_model(&folder).unwrap();
    model.load_adapter(&folder.join("trained")).unwrap();
    let out = tempfile::tempdir().unwrap();
    model.save_adapter(out.path(), "base").unwrap();
    let before = read_adapter(&folder.join("trained"), model.plan(), candle_core::DType::F32).unwrap();
    let after = read_adapter(out.path(), model.plan(), candle_core::DType::F32).unwrap();
    assert_eq!(after.config, before.config);
    for (module, (a, b)) in &before.weights {
        for (before, after) in [(a, &after.weights[module].0), (b, &after.weights[module].1)] {
            assert_eq!(before.to_vec2::<f32>().unwrap(), after.to_vec2::<f32>().unwrap(), "{module}");
        }
    }
}
