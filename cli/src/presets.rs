//! Model sizes that can be trained on a CPU.

use serde_json::{Value, json};

/// A model size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Preset {
    /// 2 layers, hidden size 128: a smoke test in a minute.
    Tiny,
    /// 4 layers, hidden size 256: learns a project's style in minutes.
    Small,
    /// 8 layers, hidden size 512: trains for hours.
    Base,
}

impl Preset {
    /// A `config.json` of the Qwen2 architecture for a vocabulary of this size.
    pub fn config(self, vocabulary: usize, end_of_text: u32) -> Value {
        let (hidden, layers, heads, groups, positions) = match self {
            Preset::Tiny => (128, 2, 4, 2, 1024),
            Preset::Small => (256, 4, 4, 2, 1024),
            Preset::Base => (512, 8, 8, 2, 2048),
        };
        json!({
            "architectures": ["Qwen2ForCausalLM"],
            "model_type": "qwen2",
            "hidden_size": hidden,
            "intermediate_size": hidden * 3,
            "num_hidden_layers": layers,
            "num_attention_heads": heads,
            "num_key_value_heads": groups,
            "hidden_act": "silu",
            "max_position_embeddings": positions,
            "rms_norm_eps": 1e-6,
            "rope_theta": 10000.0,
            "initializer_range": 0.02,
            "tie_word_embeddings": true,
            "use_sliding_window": false,
            "attention_dropout": 0.0,
            "vocab_size": vocabulary,
            "bos_token_id": end_of_text,
            "eos_token_id": end_of_text,
            "torch_dtype": "float32",
            "use_cache": true
        })
    }
}
