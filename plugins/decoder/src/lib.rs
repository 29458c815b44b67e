//! The Llama, Qwen2 and Mistral family of decoders: RMSNorm, rotary positions, grouped-query attention, SwiGLU.
//!
//! Parameters are named as in Hugging Face checkpoints. Every key of `config.json` is honored, known to be irrelevant,
//! or rejected.
#![deny(missing_docs)]

mod config;
mod family;
mod keys;
mod known;
mod rope;
mod windows;

use codetune_plugin_sdk::ops::{self, Attention};
use codetune_plugin_sdk::{Error, Initializer, Parameter, Plan, Role, Tensor, TrainingBackend};

use config::DecoderConfig;

/// A decoder, described by its `config.json`.
pub struct Decoder {
    config: DecoderConfig,
}

impl TrainingBackend for Decoder {
    fn configure(config: &str) -> Result<(Self, Plan), Error> {
        let config = DecoderConfig::parse(config)?;
        let plan = plan(&config);
        Ok((Decoder { config }, plan))
    }

    fn embed(&self, ids: &Tensor) -> Result<Tensor, Error> {
        ops::embedding("model.embed_tokens", ids)
    }

    fn block(&self, index: u32, x: &Tensor) -> Result<Tensor, Error> {
        let part = |name: &str| format!("model.layers.{index}.{name}");
        let normed = ops::rms_norm(&part("input_layernorm"), x, self.config.epsilon)?;
        let x = ops::add(x, &self.attention(index, &normed)?)?;
        let normed = ops::rms_norm(&part("post_attention_layernorm"), &x, self.config.epsilon)?;
        let gate = ops::linear(&part("mlp.gate_proj"), &normed)?;
        let up = ops::linear(&part("mlp.up_proj"), &normed)?;
        ops::add(&x, &ops::linear(&part("mlp.down_proj"), &ops::swiglu(&gate, &up)?)?)
    }

    fn logits(&self, x: &Tensor) -> Result<Tensor, Error> {
        let x = ops::rms_norm("model.norm", x, self.config.epsilon)?;
        ops::linear(if self.config.tied { "model.embed_tokens" } else { "lm_head" }, &x)
    }
}

impl Decoder {
    fn attention(&self, index: u32, x: &Tensor) -> Result<Tensor, Error> {
        let config = &self.config;
        let part = |name: &str| format!("model.layers.{index}.self_attn.{name}");
        let heads = |name: &str, heads: u32| ops::split_heads(&ops::linear(&part(name), x)?, heads);
        let q = ops::rope(&heads("q_proj", config.heads)?, &config.inverse_frequencies)?;
        let k = ops::rope(&heads("k_proj", config.kv_heads)?, &config.inverse_frequencies)?;
        let v = heads("v_proj", config.kv_heads)?;
        let window = config.windows.get(index as usize).copied().flatten();
        let scale = 1.0 / (config.head_dim as f64).sqrt();
        let mixed = ops::attention(&q, &k, &v, Attention { slot: index, scale, window })?;
        ops::linear(&part("o_proj"), &ops::merge_heads(&mixed)?)
    }
}

/// All parameters in the order of the layers, with the initial values of Hugging Face's `_init_weights`.
fn plan(config: &DecoderConfig) -> Plan {
    let normal = Initializer::Normal(config.deviation);
    let (hidden, inner) = (config.hidden, config.intermediate);
    let queries = u64::from(config.heads) * config.head_dim;
    let keys = u64::from(config.kv_heads) * config.head_dim;
    let mut parameters = Vec::new();
    let mut add = |name: String, shape: &[u64], role, initializer| {
        parameters.push(Parameter { name, shape: shape.to_vec(), role, initializer });
    };
    let vocabulary = [config.vocabulary, hidden];
    add("model.embed_tokens.weight".into(), &vocabulary, Role::Embedding, normal);
    for layer in 0..config.layers {
        let mut linear = |name: &str, shape: [u64; 2], bias: bool| {
            let name = format!("model.layers.{layer}.{name}");
            add(format!("{name}.weight"), &shape, Role::Linear, normal);
            if bias {
                add(format!("{name}.bias"), &shape[..1], Role::Bias, Initializer::Zeros);
            }
        };
        linear("self_attn.q_proj", [queries, hidden], config.qkv_bias);
        linear("self_attn.k_proj", [keys, hidden], config.qkv_bias);
        linear("self_attn.v_proj", [keys, hidden], config.qkv_bias);
        linear("self_attn.o_proj", [hidden, queries], config.o_bias);
        linear("mlp.gate_proj", [inner, hidden], config.mlp_bias);
        linear("mlp.up_proj", [inner, hidden], config.mlp_bias);
        linear("mlp.down_proj", [hidden, inner], config.mlp_bias);
        for norm in ["input_layernorm", "post_attention_layernorm"] {
            let name = format!("model.layers.{layer}.{norm}.weight");
            add(name, &[hidden], Role::Norm, Initializer::Ones);
        }
    }
    add("model.norm.weight".into(), &[hidden], Role::Norm, Initializer::Ones);
    if !config.tied {
        add("lm_head.weight".into(), &vocabulary, Role::Linear, normal);
    }
    Plan {
        blocks: config.layers,
        vocabulary: config.vocabulary,
        max_positions: config.max_positions,
        parameters,
        default_targets: vec!["q_proj".into(), "v_proj".into()],
    }
}

codetune_plugin_sdk::export!(training_backend: Decoder);

#[cfg(test)]
mod tests;
