use serde_json::{Value, json};

use super::*;

fn config(architecture: &str, change: Value) -> String {
    let mut config = json!({
        "architectures": [architecture], "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "intermediate_size": 12, "vocab_size": 32, "max_position_embeddings": 64,
        "rms_norm_eps": 1e-6, "tie_word_embeddings": false, "bos_token_id": 1,
    });
    for (key, value) in change.as_object().into_iter().flatten() {
        config[key] = value.clone();
    }
    config.to_string()
}

fn configured(architecture: &str, change: Value) -> (DecoderConfig, Plan) {
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
        ("MistralForCausalLM", json!({"attention_bias": true}), ["attention_bias", "true"]),
        ("Qwen2ForCausalLM", json!({"layer_types": ["full_attention"]}), ["layer_types", "full_attention"]),
        ("MistralForCausalLM", json!({"mlp_bias": true}), ["mlp_bias", "true"]),
    ] {
        let message = refusal(architecture, change);
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
}

#[test]
fn a_renamed_architecture_is_refused_by_its_model_type_and_by_every_key_that_it_keeps() {
    for (kind, change, key) in [
        ("granite", json!({"embedding_multiplier": 12.0}), "embedding_multiplier"),
        ("granite", json!({"residual_multiplier": 0.22}), "residual_multiplier"),
        ("granite", json!({"logits_scaling": 8.0}), "logits_scaling"),
        ("granite", json!({"attention_multiplier": 0.0078125}), "attention_multiplier"),
        ("smollm3", json!({"no_rope_layers": [1, 0]}), "no_rope_layers"),
        ("smollm3", json!({"no_rope_layers": [1]}), "no_rope_layers"),
        ("smollm3", json!({"no_rope_layer_interval": 4}), "no_rope_layer_interval"),
        ("cohere", json!({"logit_scale": 0.0625}), "logit_scale"),
        ("cohere", json!({"use_qk_norm": true}), "use_qk_norm"),
        ("gemma2", json!({"attn_logit_softcapping": 50.0}), "attn_logit_softcapping"),
        ("gemma2", json!({"final_logit_softcapping": 30.0}), "final_logit_softcapping"),
        ("gemma2", json!({"query_pre_attn_scalar": 256}), "query_pre_attn_scalar"),
        ("gemma3_text", json!({"use_bidirectional_attention": true}), "use_bidirectional_attention"),
        ("phi", json!({"partial_rotary_factor": 0.5}), "partial_rotary_factor"),
        ("stablelm", json!({"use_qkv_bias": true}), "use_qkv_bias"),
        ("stablelm", json!({"qk_layernorm": true}), "qk_layernorm"),
        ("olmo", json!({"clip_qkv": 8.0}), "clip_qkv"),
        ("seed_oss", json!({"attention_out_bias": true}), "attention_out_bias"),
        ("minicpm", json!({"scale_emb": 12}), "scale_emb"),
        ("minicpm", json!({"scale_depth": 1.4}), "scale_depth"),
        ("falcon_h1", json!({"mlp_multipliers": [0.5, 0.5]}), "mlp_multipliers"),
        ("falcon_h1", json!({"lm_head_multiplier": 0.5}), "lm_head_multiplier"),
        ("afmoe", json!({"mup_enabled": true}), "mup_enabled"),
        ("mixtral", json!({"num_local_experts": 8}), "num_local_experts"),
        ("falcon", json!({"alibi": true}), "alibi"),
        ("granitemoehybrid", json!({"position_embedding_type": "nope"}), "position_embedding_type"),
        ("llama4_text", json!({"attention_chunk_size": 8192}), "attention_chunk_size"),
        ("phi3", json!({"original_max_position_embeddings": 4096}), "original_max_position_embeddings"),
        ("internlm", json!({"bias": true}), "bias"),
        ("deepseek", json!({"auto_map": {"AutoModelForCausalLM": "m.C"}}), "auto_map"),
        ("anything", json!({"is_causal": false}), "is_causal"),
        ("anything", json!({"a_key_of_next_year": 1}), "a_key_of_next_year"),
    ] {
        for architecture in ["LlamaForCausalLM", "Qwen2ForCausalLM", "MistralForCausalLM"] {
            if (architecture, key) == ("Qwen2ForCausalLM", "use_qkv_bias") {
                continue; // Its projections do have biases.
            }
            let message = refusal(architecture, json!({"model_type": kind}));
            assert!(message.contains(&format!("`model_type` is \"{kind}\"")), "{message}");
            let message = refusal(architecture, change.clone());
            assert!(message.starts_with(&format!("`{key}` is ")), "{architecture}: {message}");
            configured(architecture, json!({key: null}));
        }
    }
}

#[test]
fn a_refused_key_is_told_with_the_value_that_would_do() {
    for (change, needs) in [
        (json!({"logits_scaling": 8.0}), "`logits_scaling` is 8.0: only 1 is supported"),
        (json!({"qk_norm": true}), "`qk_norm` is true: only false is supported"),
        (json!({"model_type": "granite"}), "LlamaForCausalLM is of the type llama"),
        (json!({"no_rope_layers": [0, 1]}), "only a list of 2 ones is supported"),
        (json!({"zebra": 1, "yak": {"a": 1}}), "remove it where it does not (and so for zebra)"),
        (json!({"yak": "x".repeat(999)}), "xxx…: LlamaForCausalLM has no such key"),
    ] {
        let message = refusal("LlamaForCausalLM", change);
        assert!(message.contains(needs), "{message}");
    }
}

#[test]
fn what_changes_nothing_is_accepted() {
    let plain = configured("LlamaForCausalLM", json!({}));
    for change in [
        json!({"model_type": "llama", "transformers_version": "4.44.0", "torch_dtype": "bfloat16"}),
        json!({"embedding_multiplier": 1, "residual_multiplier": 1.0, "logits_scaling": 1.0}),
        json!({"attention_multiplier": 0.5f64.sqrt()}),
        json!({"no_rope_layers": [1, 1], "no_rope_layer_interval": 4}),
        json!({"layer_types": ["full_attention", "full_attention"], "use_sliding_window": false}),
        json!({"eos_token_id": [1, 2], "pad_token_id": -1, "temperature": 0.6, "max_length": 20}),
        json!({"is_llama_config": true, "rope_interleaved": false, "pruned_heads": {}}),
        json!({"pretraining_tp": 2}),
        json!({"auto_map": {"AutoTokenizer": ["t.T", null]}}),
        json!({"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}}),
    ] {
        assert_eq!(configured("LlamaForCausalLM", change.clone()), plain, "{change}");
    }
    // transformers' Qwen2 has its biases whatever the key says.
    let plain = configured("Qwen2ForCausalLM", json!({"num_key_value_heads": 2}));
    for bias in [true, false] {
        assert_eq!(configured("Qwen2ForCausalLM", json!({"attention_bias": bias})), plain);
    }
}

#[test]
fn what_is_left_out_is_what_transformers_takes() {
    for (architecture, heads, positions) in
        [("LlamaForCausalLM", 64, 2048), ("Qwen2ForCausalLM", 32, 32_768), ("MistralForCausalLM", 8, 131_072)]
    {
        let mut value: Value = serde_json::from_str(&config(architecture, json!({}))).unwrap();
        for key in ["num_key_value_heads", "max_position_embeddings", "rms_norm_eps"] {
            value.as_object_mut().unwrap().remove(key);
        }
        value["num_attention_heads"] = json!(64);
        value["head_dim"] = json!(2);
        let (decoder, plan) = Decoder::configure(&value.to_string()).unwrap();
        assert_eq!((decoder.config.kv_heads, plan.max_positions), (heads, positions), "{architecture}");
        assert_eq!(decoder.config.epsilon, 1e-6);
        value["num_key_value_heads"] = Value::Null;
        assert_eq!(Decoder::configure(&value.to_string()).unwrap().0.config.kv_heads, 64);
    }
}

#[test]
fn sizes_that_no_machine_holds_are_refused_by_name() {
    let large = u32::MAX;
    for change in [
        json!({"num_attention_heads": large - 1, "num_key_value_heads": 1, "head_dim": 1 << 16}),
        json!({"vocab_size": large, "hidden_size": 1 << 18}),
        json!({"num_hidden_layers": 10_000, "intermediate_size": large, "hidden_size": 1 << 20, "head_dim": 2}),
    ] {
        let message = refusal("LlamaForCausalLM", change);
        assert!(message.contains("hidden_size") && message.contains("parameters"), "{message}");
    }
    let message = refusal("LlamaForCausalLM", json!({"head_dim": large - 1}));
    assert!(message.contains("`head_dim` is 4294967294: heads of at most 65536"), "{message}");
}

#[test]
fn layer_types_that_transformers_passes_over_must_say_what_it_does() {
    let mixed = json!({"layer_types": ["full_attention", "sliding_attention"], "sliding_window": 16});
    let message = refusal("MistralForCausalLM", mixed.clone());
    assert!(message.contains("sliding_attention in every layer"), "{message}");
    let plain = json!({"layer_types": ["sliding_attention", "full_attention"]});
    assert!(refusal("LlamaForCausalLM", plain).contains("layer_types"));
    let message =
        refusal("Qwen2ForCausalLM", json!({"use_sliding_window": true, "max_window_layers": "all"}));
    assert!(message.contains("max_window_layers"), "{message}");
    let mut mixed = mixed;
    mixed["use_sliding_window"] = json!(true);
    assert_eq!(configured("Qwen2ForCausalLM", mixed).0.windows, [None, Some(16)]);
}

#[test]
fn keys_of_rope_that_no_formula_reads_are_refused() {
    for (table, key) in [
        (json!({"rope_type": "linear", "factor": 2.0, "attention_factor": 1.5}), "attention_factor"),
        (json!({"rope_type": "default", "mrope_section": [1, 1, 2]}), "mrope_section"),
        (json!({"rope_type": "default", "type": "mrope"}), "type"),
        (json!({"rope_type": "default", "partial_rotary_factor": 0.5}), "partial_rotary_factor"),
        (json!({"full_attention": {"rope_type": "default"}}), "full_attention"),
        (json!({"type": "dynamic", "factor": 2.0}), "type"),
        (json!({"rope_type": "longrope", "short_factor": [1.0]}), "rope_type"),
        (json!({"rope_type": "yarn", "factor": 4.0}), "rope_type"),
    ] {
        for name in ["rope_scaling", "rope_parameters"] {
            let message = refusal("LlamaForCausalLM", json!({name: table.clone()}));
            assert!(message.contains(&format!("in `{name}`: `{key}` is")), "{message}");
        }
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
