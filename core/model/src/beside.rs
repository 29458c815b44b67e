use std::fs;
use std::path::{Path, PathBuf};

use super::error::{ModelError, Result};

/// Files beside the weights that transformers reads with a model: tokenizers in all forms, chat templates, special
/// tokens and generation settings.
const FILES: [&str; 16] = [
    "added_tokens.json",
    "chat_template.json",
    "chat_template.jinja",
    "generation_config.json",
    "merges.txt",
    "preprocessor_config.json",
    "processor_config.json",
    "sentencepiece.bpe.model",
    "sentencepiece.model",
    "special_tokens_map.json",
    "spiece.model",
    "spm.model",
    "tekken.json",
    "video_preprocessor_config.json",
    "vocab.json",
    "vocab.txt",
];

/// The maximum size of one of them, fifty times that of the largest vocabularies.
const MOST_BYTES: u64 = 1 << 30;

/// The directory with additional chat templates.
const TEMPLATES: &str = "additional_chat_templates";

/// Files beside the weights of a model, which a model derived from it needs as well.
///
/// They are read once, so that a long training writes what it started with.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// Relative paths and contents.
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Beside {
    /// Reads the files of a model directory; empty for a model in memory.
    ///
    /// # Errors
    /// The directory or a file cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut files = Vec::new();
        if !folder.exists() {
            return Ok(Beside { files });
        }
        for (name, path) in entries(folder)? {
            if is_beside(&name) && path.is_file() {
                files.push((
                    PathBuf::from(&name),
                    codetune_files::read(&path, MOST_BYTES).map_err(ModelError::read(&path))?,
                ));
            }
        }
        let templates = folder.join(TEMPLATES);
        if templates.is_dir() {
            for (name, path) in entries(&templates)? {
                if name.ends_with(".jinja") && path.is_file() {
                    let within = Path::new(TEMPLATES).join(&name);
                    files.push((
                        within,
                        codetune_files::read(&path, MOST_BYTES).map_err(ModelError::read(&path))?,
                    ));
                }
            }
        }
        Ok(Beside { files })
    }

    /// Writes the files to another directory.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        for (name, content) in &self.files {
            let path = folder.join(name);
            codetune_files::write(&path, content).map_err(ModelError::write(&path))?;
        }
        Ok(())
    }
}

/// `tokenizer.json`, `tokenizer_config.json` and `tokenizer.model` can have a version in the name, and tiktoken
/// vocabularies have various names.
fn is_beside(name: &str) -> bool {
    FILES.contains(&name)
        || name.starts_with("tokenizer.")
        || name.starts_with("tokenizer_")
        || name.ends_with(".tiktoken")
}

/// The entries of a directory with UTF-8 names, sorted.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let listed = fs::read_dir(folder).map_err(ModelError::read(folder))?;
    let mut entries = Vec::new();
    for entry in listed {
        let entry = entry.map_err(ModelError::read(folder))?;
        if let Ok(name) = entry.file_name().into_string() {
            entries.push((name, entry.path()));
        }
    }
    entries.sort();
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_transformers_reads_is_carried_and_nothing_else() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let carried = [
            "added_tokens.json",
            "additional_chat_templates/tool_use.jinja",
            "chat_template.jinja",
            "generation_config.json",
            "merges.txt",
            "qwen.tiktoken",
            "special_tokens_map.json",
            "tokenizer.4.0.0.json",
            "tokenizer.json",
            "tokenizer.model",
            "tokenizer.model.v3",
            "tokenizer_config.json",
            "vocab.json",
        ];
        let left = [
            "README.md",
            "additional_chat_templates/notes.txt",
            "config.json",
            "hf_quant_config.json",
            "model.safetensors",
            "modeling_own.py",
            "pytorch_model.bin",
            "training_args.bin",
        ];
        for name in carried.iter().chain(&left) {
            let path = from.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        fs::create_dir(from.path().join("tokenizer_files")).unwrap();
        let beside = Beside::read(from.path()).unwrap();
        fs::remove_dir_all(from.path()).unwrap();
        beside.write(to.path()).unwrap();
        for name in carried {
            assert_eq!(fs::read_to_string(to.path().join(name)).unwrap(), name);
        }
        for name in left.iter().chain(&["tokenizer_files"]) {
            assert!(!to.path().join(name).exists(), "{name}");
        }
    }
}
