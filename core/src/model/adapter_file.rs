use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use candle_core::{DType, Tensor};
use codetune_plugin_sdk::Plan;
use serde_json::{Map, Value, json};

use super::adapter::{AdapterConfig, Targets};
use super::error::{ModelError, Result};
use super::files::{check_shapes, read_safetensors, write_safetensors};

const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";
/// What PEFT puts before the name of a module.
const PREFIX: &str = "base_model.model.";

/// Keys of `adapter_config.json` that change nothing of what is computed here.
const INFORMATIVE: [&str; 14] = [
    "auto_mapping",
    "base_model_name_or_path",
    "eva_config",
    "inference_mode",
    "init_lora_weights",
    "lora_alpha",
    "lora_dropout",
    "megatron_core",
    "peft_version",
    "qalora_group_size",
    "r",
    "revision",
    "runtime_config",
    "target_modules",
];

/// What `init_lora_weights` may say: how PEFT draws first matrices that leave the base model as it is. Other
/// ways (PiSSA, OLoRA, LoftQ, CorDA) change the base by them, and the adapter then belongs to what is left of it.
const INITIALIZATIONS: [&str; 3] = ["gaussian", "orthogonal", "eva"];

/// An adapter as a file holds it: for each module `a` `[rank, in]` and `b` `[out, rank]`.
#[derive(Debug, Clone)]
pub struct Adapter {
    /// How it attaches.
    pub config: AdapterConfig,
    /// The matrices by module.
    pub weights: BTreeMap<String, (Tensor, Tensor)>,
}

/// The key of matrix `A` or `B` of a module in PEFT's files.
pub(super) fn key(module: &str, matrix: char) -> String {
    format!("{PREFIX}{module}.lora_{matrix}.weight")
}

/// Reads an adapter folder in PEFT's format and checks it against the model it is for.
///
/// # Errors
/// A file is missing or damaged, the configuration asks for what cannot be honoured (named), or tensors do
/// not fit the model (each named).
pub fn read_adapter(folder: &Path, plan: &Plan, dtype: DType) -> Result<Adapter> {
    let config = read_config(&folder.join(CONFIG))?;
    let path = folder.join(WEIGHTS);
    let mut tensors = read_safetensors(&path, dtype)?;
    let rank = u64::from(config.rank);
    let modules = config.modules(plan)?;
    let expected: Vec<(String, [u64; 2])> = modules
        .iter()
        .flat_map(|(name, outputs, inputs)| {
            [(key(name, 'A'), [rank, *inputs as u64]), (key(name, 'B'), [*outputs as u64, rank])]
        })
        .collect();
    check_shapes(&path, &tensors, expected.iter().map(|(name, shape)| (name.as_str(), shape.as_slice())))?;
    let pair = |(name, ..): (String, usize, usize)| {
        Some((tensors.remove(&key(&name, 'A'))?, tensors.remove(&key(&name, 'B'))?)).map(|pair| (name, pair))
    };
    Ok(Adapter { config, weights: modules.into_iter().filter_map(pair).collect() })
}

/// Writes an adapter folder that PEFT loads; equal adapters give equal bytes.
///
/// # Errors
/// A file cannot be written.
pub fn write_adapter(folder: &Path, adapter: &Adapter, base: &str) -> Result<()> {
    let mut tensors = BTreeMap::new();
    for (name, (a, b)) in &adapter.weights {
        tensors.insert(key(name, 'A'), a.clone());
        tensors.insert(key(name, 'B'), b.clone());
    }
    write_safetensors(&folder.join(WEIGHTS), &tensors)?;
    let config = &adapter.config;
    let targets = match &config.targets {
        Targets::AllLinear => adapter.weights.keys().cloned().collect(),
        Targets::Modules(names) => names.clone(),
    };
    let json = json!({
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "revision": null,
        "inference_mode": true,
        "r": config.rank,
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
        "use_rslora": false,
    });
    let path = folder.join(CONFIG);
    crate::files::write(&path, format!("{json:#}\n").as_bytes()).map_err(ModelError::write(&path))
}

/// PEFT writes a whole alpha without a point.
fn whole(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}

fn read_config(path: &Path) -> Result<AdapterConfig> {
    let text = fs::read_to_string(path).map_err(ModelError::read(path))?;
    parse_config(&text).map_err(|message| ModelError::Config { path: path.to_owned(), message })
}

/// What to do with an adapter of a changed base.
const CHANGED_BASE: &str = "the adapter belongs to a base model that this changed; save it in PEFT with \
    path_initial_model_for_weight_conversion, which makes it one of the unchanged base";

fn parse_config(text: &str) -> std::result::Result<AdapterConfig, String> {
    let object: Map<String, Value> =
        serde_json::from_str(text).map_err(|e| format!("not a JSON object: {e}"))?;
    let refuse = |key: &str, needs: &str| {
        let value = object.get(key).map_or_else(|| "missing".to_owned(), Value::to_string);
        format!("`{key}` is {value}: {needs}")
    };
    let fixed = [("peft_type", "LORA", true), ("task_type", "CAUSAL_LM", false), ("bias", "none", false)];
    for (key, only, required) in fixed {
        match object.get(key) {
            None | Some(Value::Null) if !required => {}
            Some(Value::String(value)) if value == only => {}
            _ => return Err(refuse(key, &format!("only {only} is supported"))),
        }
    }
    match object.get("init_lora_weights") {
        None | Some(Value::Null | Value::Bool(_)) => {}
        Some(Value::String(name)) if INITIALIZATIONS.iter().any(|known| name.eq_ignore_ascii_case(known)) => {
        }
        _ => return Err(refuse("init_lora_weights", CHANGED_BASE)),
    }
    // Whatever else PEFT knows, now or later, is off when it is null, false or empty.
    for (key, value) in &object {
        let off = match value {
            Value::Null | Value::Bool(false) => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(items) => items.is_empty(),
            _ => false,
        };
        if !off && !INFORMATIVE.contains(&key.as_str()) && !fixed.iter().any(|(fixed, ..)| fixed == key) {
            return Err(refuse(key, "this cannot be honoured; only adapters without it are supported"));
        }
    }
    let rank = object.get("r").and_then(Value::as_u64).and_then(|r| u32::try_from(r).ok()).filter(|r| *r > 0);
    let targets = match object.get("target_modules") {
        Some(Value::String(name)) if name == "all-linear" => Targets::AllLinear,
        Some(Value::Array(names)) => {
            let texts = names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
            let Some(mut names): Option<Vec<String>> = texts else {
                return Err(refuse("target_modules", "every name has to be text"));
            };
            // PEFT keeps a set, whose order differs from run to run.
            names.sort();
            Targets::Modules(names)
        }
        _ => return Err(refuse("target_modules", "a list of names or \"all-linear\" is needed")),
    };
    let number = |key: &str| object.get(key).and_then(Value::as_f64);
    Ok(AdapterConfig {
        rank: rank.ok_or_else(|| refuse("r", "a whole number from 1 is needed"))?,
        alpha: number("lora_alpha").ok_or_else(|| refuse("lora_alpha", "a number is needed"))?,
        dropout: match object.contains_key("lora_dropout") {
            true => number("lora_dropout").ok_or_else(|| refuse("lora_dropout", "a number is needed"))?,
            false => 0.0,
        },
        targets,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(change: Value) -> std::result::Result<AdapterConfig, String> {
        let mut config = json!({
            "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 8, "lora_alpha": 16, "lora_dropout": 0.1,
            "target_modules": ["v_proj", "q_proj"], "bias": "none", "use_dora": false, "rank_pattern": {},
        });
        for (key, value) in change.as_object().into_iter().flatten() {
            config[key] = value.clone();
        }
        parse_config(&config.to_string())
    }

    #[test]
    fn values_are_read_as_peft_means_them() {
        let config = config(json!({})).unwrap();
        assert_eq!((config.rank, config.alpha, config.dropout, config.scale()), (8, 16.0, 0.1, 2.0));
        assert_eq!(config.targets, Targets::Modules(vec!["q_proj".into(), "v_proj".into()]));
    }

    #[test]
    fn what_cannot_be_honoured_is_named() {
        for (key, value) in [
            ("use_dora", json!(true)),
            ("use_rslora", json!(true)),
            ("rank_pattern", json!({"q_proj": 4})),
            ("modules_to_save", json!(["lm_head"])),
            ("bias", json!("all")),
            ("peft_type", json!("IA3")),
            ("task_type", json!("SEQ_CLS")),
            ("fan_in_fan_out", json!(true)),
            ("target_modules", json!(".*_proj")),
            ("r", json!(true)),
            ("lora_alpha", json!("x")),
            ("target_modules", json!(["q_proj", 1])),
            ("a_later_invention", json!(3)),
            ("alora_invocation_tokens", json!([1])),
            ("alpha_pattern", json!({"q_proj": 4})),
            ("arrow_config", json!({"top_k": 3})),
            ("bias", json!("lora_only")),
            ("corda_config", json!({"corda_method": "ipm"})),
            ("exclude_modules", json!("lm_head")),
            ("layer_replication", json!([[0, 2], [1, 2]])),
            ("layers_pattern", json!("layers")),
            ("layers_to_transform", json!(0)),
            ("layers_to_transform", json!([1])),
            ("loftq_config", json!({"loftq_bits": 4})),
            ("lora_bias", json!(true)),
            ("megatron_config", json!({"tensor_model_parallel_size": 2})),
            ("target_parameters", json!(["experts.down_proj"])),
            ("trainable_token_indices", json!([7])),
            ("use_qalora", json!(true)),
        ] {
            let error = config(json!({key: value})).unwrap_err();
            assert!(error.contains(key), "{key}: {error}");
        }
    }

    #[test]
    fn what_is_off_or_changes_no_number_is_accepted() {
        let plain = config(json!({})).unwrap();
        for (key, value) in [
            ("eva_config", json!({"rho": 1.0})),
            ("exclude_modules", json!(null)),
            ("layers_to_transform", json!([])),
            ("loftq_config", json!({})),
            ("megatron_core", json!("megatron.core")),
            ("modules_to_save", json!([])),
            ("qalora_group_size", json!(16)),
            ("trainable_token_indices", json!(null)),
            ("use_rslora", json!(false)),
        ] {
            assert_eq!(config(json!({key: value})).unwrap(), plain, "{key}");
        }
    }

    #[test]
    fn an_adapter_of_a_changed_base_is_refused_with_the_way_to_convert_it() {
        for unchanged in
            [json!(null), json!(true), json!(false), json!("gaussian"), json!("orthogonal"), json!("eva")]
        {
            config(json!({"init_lora_weights": unchanged})).unwrap();
        }
        for changed in ["pissa", "pissa_niter_16", "olora", "OLoRA", "loftq", "corda", "lora_ga", "later"] {
            let error = config(json!({"init_lora_weights": changed})).unwrap_err();
            assert!(error.contains(&format!("`init_lora_weights` is \"{changed}\"")), "{error}");
            assert!(error.contains("path_initial_model_for_weight_conversion"), "{error}");
        }
        assert!(config(json!({"init_lora_weights": 1})).is_err());
    }
}
