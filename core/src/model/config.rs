use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::{ModelError, Result};

/// The file that describes a model.
pub(super) const FILE: &str = "config.json";

/// A model's `config.json`, which the training backend interprets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelConfig {
    /// Where it was read.
    pub path: PathBuf,
    /// Its text, as the backend gets it.
    pub json: String,
    /// The first entry of `architectures`, by which a backend is chosen.
    pub architecture: String,
}

impl ModelConfig {
    /// Reads `config.json` of a model folder.
    ///
    /// # Errors
    /// The file cannot be read, is not JSON, or names no architecture.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let json = fs::read_to_string(&path).map_err(ModelError::read(&path))?;
        Self::parse(path, json)
    }

    /// Takes a text that was read from `path`.
    ///
    /// # Errors
    /// It is not JSON, or names no architecture.
    pub fn parse(path: PathBuf, json: String) -> Result<Self> {
        let value: Value = match serde_json::from_str(&json) {
            Ok(value) => value,
            Err(e) => {
                return Err(ModelError::Config {
                    path,
                    message: format!("not JSON: {e}; mend it, or copy or download it again"),
                });
            }
        };
        let first = value.get("architectures").and_then(|names| names.get(0)).and_then(Value::as_str);
        let Some(architecture) = first.map(str::to_owned) else {
            let message = "`architectures` names none; write for example [\"LlamaForCausalLM\"]".into();
            return Err(ModelError::Config { path, message });
        };
        Ok(ModelConfig { path, json, architecture })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<ModelConfig> {
        ModelConfig::parse("m/config.json".into(), json.to_owned())
    }

    #[test]
    fn the_first_architecture_counts() {
        assert_eq!(parse(r#"{"architectures": ["B", "A"]}"#).unwrap().architecture, "B");
    }

    #[test]
    fn a_config_without_architectures_is_refused() {
        for json in ["{}", r#"{"architectures": []}"#, r#"{"architectures": [1]}"#, "[", ""] {
            assert!(matches!(parse(json), Err(ModelError::Config { .. })), "{json}");
        }
    }
}
