use serde_json::{Value, json};

use super::*;

fn config(architecture: &str, change: Value) -> String {
    let mut config = json!({
        "architectures": [architecture], "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "intermediate_size": 12, "vocab_size": 32, "max_position_embeddings": 64,
        "rms_norm_eps": 1e-6, "tie_word_embeddings": false, "bos_token_id": 1, "an_unrelated_key": [1],
    });
    for (key, value) in change.as_object().into_iter().flatten() {
        config[key] = value.clone();
    }
    config.to_string()
}

fn configured(architecture: &str, change: Value) -> (Config, Plan) {
    let (decoder, plan) = Decoder::configure(&config(architecture, change)).unwrap();
    (decoder.config, plan)
}

fn refusal(architecture: &str, change: Value) -> String {
    match Decoder::configure(&config(architecture, change)) {
        Err(Error::InvalidConfig(message)) => message,
        other => panic!("expected a refusal, got {:?}", other.map(|(_, plan)| plan)),
    }
}

fn shape<'a>(plan: &'a Plan, name: &str) -> Option<&'a [u64]> {
    plan.parameters.iter().find(|p| p.name == name).map(|p| p.shape.as_slice())
}

#[test]
fn llama_has_no_biases_and_an_output_layer_of_its_own() {
    let (_, plan) = configured("LlamaForCausalLM", json!({}));
    assert_eq!(plan.parameters.len(), 1 + 2 * 9 + 2);
    assert_eq!(shape(&plan, "model.layers.1.self_attn.k_proj.weight"), Some([4, 8].as_slice()));
    assert_eq!(shape(&plan, "model.layers.0.mlp.down_proj.weight"), Some([8, 12].as_slice()));
    assert_eq!(shape(&plan, "lm_head.weight"), Some([32, 8].as_slice()));
    assert!(plan.parameters.iter().all(|p| p.role != Role::Bias));
    assert_eq!((plan.blocks, plan.vocabulary, plan.max_positions), (2, 32, 64));
    assert_eq!(plan.default_targets, ["q_proj", "v_proj"]);
}

#[test]
fn qwen2_has_biases_on_queries_keys_and_values_alone() {
    let (_, plan) = configured("Qwen2ForCausalLM", json!({"tie_word_embeddings": true}));
    let biases: Vec<_> = plan.parameters.iter().filter(|p| p.role == Role::Bias).collect();
    assert_eq!(biases.len(), 6);
    assert!(biases.iter().all(|p| !p.name.contains("o_proj")));
    assert_eq!(shape(&plan, "model.layers.0.self_attn.v_proj.bias"), Some([4].as_slice()));
    assert_eq!(shape(&plan, "lm_head.weight"), None);
}

#[test]
fn llama_biases_follow_their_keys() {
    let (_, plan) = configured("LlamaForCausalLM", json!({"attention_bias": true, "mlp_bias": true}));
    assert_eq!(plan.parameters.iter().filter(|p| p.role == Role::Bias).count(), 14);
}

#[test]
fn head_dim_may_differ_from_hidden_over_heads() {
    let (config, plan) = configured("LlamaForCausalLM", json!({"head_dim": 6}));
    assert_eq!(shape(&plan, "model.layers.0.self_attn.q_proj.weight"), Some([24, 8].as_slice()));
    assert_eq!(config.inverse_frequencies.len(), 3);
}

#[test]
fn windows_follow_each_family() {
    let none = vec![None, None];
    let with = |name, change| configured(name, change).0.windows;
    assert_eq!(with("MistralForCausalLM", json!({"sliding_window": 16})), [Some(16), Some(16)]);
    assert_eq!(with("MistralForCausalLM", json!({"sliding_window": null})), none);
    assert_eq!(with("MistralForCausalLM", json!({})), [Some(4096), Some(4096)]);
    assert_eq!(with("Qwen2ForCausalLM", json!({})), none);
    assert_eq!(with("LlamaForCausalLM", json!({})), none);
    let qwen = json!({"sliding_window": 16, "use_sliding_window": true, "max_window_layers": 1});
    assert_eq!(with("Qwen2ForCausalLM", qwen), [None, Some(16)]);
    assert_eq!(with("Qwen2ForCausalLM", json!({"sliding_window": 16, "use_sliding_window": false})), none);
}

#[test]
fn rope_is_scaled_in_both_spellings() {
    let plain = configured("LlamaForCausalLM", json!({"head_dim": 8})).0.inverse_frequencies;
    assert_eq!(plain[0], 1.0);
    assert!((plain[1] - 0.1).abs() < 1e-12);
    let linear =
        json!({"head_dim": 8, "rope_theta": 10000.0, "rope_scaling": {"type": "linear", "factor": 4}});
    let linear = configured("LlamaForCausalLM", linear).0.inverse_frequencies;
    assert!(linear.iter().zip(&plain).all(|(a, b)| *a == b / 4.0));
    let both = json!({"head_dim": 8, "rope_theta": 10000.0, "rope_parameters": {"rope_type": "default"},
        "rope_scaling": {"type": "linear", "factor": 4}});
    assert_eq!(configured("LlamaForCausalLM", both).0.inverse_frequencies, linear);
    let llama3 = json!({"head_dim": 8, "rope_parameters": {
        "rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 128}});
    let llama3 = configured("LlamaForCausalLM", llama3).0.inverse_frequencies;
    // Wave lengths 6.3, 62.8, 628 and 6283 against 128 tokens: kept, mixed, slowed, slowed.
    let smooth = (128.0 / (TAU / 0.1) - 1.0) / 3.0;
    let expected = [1.0, (1.0 - smooth) * 0.1 / 8.0 + smooth * 0.1, 0.01 / 8.0, 0.001 / 8.0];
    assert!(llama3.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{llama3:?}");
}

const TAU: f64 = std::f64::consts::TAU;

#[test]
fn what_cannot_be_honoured_is_named_with_its_value() {
    for (architecture, change, parts) in [
        ("GPT2LMHeadModel", json!({}), ["architectures", "GPT2LMHeadModel"]),
        ("LlamaForCausalLM", json!({"hidden_act": "gelu"}), ["hidden_act", "gelu"]),
        ("LlamaForCausalLM", json!({"hidden_size": null}), ["hidden_size", "null"]),
        ("LlamaForCausalLM", json!({"hidden_size": true}), ["hidden_size", "true"]),
        ("LlamaForCausalLM", json!({"hidden_size": 10}), ["hidden_size", "10"]),
        ("LlamaForCausalLM", json!({"num_key_value_heads": 3}), ["num_key_value_heads", "3"]),
        ("LlamaForCausalLM", json!({"num_hidden_layers": 4e9}), ["num_hidden_layers", "4000000000"]),
        ("LlamaForCausalLM", json!({"head_dim": 3}), ["head_dim", "3"]),
        ("LlamaForCausalLM", json!({"sliding_window": 8}), ["sliding_window", "8"]),
        ("LlamaForCausalLM", json!({"attention_dropout": 0.1}), ["attention_dropout", "0.1"]),
        ("LlamaForCausalLM", json!({"rope_scaling": {"rope_type": "yarn"}}), ["rope_scaling", "yarn"]),
        ("LlamaForCausalLM", json!({"rope_scaling": {"type": "linear"}}), ["factor", "missing"]),
        ("Qwen2ForCausalLM", json!({"attention_bias": false}), ["attention_bias", "false"]),
        ("Qwen2ForCausalLM", json!({"layer_types": ["full_attention"]}), ["layer_types", "full_attention"]),
        ("MistralForCausalLM", json!({"mlp_bias": true}), ["mlp_bias", "true"]),
    ] {
        let message = refusal(architecture, change);
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
}

#[test]
fn missing_keys_are_named() {
    for key in ["hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size"]
    {
        let mut value: Value = serde_json::from_str(&config("LlamaForCausalLM", json!({}))).unwrap();
        value.as_object_mut().unwrap().remove(key);
        match Decoder::configure(&value.to_string()) {
            Err(Error::InvalidConfig(message)) => {
                assert!(message.contains(key) && message.contains("missing"))
            }
            _ => panic!("{key} was not missed"),
        }
    }
}
