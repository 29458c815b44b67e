//! Model sizes that can be trained on a CPU.

use std::path::PathBuf;

use serde_json::json;

use super::config::ModelConfig;

/// A size of a new model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// 2 layers, hidden size 128.
    Tiny,
    /// 4 layers, hidden size 256.
    Small,
    /// 8 layers, hidden size 512.
    Base,
}

impl Preset {
    /// All presets, smallest first.
    pub const ALL: [Preset; 3] = [Preset::Tiny, Preset::Small, Preset::Base];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Preset::Tiny => "tiny",
            Preset::Small => "small",
            Preset::Base => "base",
        }
    }

    /// Its size and use, in one line.
    pub fn description(self) -> &'static str {
        match self {
            Preset::Tiny => "2 layers, hidden size 128: a smoke test in a minute",
            Preset::Small => "4 layers, hidden size 256: learns a project's style in minutes",
            Preset::Base => "8 layers, hidden size 512: trains for hours",
        }
    }

    /// The preset with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// A configuration of the Qwen2 architecture for a vocabulary of this size. `path` is its name in errors.
    pub fn config(self, path: PathBuf, vocabulary: usize, end_of_text: u32) -> ModelConfig {
        const ARCHITECTURE: &str = "Qwen2ForCausalLM";
        let (hidden, layers, heads, groups, positions) = match self {
            Preset::Tiny => (128, 2, 4, 2, 1024),
            Preset::Small => (256, 4, 4, 2, 1024),
            Preset::Base => (512, 8, 8, 2, 2048),
        };
        let json = json!({
            "architectures": [ARCHITECTURE],
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
        });
        ModelConfig { path, json: format!("{json:#}\n"), architecture: ARCHITECTURE.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_preset_is_a_configuration_that_is_read_back() {
        for preset in Preset::ALL {
            let config = preset.config("m/config.json".into(), 300, 7);
            assert_eq!(ModelConfig::parse("m/config.json".into(), config.json.clone()).unwrap(), config);
            let json: serde_json::Value = serde_json::from_str(&config.json).unwrap();
            assert_eq!((&json["vocab_size"], &json["eos_token_id"]), (&json!(300), &json!(7)));
            let size = format!("{} layers, hidden size {}", json["num_hidden_layers"], json["hidden_size"]);
            assert!(preset.description().starts_with(&size), "{size}");
            assert_eq!(Preset::named(preset.name()), Some(preset));
        }
        assert_eq!(Preset::named("huge"), None);
    }
}
