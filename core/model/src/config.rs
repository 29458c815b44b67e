use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::{ModelError, Result};

/// The file that describes a model.
pub(super) const FILE: &str = "config.json";

/// Where checkpoints say that their weights are quantised: transformers, compressed-tensors and MLX.
const QUANTISED: [&str; 3] = ["quantization_config", "compression_config", "quantization"];

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
    /// The file cannot be read, is not JSON, names no architecture, or says that the weights are quantised.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let json =
            codetune_files::read_text(&path, codetune_files::SETTINGS).map_err(|error| {
                match folder.join("adapter_config.json").exists() {
                    true => ModelError::Weights {
                        folder: folder.to_owned(),
                        message: "it holds an adapter, and no model".into(),
                        help: Some("give its base model, and the folder as the adapter".into()),
                    },
                    false => ModelError::read(&path)(error),
                }
            })?;
        Self::parse(path, json)
    }

    /// Takes a text that was read from `path`.
    ///
    /// # Errors
    /// It is not JSON, names no architecture, or says that the weights are quantised.
    pub fn parse(path: PathBuf, json: String) -> Result<Self> {
        let value: Value = match serde_json::from_str(&json) {
            Ok(value) => value,
            Err(e) => {
                return Err(ModelError::Config {
                    path,
                    message: format!("not JSON: {e}"),
                    help: Some("fix it, or copy or download it again".into()),
                });
            }
        };
        let first = value.get("architectures").and_then(|names| names.get(0)).and_then(Value::as_str);
        let Some(architecture) = first.map(str::to_owned) else {
            let message = "`architectures` names none".into();
            let help = Some("write for example [\"LlamaForCausalLM\"]".into());
            return Err(ModelError::Config { path, message, help });
        };
        if let Some((key, found)) = QUANTISED
            .iter()
            .find_map(|key| Some((*key, value.get(key)?)))
            .filter(|(_, found)| !found.is_null())
        {
            let method = found.get("quant_method").and_then(Value::as_str).unwrap_or("of an unnamed method");
            let message = format!(
                "`{key}` says that the weights are quantised ({method}), and quantised weights are not supported"
            );
            let help = "where they are plain F32, F16 or BF16 after all, remove the key, or else save a dequantised copy \
                        with transformers: model.dequantize().save_pretrained(FOLDER)";
            return Err(ModelError::Config { path, message, help: Some(help.into()) });
        }
        Ok(ModelConfig { path, json, architecture })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use codetune_validate::Whole;

    use super::*;

    fn parse(json: &str) -> Result<ModelConfig> {
        ModelConfig::parse("m/config.json".into(), json.to_owned())
    }

    #[test]
    fn the_first_architecture_counts() {
        assert_eq!(parse(r#"{"architectures": ["B", "A"]}"#).unwrap().architecture, "B");
    }

    #[test]
    fn a_leftover_of_quantisation_is_refused_by_its_key() {
        for (key, value, method) in [
            (
                "quantization_config",
                r#"{"quant_method": "bitsandbytes", "load_in_4bit": true}"#,
                "bitsandbytes",
            ),
            ("quantization_config", "{}", "unnamed"),
            ("compression_config", r#"{"quant_method": "compressed-tensors"}"#, "compressed-tensors"),
            ("quantization", r#"{"group_size": 64, "bits": 4}"#, "unnamed"),
        ] {
            let error =
                parse(&format!(r#"{{"architectures": ["A"], "{key}": {value}}}"#)).unwrap_err().whole();
            assert!(error.contains(&format!("`{key}`")) && error.contains(method), "{error}");
            assert!(error.contains("remove the key") && error.contains("dequantize()"), "{error}");
            parse(&format!(r#"{{"architectures": ["A"], "{key}": null}}"#)).unwrap();
        }
    }

    #[test]
    fn a_folder_of_an_adapter_is_told_from_one_of_a_model() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("adapter_config.json"), "{}").unwrap();
        let error = ModelConfig::read(folder.path()).unwrap_err().whole();
        assert!(error.contains("holds an adapter, and no model; give its base model"), "{error}");
    }

    #[test]
    fn a_config_without_architectures_is_refused() {
        for json in ["{}", r#"{"architectures": []}"#, r#"{"architectures": [1]}"#, "[", ""] {
            assert!(matches!(parse(json), Err(ModelError::Config { .. })), "{json}");
        }
    }
}
