use codetune_plugin_sdk::Error;
use serde_json::Value;

use crate::family::Family;
use crate::keys::Keys;
use crate::known::{refuse_ignored, refuse_layers_without_positions};
use crate::rope;
use crate::windows::windows;

/// More layers than any model has; a larger number indicates a damaged file.
const MAX_LAYERS: u64 = 10_000;

/// Wider heads than any model has; each has a frequency for every other element.
const MAX_HEAD_DIM: u64 = 1 << 16;

/// More parameters than any machine can hold. Below it, no product of sizes exceeds 64 bits.
const MAX_PARAMETERS: u128 = 1 << 50;

/// A validated Hugging Face `config.json`.
#[derive(Debug, Clone, PartialEq)]
pub struct DecoderConfig {
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
    /// The sliding window of each layer.
    pub windows: Vec<Option<u32>>,
    /// The standard deviation of initial weights.
    pub deviation: f64,
}

impl DecoderConfig {
    /// Parses a `config.json`. Missing values have the defaults of transformers' configuration classes.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let value = serde_json::from_str(json);
        let value: Value =
            value.map_err(|e| Error::InvalidConfig(format!("config.json is not JSON: {e}")))?;
        let object = value.as_object();
        let keys =
            Keys::of(object.ok_or_else(|| Error::InvalidConfig("config.json is not an object".into()))?);

        let family = family(&keys)?;
        let hidden = keys.size("hidden_size")?;
        let heads = keys.size("num_attention_heads")?;
        let kv_heads = match keys.get("num_key_value_heads") {
            None => family.default_kv_heads(heads),
            Some(_) => keys.size_or("num_key_value_heads", heads)?,
        };
        if !heads.is_multiple_of(kv_heads) {
            let mut needs = format!("it must divide num_attention_heads, {heads}");
            if keys.get("num_key_value_heads").is_none() {
                needs.push_str(&format!(
                    "; {} has {kv_heads} where the key is missing",
                    family.architecture()
                ));
            }
            return Err(keys.refuse("num_key_value_heads", &needs));
        }
        if keys.absent("head_dim") && !hidden.is_multiple_of(heads) {
            return Err(keys.refuse("hidden_size", &format!("num_attention_heads, {heads}, must divide it")));
        }
        let head_dim = keys.size_or("head_dim", hidden / heads)?;
        if !head_dim.is_multiple_of(2) {
            let key = if keys.absent("head_dim") { "hidden_size" } else { "head_dim" };
            return Err(keys.refuse(key, &format!("a head of {head_dim} cannot be rotated: it must be even")));
        }
        if head_dim > MAX_HEAD_DIM {
            let key = if keys.absent("head_dim") { "hidden_size" } else { "head_dim" };
            return Err(keys.refuse(key, &format!("heads of at most {MAX_HEAD_DIM} are supported")));
        }
        keys.only_number("attention_multiplier", 1.0 / (head_dim as f64).sqrt())?;
        keys.only_number("query_pre_attn_scalar", head_dim as f64)?;
        let layers = keys.size("num_hidden_layers")?;
        if layers > MAX_LAYERS {
            return Err(keys.refuse("num_hidden_layers", &format!("at most {MAX_LAYERS} are supported")));
        }
        refuse_layers_without_positions(&keys, layers)?;
        let intermediate = keys.size("intermediate_size")?;
        let vocabulary = keys.size("vocab_size")?;
        refuse_too_many_parameters(
            layers,
            hidden,
            [heads, kv_heads].map(|heads| heads * head_dim),
            intermediate,
            vocabulary,
        )?;
        let (qkv_bias, o_bias) = match family {
            Family::Llama => {
                let bias = keys.flag("attention_bias", false)?;
                (bias, bias)
            }
            // Qwen2's biases are fixed: transformers ignores the key.
            Family::Qwen2 => {
                keys.flag("attention_bias", true)?;
                (true, false)
            }
            Family::Mistral => {
                keys.only_flag("attention_bias", false)?;
                (false, false)
            }
        };
        keys.only_flag("qkv_bias", qkv_bias)?;
        keys.only_flag("use_qkv_bias", qkv_bias)?;
        keys.only_flag("attention_out_bias", o_bias)?;
        let mlp_bias = match family {
            Family::Llama => keys.flag("mlp_bias", false)?,
            Family::Qwen2 | Family::Mistral => {
                keys.only_flag("mlp_bias", false)?;
                false
            }
        };
        let max_positions = keys.size_or("max_position_embeddings", family.default_positions())?;
        let config = DecoderConfig {
            hidden,
            layers: layers as u32,
            heads: heads as u32,
            kv_heads: kv_heads as u32,
            head_dim,
            intermediate,
            vocabulary,
            max_positions,
            epsilon: keys.positive_or("rms_norm_eps", 1e-6)?,
            inverse_frequencies: rope::inverse_frequencies(&keys, head_dim, max_positions)?,
            tied: keys.flag("tie_word_embeddings", false)?,
            qkv_bias,
            o_bias,
            mlp_bias,
            windows: windows(&keys, family, layers)?,
            deviation: keys.positive_or("initializer_range", 0.02)?,
        };
        refuse_ignored(&keys, family.architecture())?;
        Ok(config)
    }
}

/// Each size is below 2³², heads times their width below 2⁴⁸ and layers below 2¹⁴, so nothing overflows here.
fn refuse_too_many_parameters(
    layers: u64,
    hidden: u64,
    [queries, keys]: [u64; 2],
    intermediate: u64,
    vocabulary: u64,
) -> Result<(), Error> {
    let [layers, hidden, queries, keys, intermediate, vocabulary] =
        [layers, hidden, queries, keys, intermediate, vocabulary].map(u128::from);
    let layer = hidden * (2 * queries + 2 * keys + 3 * intermediate);
    let parameters = layers * layer + 2 * vocabulary * hidden;
    match parameters < MAX_PARAMETERS {
        true => Ok(()),
        false => Err(Error::InvalidConfig(format!(
            "`hidden_size`, `intermediate_size`, `vocab_size`, heads and layers make a model of {parameters} \
             parameters, more than any machine holds; one of them is wrong"
        ))),
    }
}

fn family(keys: &Keys<'_>) -> Result<Family, Error> {
    let name = keys.get("architectures").and_then(|names| names.get(0)).and_then(Value::as_str);
    let family = Family::ALL.into_iter().find(|family| Some(family.architecture()) == name);
    let family = family.ok_or_else(|| {
        keys.refuse(
            "architectures",
            "its first entry must be LlamaForCausalLM, Qwen2ForCausalLM or MistralForCausalLM",
        )
    })?;
    // transformers creates the model that this key names, regardless of `architectures`.
    let given = keys.get("model_type").filter(|given| !given.is_null());
    match given.is_none_or(|given| given.as_str() == Some(family.model_type())) {
        true => Ok(family),
        false => Err(keys.refuse(
            "model_type",
            &format!(
                "{} is of the type {}, and transformers goes by the type; set both to what the checkpoint was saved with",
                family.architecture(),
                family.model_type()
            ),
        )),
    }
}
