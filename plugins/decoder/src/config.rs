use codetune_plugin_sdk::Error;
use serde_json::{Map, Value};

use crate::rope;

/// More layers than any model has; a larger number is a damaged file.
const MAX_LAYERS: u64 = 10_000;

/// How far Mistral and Qwen2 look back where `sliding_window` is not given.
const DEFAULT_WINDOW: u32 = 4096;

/// What a Hugging Face `config.json` says of a model, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub hidden: u64,
    pub layers: u32,
    pub heads: u32,
    pub kv_heads: u32,
    pub head_dim: u64,
    pub intermediate: u64,
    pub vocabulary: u64,
    pub max_positions: u64,
    pub epsilon: f64,
    pub inverse_frequencies: Vec<f64>,
    pub tied: bool,
    pub qkv_bias: bool,
    pub o_bias: bool,
    pub mlp_bias: bool,
    /// For each layer how many tokens back it looks.
    pub windows: Vec<Option<u32>>,
    /// The standard deviation of new weights.
    pub deviation: f64,
}

/// The members of the family and where they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Llama,
    Qwen2,
    Mistral,
}

impl Config {
    pub fn parse(json: &str) -> Result<Self, Error> {
        let value = serde_json::from_str(json);
        let value: Value =
            value.map_err(|e| Error::InvalidConfig(format!("config.json is not JSON: {e}")))?;
        let object = value.as_object();
        let keys = Keys(object.ok_or_else(|| Error::InvalidConfig("config.json is not an object".into()))?);

        let family = family(&keys)?;
        keys.only("hidden_act", &["silu", "swish"])?;
        keys.only_number("attention_dropout", 0.0)?;
        keys.only_number("pretraining_tp", 1.0)?;
        keys.only_number("partial_rotary_factor", 1.0)?;

        let hidden = keys.size("hidden_size")?;
        let heads = keys.size("num_attention_heads")?;
        let kv_heads = keys.size_or("num_key_value_heads", heads)?;
        if !heads.is_multiple_of(kv_heads) {
            return Err(
                keys.refuse("num_key_value_heads", &format!("it must divide num_attention_heads, {heads}"))
            );
        }
        if keys.absent("head_dim") && !hidden.is_multiple_of(heads) {
            return Err(keys.refuse("hidden_size", &format!("num_attention_heads, {heads}, must divide it")));
        }
        let head_dim = keys.size_or("head_dim", hidden / heads)?;
        if !head_dim.is_multiple_of(2) {
            let key = if keys.absent("head_dim") { "hidden_size" } else { "head_dim" };
            return Err(keys.refuse(key, &format!("a head of {head_dim} cannot be rotated: it must be even")));
        }
        let layers = keys.size("num_hidden_layers")?;
        if layers > MAX_LAYERS {
            return Err(keys.refuse("num_hidden_layers", &format!("at most {MAX_LAYERS} are supported")));
        }
        let attention_bias = keys.flag("attention_bias", family == Family::Qwen2)?;
        if family != Family::Llama && attention_bias != (family == Family::Qwen2) {
            return Err(
                keys.refuse("attention_bias", "this architecture fixes its biases; leave the key out")
            );
        }
        let mlp_bias = keys.flag("mlp_bias", false)?;
        if mlp_bias && family != Family::Llama {
            return Err(keys.refuse("mlp_bias", "this architecture has no such biases; leave the key out"));
        }
        Ok(Config {
            hidden,
            layers: layers as u32,
            heads: heads as u32,
            kv_heads: kv_heads as u32,
            head_dim,
            intermediate: keys.size("intermediate_size")?,
            vocabulary: keys.size("vocab_size")?,
            max_positions: keys.size("max_position_embeddings")?,
            epsilon: keys.positive("rms_norm_eps")?,
            inverse_frequencies: rope::inverse_frequencies(&keys, head_dim)?,
            tied: keys.flag("tie_word_embeddings", false)?,
            qkv_bias: attention_bias,
            o_bias: attention_bias && family == Family::Llama,
            mlp_bias,
            windows: windows(&keys, family, layers)?,
            deviation: keys.positive_or("initializer_range", 0.02)?,
        })
    }
}

fn family(keys: &Keys<'_>) -> Result<Family, Error> {
    match keys.0.get("architectures").and_then(|names| names.get(0)).and_then(Value::as_str) {
        Some("LlamaForCausalLM") => Ok(Family::Llama),
        Some("Qwen2ForCausalLM") => Ok(Family::Qwen2),
        Some("MistralForCausalLM") => Ok(Family::Mistral),
        _ => Err(keys.refuse(
            "architectures",
            "its first entry must be LlamaForCausalLM, Qwen2ForCausalLM or MistralForCausalLM",
        )),
    }
}

/// The sliding window of each layer, by the rules of each family's configuration class in transformers.
fn windows(keys: &Keys<'_>, family: Family, layers: u64) -> Result<Vec<Option<u32>>, Error> {
    let window = match keys.0.get("sliding_window") {
        // Null is no window, and no key is the window of the configuration class.
        None if family != Family::Llama => Some(DEFAULT_WINDOW),
        None | Some(Value::Null) => None,
        Some(_) => Some(
            u32::try_from(keys.size("sliding_window")?)
                .map_err(|_| keys.refuse("sliding_window", "it must fit 32 bits; use null for no window"))?,
        ),
    };
    let slides = |layer: u64| match family {
        Family::Mistral => true,
        Family::Qwen2 => layer >= keys.0.get("max_window_layers").and_then(Value::as_u64).unwrap_or(28),
        Family::Llama => false,
    };
    let window = match family {
        Family::Llama if window.is_some() => {
            return Err(keys.refuse("sliding_window", "LlamaForCausalLM has none; use null"));
        }
        Family::Qwen2 if !keys.flag("use_sliding_window", false)? => None,
        _ => window,
    };
    if keys.absent("layer_types") || family == Family::Llama {
        return Ok((0..layers).map(|layer| window.filter(|_| slides(layer))).collect());
    }
    let types = keys.0.get("layer_types").and_then(Value::as_array).filter(|t| t.len() as u64 == layers);
    let types = types.ok_or_else(|| keys.refuse("layer_types", "it must list one type for each layer"))?;
    types
        .iter()
        .map(|kind| match kind.as_str() {
            Some("full_attention") => Ok(None),
            Some("sliding_attention") if window.is_some() => Ok(window),
            _ => Err(keys.refuse(
                "layer_types",
                "each must be full_attention, or sliding_attention where sliding_window is set and in use",
            )),
        })
        .collect()
}

/// An object of `config.json`. A key whose value is null counts as absent, as transformers has it.
pub struct Keys<'a>(pub &'a Map<String, Value>);

impl Keys<'_> {
    pub fn absent(&self, key: &str) -> bool {
        self.0.get(key).is_none_or(Value::is_null)
    }

    /// The error for a key: what it says, and what would do.
    pub fn refuse(&self, key: &str, needs: &str) -> Error {
        let value = self.0.get(key).map_or_else(|| "missing".into(), Value::to_string);
        Error::InvalidConfig(format!("`{key}` is {value}: {needs}"))
    }

    pub fn size(&self, key: &str) -> Result<u64, Error> {
        let value = self.0.get(key).and_then(Value::as_u64).filter(|v| (1..=u64::from(u32::MAX)).contains(v));
        value.ok_or_else(|| self.refuse(key, "a whole number from 1 is needed"))
    }

    fn size_or(&self, key: &str, default: u64) -> Result<u64, Error> {
        if self.absent(key) { Ok(default) } else { self.size(key) }
    }

    pub fn positive(&self, key: &str) -> Result<f64, Error> {
        let value = self.0.get(key).and_then(Value::as_f64).filter(|v| v.is_finite() && *v > 0.0);
        value.ok_or_else(|| self.refuse(key, "a finite number above 0 is needed"))
    }

    pub fn positive_or(&self, key: &str, default: f64) -> Result<f64, Error> {
        if self.absent(key) { Ok(default) } else { self.positive(key) }
    }

    fn flag(&self, key: &str, default: bool) -> Result<bool, Error> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.refuse(key, "true or false is needed")),
        }
    }

    fn only(&self, key: &str, accepted: &[&str]) -> Result<(), Error> {
        let known = |value: &Value| value.as_str().is_some_and(|text| accepted.contains(&text));
        match self.absent(key) || self.0.get(key).is_some_and(known) {
            true => Ok(()),
            false => Err(self.refuse(key, &format!("only {} is supported", accepted.join(" or ")))),
        }
    }

    fn only_number(&self, key: &str, accepted: f64) -> Result<(), Error> {
        match self.absent(key) || self.0.get(key).and_then(Value::as_f64) == Some(accepted) {
            true => Ok(()),
            false => Err(self.refuse(key, &format!("only {accepted} is supported"))),
        }
    }
}
