//! Adapters and checkpoints that PEFT and transformers load: what they compute, see `fixtures/peft/loads.py`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use codetune_core::model::{Adapter, DropoutKey, Model, PassMode, read_adapter};
use codetune_core::tensor::{AdamW, Moments, adamw_step, clip};
use codetune_tests::{Tokens, fixture, open_model};
use serde_json::Value;

/// How far logits may be apart, relative to the largest of PEFT's.
const LOGITS: f64 = 1e-5;
/// How far losses may be apart, relative to PEFT's.
const LOSSES: f64 = 1e-4;

struct Expected(Value);

impl Expected {
    fn of(case: &str) -> Self {
        let path = fixture(&format!("peft/loads/{case}/expected.json"));
        Expected(serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
    }

    fn numbers(&self, key: &str) -> Vec<f64> {
        self.0[key].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    }

    fn base(&self) -> Model {
        open_model(&fixture(&format!("peft/{}", self.0["base"].as_str().unwrap()))).unwrap()
    }

    /// How far the logits after the last id are apart.
    fn apart(&self, model: &mut Model) -> f64 {
        let ids: Vec<u32> = self.numbers("ids").iter().map(|id| *id as u32).collect();
        let logits = model.logits(&Tokens::new(1, ids.len(), &ids).batch()).unwrap();
        let logits: Vec<f32> = logits.squeeze(0).unwrap().get(ids.len() - 1).unwrap().to_vec1().unwrap();
        let theirs = self.numbers("logits");
        assert_eq!(logits.len(), theirs.len());
        let largest = theirs.iter().fold(0f64, |most, logit| most.max(logit.abs()));
        logits.iter().zip(&theirs).fold(0f64, |most, (a, b)| most.max((f64::from(*a) - b).abs())) / largest
    }

    /// Trains as `loads.py` does.
    fn trains_alike(&self, model: &mut Model) {
        let variables = model.trainable();
        let mut moments: Vec<Moments> =
            variables.iter().map(|(_, var)| Moments::zeros(var).unwrap()).collect();
        let settings = AdamW { lr: 1e-2, weight_decay: 0.0, ..AdamW::default() };
        let losses = self.numbers("losses");
        assert_eq!(losses.len(), 8);
        for (step, expected) in losses.iter().enumerate() {
            let ids: Vec<u32> = (0..24).map(|i| (13 * i * i + 5 * i + step as u32) % 384).collect();
            let tokens = Tokens::new(1, 24, &ids);
            let key = DropoutKey { seed: 0, step: step as u64, micro_batch: 0 };
            let loss = model.loss(&tokens.batch(), PassMode::Train(key)).unwrap();
            let mean = loss.sum.affine(1.0 / loss.labels as f64, 0.0).unwrap();
            let found = f64::from(mean.to_scalar::<f32>().unwrap());
            assert!((found - expected).abs() <= LOSSES * expected, "step {step}: {found} is not {expected}");
            let gradients = mean.backward().unwrap();
            let mut gradients: Vec<Tensor> =
                variables.iter().map(|(_, var)| gradients.get(var).unwrap().clone()).collect();
            clip(&mut gradients, 1.0).unwrap();
            for (((_, var), gradient), moments) in variables.iter().zip(&gradients).zip(&mut moments) {
                adamw_step(var, gradient, moments, &settings, step as u64 + 1).unwrap();
            }
        }
    }
}

/// The adapter of a case on its base computes what PEFT computed, and so does what is written of it.
fn loads_as_in_peft(case: &str) -> (Expected, Model) {
    let expected = Expected::of(case);
    let mut model = expected.base();
    model.load_adapter(&fixture(&format!("peft/loads/{case}"))).unwrap();
    let apart = expected.apart(&mut model);
    assert!(apart <= LOGITS, "{case}: {apart} apart");
    let written = tempfile::tempdir().unwrap();
    model.save_adapter(written.path(), "base").unwrap();
    let mut again = expected.base();
    again.load_adapter(written.path()).unwrap();
    let apart = expected.apart(&mut again);
    assert!(apart <= LOGITS, "{case}, written: {apart} apart");
    (expected, model)
}

fn tensors(folder: &Path) -> BTreeMap<String, Tensor> {
    candle_core::safetensors::load(folder.join("model.safetensors"), &Device::Cpu)
        .unwrap()
        .into_iter()
        .collect()
}

/// A copy of a fixture's model folder with other tensors.
fn with_tensors(name: &str, change: impl FnOnce(&mut BTreeMap<String, Tensor>)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(fixture(&format!("peft/{name}/config.json")), folder.path().join("config.json")).unwrap();
    let mut changed = tensors(&fixture(&format!("peft/{name}")));
    change(&mut changed);
    let changed = changed.into_iter().collect();
    candle_core::safetensors::save(&changed, folder.path().join("model.safetensors")).unwrap();
    folder
}

#[test]
fn an_adapter_of_a_tied_output_layer_computes_and_trains_as_in_peft() {
    let (expected, mut model) = loads_as_in_peft("tied_output");
    assert!(model.trainable().iter().any(|(name, _)| name == "base_model.model.lm_head.lora_A.weight"));
    let error = model.merge_adapter().unwrap_err().to_string();
    assert!(error.contains("the embedding as well") && error.contains("tie_word_embeddings"), "{error}");
    let mut model = expected.base();
    model.load_adapter(&fixture("peft/loads/tied_output")).unwrap();
    expected.trains_alike(&mut model);
}

#[test]
fn an_adapter_that_brings_another_output_layer_computes_and_trains_as_in_peft() {
    let (expected, mut model) = loads_as_in_peft("own_output");
    assert_eq!(model.parameters().adapter().unwrap().base.len(), 1);
    expected.trains_alike(&mut model);
    // Another adapter starts from the base as it was.
    let plain = read_adapter(&fixture("peft/qwen2/init"), model.plan(), DType::F32).unwrap();
    model.set_adapter(&plain).unwrap();
    let own = expected.base().parameters().weights();
    let kept = model.parameters().weights();
    let rows = |weights: &BTreeMap<String, Tensor>| weights["lm_head.weight"].to_vec2::<f32>().unwrap();
    assert!(rows(&kept) == rows(&own));
}

#[test]
fn a_rank_stabilised_adapter_computes_and_trains_as_in_peft() {
    let (expected, mut model) = loads_as_in_peft("rank_stabilised");
    assert!(model.parameters().adapter().unwrap().config.rank_stabilised);
    expected.trains_alike(&mut model);
}

#[test]
fn targets_that_a_model_lacks_are_passed_over_as_in_peft() {
    let (_, model) = loads_as_in_peft("foreign_names");
    assert_eq!(model.trainable().len(), 2 * 2, "queries of two layers");
}

#[test]
fn modules_that_a_pattern_or_layers_chose_are_those_of_the_file() {
    for (case, modules) in [("pattern", 4), ("one_layer", 2), ("all_but", 12)] {
        let (_, model) = loads_as_in_peft(case);
        assert_eq!(model.trainable().len(), 2 * modules, "{case}");
    }
}

#[test]
fn a_tied_checkpoint_that_stores_only_the_output_layer_opens_as_in_transformers() {
    let folder = with_tensors("llama", |tensors| {
        let embedding = tensors.remove("model.embed_tokens.weight").unwrap();
        tensors.insert("lm_head.weight".into(), embedding);
    });
    let apart = Expected::of("plain_base").apart(&mut open_model(folder.path()).unwrap());
    assert!(apart <= LOGITS, "{apart} apart");
}

#[test]
fn a_tied_checkpoint_with_two_different_copies_is_refused_by_both_names() {
    let folder = with_tensors("llama", |tensors| {
        let other = (&tensors["model.embed_tokens.weight"] * 2.0).unwrap();
        tensors.insert("lm_head.weight".into(), other);
    });
    let error = open_model(folder.path()).err().unwrap().to_string();
    assert!(error.contains("lm_head.weight differs from model.embed_tokens.weight"), "{error}");
    assert!(error.contains("set that to false"), "{error}");
}

#[test]
fn what_does_not_belong_to_the_base_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let from = fixture("peft/loads/own_output");
    fs::copy(from.join("adapter_model.safetensors"), folder.path().join("adapter_model.safetensors"))
        .unwrap();
    let described = fs::read_to_string(from.join("adapter_config.json")).unwrap();
    let with = |targets: &str| {
        let mut described: Value = serde_json::from_str(&described).unwrap();
        described["target_modules"] = serde_json::from_str(targets).unwrap();
        fs::write(folder.path().join("adapter_config.json"), described.to_string()).unwrap();
        let mut model = open_model(&fixture("peft/qwen2")).unwrap();
        model.load_adapter(folder.path()).unwrap_err().to_string()
    };
    let error = with(r#"["c_attn", "query_key_value"]"#);
    assert!(error.contains("adapter_config.json: the target `c_attn` fits no projection"), "{error}");
    let error = with(r#"["v_proj", "embed_tokens"]"#);
    assert!(error.contains("`embed_tokens` is an embedding, and only projections are adapted"), "{error}");
    // The same file on a model of other sizes.
    fs::write(folder.path().join("adapter_config.json"), &described).unwrap();
    let mut other = open_model(&fixture("peft/llama")).unwrap();
    let error = other.load_adapter(folder.path()).unwrap_err().to_string();
    assert!(error.contains("lm_head.base_layer.weight is [384, 64] where [384, 48] is needed"), "{error}");
}

/// What is written of an adapter in memory can be read by its own reader, whatever came with it.
#[test]
fn weights_of_the_base_survive_writing_and_reading() {
    let read = |folder: &Path, model: &Model| read_adapter(folder, model.plan(), DType::F32).unwrap();
    let model = Expected::of("tied_output").base();
    let given: Adapter = read(&fixture("peft/loads/tied_output"), &model);
    assert_eq!(given.base.keys().collect::<Vec<_>>(), ["model.embed_tokens.weight"]);
    let folder = tempfile::tempdir().unwrap();
    codetune_core::model::write_adapter(folder.path(), &given, "base").unwrap();
    let again = read(folder.path(), &model);
    let values = |adapter: &Adapter| adapter.base["model.embed_tokens.weight"].to_vec2::<f32>().unwrap();
    assert!(values(&given) == values(&again));
    assert_eq!(given.weights.keys().collect::<Vec<_>>(), again.weights.keys().collect::<Vec<_>>());
}
