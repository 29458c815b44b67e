//! An example training backend: a decoder in eighty lines.
//!
//! Layer norms, plain causal attention and GELU, with the embedding as the output head. Tokens have no positions: a
//! causal decoder learns order from what each token can see (Kazemnejad et al., 2023).

use codetune_plugin_sdk::ops::{self, Attention};
use codetune_plugin_sdk::{Error, Initializer, Parameter, Plan, Role, Tensor, TrainingBackend, export};

/// The epsilon of layer norms.
const EPSILON: f64 = 1e-5;

/// A model, described by its `config.json`.
#[derive(serde::Deserialize)]
pub struct Tiny {
    hidden_size: u64,
    num_hidden_layers: u32,
    num_attention_heads: u32,
    vocab_size: u64,
    max_position_embeddings: u64,
}

impl TrainingBackend for Tiny {
    fn configure(config: &str) -> Result<(Self, Plan), Error> {
        let invalid = |text: String| Error::InvalidConfig(text);
        let model: Tiny =
            serde_json::from_str(config).map_err(|error| invalid(format!("config.json: {error}")))?;
        let heads = u64::from(model.num_attention_heads);
        if heads == 0 || model.hidden_size == 0 || !model.hidden_size.is_multiple_of(heads) {
            return Err(invalid("num_attention_heads must divide hidden_size".into()));
        }
        let plan = model.plan();
        Ok((model, plan))
    }

    fn embed(&self, ids: &Tensor) -> Result<Tensor, Error> {
        ops::embedding("embed", ids)
    }

    fn block(&self, index: u32, x: &Tensor) -> Result<Tensor, Error> {
        let part = |name: &str| format!("layers.{index}.{name}");
        let normed = ops::layer_norm(&part("attention_norm"), x, EPSILON)?;
        let heads = |name| ops::split_heads(&ops::linear(&part(name), &normed)?, self.num_attention_heads);
        let scale = (f64::from(self.num_attention_heads) / self.hidden_size as f64).sqrt();
        let options = Attention { slot: index, scale, window: None };
        let mixed = ops::attention(&heads("q_proj")?, &heads("k_proj")?, &heads("v_proj")?, options)?;
        let x = ops::add(x, &ops::linear(&part("o_proj"), &ops::merge_heads(&mixed)?)?)?;
        let normed = ops::layer_norm(&part("mlp_norm"), &x, EPSILON)?;
        let inner = ops::gelu(&ops::linear(&part("up_proj"), &normed)?, true)?;
        ops::add(&x, &ops::linear(&part("down_proj"), &inner)?)
    }

    fn logits(&self, x: &Tensor) -> Result<Tensor, Error> {
        ops::linear("embed", &ops::layer_norm("norm", x, EPSILON)?)
    }
}

impl Tiny {
    /// All parameters with their names in the checkpoint, shapes and initial values.
    fn plan(&self) -> Plan {
        let (hidden, inner) = (self.hidden_size, 4 * self.hidden_size);
        let parameter = |name: String, shape: &[u64], role, initializer| Parameter {
            name: name + ".weight",
            shape: shape.to_vec(),
            role,
            initializer,
        };
        let normal = Initializer::Normal(0.02);
        let norm = |name: String| parameter(name, &[hidden], Role::Norm, Initializer::Ones);
        let mut parameters =
            vec![parameter("embed".into(), &[self.vocab_size, hidden], Role::Embedding, normal)];
        for layer in 0..self.num_hidden_layers {
            let part = |name: &str| format!("layers.{layer}.{name}");
            let linear = |name, shape: [u64; 2]| parameter(part(name), &shape, Role::Linear, normal);
            parameters.push(norm(part("attention_norm")));
            let square = ["q_proj", "k_proj", "v_proj", "o_proj"];
            parameters.extend(square.map(|name| linear(name, [hidden, hidden])));
            parameters.push(norm(part("mlp_norm")));
            parameters.push(linear("up_proj", [inner, hidden]));
            parameters.push(linear("down_proj", [hidden, inner]));
        }
        parameters.push(norm("norm".into()));
        Plan {
            blocks: self.num_hidden_layers,
            vocabulary: self.vocab_size,
            max_positions: self.max_position_embeddings,
            parameters,
            default_targets: vec!["q_proj".into(), "v_proj".into()],
        }
    }
}

export!(training_backend: Tiny);
