use std::path::Path;

use serde_json::{Map, Value, json};

use super::adapter::{LoraConfig, Targets};
use super::error::{ModelError, Result};

/// The file that describes an adapter.
pub(super) const FILE: &str = "adapter_config.json";

/// Keys of `adapter_config.json` that are read, or change nothing of what is computed here. `fan_in_fan_out` is for
/// layers with turned weights, and PEFT switches it off for any other.
const INFORMATIVE: [&str; 19] = [
    "auto_mapping",
    "base_model_name_or_path",
    "eva_config",
    "exclude_modules",
    "fan_in_fan_out",
    "inference_mode",
    "init_lora_weights",
    "layers_pattern",
    "layers_to_transform",
    "lora_alpha",
    "lora_dropout",
    "megatron_core",
    "peft_version",
    "qalora_group_size",
    "r",
    "revision",
    "runtime_config",
    "target_modules",
    "use_rslora",
];

/// Keys that narrow down which modules are adapted. What came of it is in the file of weights.
const NARROWING: [&str; 3] = ["exclude_modules", "layers_pattern", "layers_to_transform"];

/// What is not supported, by the key that asks for it.
const UNSUPPORTED: [(&str, &str); 11] = [
    ("alpha_pattern", "an alpha for each module"),
    ("bias", "trained biases"),
    ("layer_replication", "repeated layers"),
    ("lora_bias", "biases"),
    ("modules_to_save", "whole modules that were trained beside it"),
    ("peft_type", "another type than LORA"),
    ("rank_pattern", "a rank for each module"),
    ("target_parameters", "parameters that are no projections"),
    ("trainable_token_indices", "trained tokens"),
    ("use_dora", "DoRA"),
    ("use_qalora", "QALoRA"),
];

/// What to do about an adapter that cannot be used as it is.
const MERGE: &str = "merge it into its base model with PEFT (merge_and_unload(), then save_pretrained(FOLDER)) and use \
    that as the model";

/// What `init_lora_weights` may say: how PEFT draws first matrices that leave the base model as it is. Other
/// ways (PiSSA, OLoRA, LoftQ, CorDA) change the base by them, and the adapter then belongs to what is left of it.
const INITIALIZATIONS: [&str; 3] = ["gaussian", "orthogonal", "eva"];

/// What to do with an adapter of a changed base.
const CHANGED_BASE: &str = "the adapter belongs to a base model that this changed; save it in PEFT with \
    path_initial_model_for_weight_conversion, which makes it one of the unchanged base";

/// What an `adapter_config.json` says.
#[derive(Debug, PartialEq)]
pub(super) struct Described {
    pub config: LoraConfig,
    /// Which modules are adapted follows from the file of weights, not from `config.targets`: a pattern chose them, or
    /// a list was narrowed down.
    pub by_weights: bool,
}

pub(super) fn read(path: &Path) -> Result<Described> {
    let text = codetune_files::read_text(path, codetune_files::SETTINGS).map_err(ModelError::read(path))?;
    parse(&text).map_err(|message| ModelError::Config { path: path.to_owned(), message, help: None })
}

/// Writes what PEFT reads; `targets` are the names that it attaches to, `base` what the adapter belongs to.
pub(super) fn write(path: &Path, config: &LoraConfig, targets: &[String], base: &str) -> Result<()> {
    let json = json!({
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "revision": null,
        "inference_mode": true,
        "r": config.r,
        "lora_alpha": whole(config.alpha),
        "lora_dropout": config.dropout,
        "target_modules": targets,
        "bias": "none",
        "fan_in_fan_out": false,
        "init_lora_weights": true,
        "modules_to_save": null,
        "layers_to_transform": null,
        "layers_pattern": null,
        "rank_pattern": {},
        "alpha_pattern": {},
        "use_dora": false,
        "use_rslora": config.rank_stabilised,
    });
    codetune_files::write(path, format!("{json:#}\n").as_bytes()).map_err(ModelError::write(path))
}

/// PEFT writes a whole alpha without a point.
fn whole(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}

fn parse(text: &str) -> std::result::Result<Described, String> {
    let object: Map<String, Value> =
        serde_json::from_str(text).map_err(|e| format!("not a JSON object: {e}"))?;
    let refuse = |key: &str, needs: &str| {
        let value = object.get(key).map_or_else(|| "missing".to_owned(), Value::to_string);
        format!("`{key}` is {value}: {needs}")
    };
    let unsupported = |key: &str| {
        let known = UNSUPPORTED.iter().find(|(known, _)| *known == key);
        let what = known.map_or(
            "it is not known here and may change what the adapter computes".to_owned(),
            |(_, what)| format!("adapters with {what} are not supported"),
        );
        refuse(key, &format!("{what}; {MERGE}"))
    };
    let fixed = [("peft_type", "LORA", true), ("task_type", "CAUSAL_LM", false), ("bias", "none", false)];
    for (key, only, required) in fixed {
        match object.get(key) {
            None | Some(Value::Null) if !required => {}
            Some(Value::String(value)) if value == only => {}
            _ if key == "task_type" => return Err(refuse(key, "only CAUSAL_LM is supported")),
            _ => return Err(unsupported(key)),
        }
    }
    match object.get("init_lora_weights") {
        None | Some(Value::Null | Value::Bool(_)) => {}
        Some(Value::String(name)) if INITIALIZATIONS.iter().any(|known| name.eq_ignore_ascii_case(known)) => {
        }
        _ => return Err(refuse("init_lora_weights", CHANGED_BASE)),
    }
    // Whatever else PEFT knows, now or later, is off when it is null, false or empty.
    let off = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(items) => items.is_empty(),
        _ => false,
    };
    for (key, value) in &object {
        let known = INFORMATIVE.contains(&key.as_str()) || fixed.iter().any(|(fixed, ..)| fixed == key);
        if !off(value) && !known {
            return Err(unsupported(key));
        }
    }
    let rank = object.get("r").and_then(Value::as_u64).and_then(|r| u32::try_from(r).ok()).filter(|r| *r > 0);
    let narrowed = NARROWING.iter().any(|key| object.get(*key).is_some_and(|value| !off(value)));
    let (targets, pattern) = match object.get("target_modules") {
        Some(Value::String(name)) if name == "all-linear" => (Targets::AllLinear, false),
        Some(Value::String(_)) => (Targets::Named(Vec::new()), true),
        Some(Value::Array(names)) => {
            let texts = names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
            let Some(mut names): Option<Vec<String>> = texts else {
                return Err(refuse("target_modules", "every name has to be text"));
            };
            // PEFT keeps a set, whose order differs from run to run.
            names.sort();
            (Targets::Named(names), false)
        }
        _ => return Err(refuse("target_modules", "a list of names, a pattern or \"all-linear\" is needed")),
    };
    let number = |key: &str| object.get(key).and_then(Value::as_f64);
    let config = LoraConfig {
        r: rank.ok_or_else(|| refuse("r", "an integer of at least 1 is required"))?,
        alpha: number("lora_alpha").ok_or_else(|| refuse("lora_alpha", "a number is needed"))?,
        rank_stabilised: match object.get("use_rslora") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => return Err(refuse("use_rslora", "true or false is needed")),
        },
        dropout: match object.contains_key("lora_dropout") {
            true => number("lora_dropout").ok_or_else(|| refuse("lora_dropout", "a number is needed"))?,
            false => 0.0,
        },
        targets,
    };
    Ok(Described { config, by_weights: pattern || narrowed })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(change: Value) -> std::result::Result<Described, String> {
        let mut config = json!({
            "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 8, "lora_alpha": 16, "lora_dropout": 0.1,
            "target_modules": ["v_proj", "q_proj"], "bias": "none", "use_dora": false, "rank_pattern": {},
        });
        for (key, value) in change.as_object().into_iter().flatten() {
            config[key] = value.clone();
        }
        parse(&config.to_string())
    }

    #[test]
    fn values_are_read_as_peft_means_them() {
        let Described { config, by_weights } = described(json!({})).unwrap();
        assert_eq!((config.r, config.alpha, config.dropout, config.scale()), (8, 16.0, 0.1, 2.0));
        assert_eq!(config.targets, Targets::Named(vec!["q_proj".into(), "v_proj".into()]));
        assert!(!by_weights);
        let stabilised = described(json!({"use_rslora": true})).unwrap().config;
        assert_eq!(stabilised.scale(), 16.0 / 8f64.sqrt());
    }

    #[test]
    fn what_is_not_supported_is_named_with_what_to_do_instead() {
        for (key, value, what) in [
            ("use_dora", json!(true), "DoRA"),
            ("rank_pattern", json!({"q_proj": 4}), "a rank for each module"),
            ("alpha_pattern", json!({"q_proj": 4}), "an alpha for each module"),
            ("modules_to_save", json!(["lm_head"]), "whole modules that were trained beside it"),
            ("bias", json!("all"), "trained biases"),
            ("bias", json!("lora_only"), "trained biases"),
            ("lora_bias", json!(true), "biases"),
            ("peft_type", json!("IA3"), "another type than LORA"),
            ("layer_replication", json!([[0, 2], [1, 2]]), "repeated layers"),
            ("target_parameters", json!(["experts.down_proj"]), "parameters that are no projections"),
            ("trainable_token_indices", json!([7]), "trained tokens"),
            ("use_qalora", json!(true), "QALoRA"),
            ("a_later_invention", json!(3), "it is not known here"),
            ("alora_invocation_tokens", json!([1]), "it is not known here"),
            ("arrow_config", json!({"top_k": 3}), "it is not known here"),
            ("corda_config", json!({"corda_method": "ipm"}), "it is not known here"),
            ("ensure_weight_tying", json!(true), "it is not known here"),
            ("loftq_config", json!({"loftq_bits": 4}), "it is not known here"),
            ("megatron_config", json!({"tensor_model_parallel_size": 2}), "it is not known here"),
        ] {
            let error = described(json!({key: value.clone()})).unwrap_err();
            assert!(error.starts_with(&format!("`{key}` is {value}: ")), "{error}");
            assert!(error.contains(what) && error.contains("merge_and_unload()"), "{error}");
        }
    }

    #[test]
    fn values_of_another_type_are_named() {
        for (key, value) in [
            ("task_type", json!("SEQ_CLS")),
            ("r", json!(true)),
            ("lora_alpha", json!("x")),
            ("lora_dropout", json!("x")),
            ("use_rslora", json!("yes")),
            ("target_modules", json!(["q_proj", 1])),
            ("target_modules", json!(null)),
        ] {
            let error = described(json!({key: value.clone()})).unwrap_err();
            assert!(error.starts_with(&format!("`{key}` is {value}: ")), "{error}");
        }
    }

    #[test]
    fn what_is_off_or_changes_no_number_is_accepted() {
        let plain = described(json!({})).unwrap();
        for (key, value) in [
            ("eva_config", json!({"rho": 1.0})),
            ("exclude_modules", json!(null)),
            ("fan_in_fan_out", json!(true)),
            ("layers_to_transform", json!([])),
            ("loftq_config", json!({})),
            ("megatron_core", json!("megatron.core")),
            ("modules_to_save", json!([])),
            ("qalora_group_size", json!(16)),
            ("trainable_token_indices", json!(null)),
            ("use_rslora", json!(false)),
        ] {
            assert_eq!(described(json!({key: value})).unwrap(), plain, "{key}");
        }
    }

    #[test]
    fn where_patterns_or_layers_choose_the_file_of_weights_says_what_is_adapted() {
        for (key, value) in [
            ("target_modules", json!(".*_proj")),
            ("exclude_modules", json!("lm_head")),
            ("layers_pattern", json!("layers")),
            ("layers_to_transform", json!(0)),
            ("layers_to_transform", json!([1])),
        ] {
            assert!(described(json!({key: value})).unwrap().by_weights, "{key}");
        }
    }

    #[test]
    fn an_adapter_of_a_changed_base_is_refused_with_the_way_to_convert_it() {
        for unchanged in
            [json!(null), json!(true), json!(false), json!("gaussian"), json!("orthogonal"), json!("eva")]
        {
            described(json!({"init_lora_weights": unchanged})).unwrap();
        }
        for changed in ["pissa", "pissa_niter_16", "olora", "OLoRA", "loftq", "corda", "lora_ga", "later"] {
            let error = described(json!({"init_lora_weights": changed})).unwrap_err();
            assert!(error.contains(&format!("`init_lora_weights` is \"{changed}\"")), "{error}");
            assert!(error.contains("path_initial_model_for_weight_conversion"), "{error}");
        }
        assert!(described(json!({"init_lora_weights": 1})).is_err());
    }
}
