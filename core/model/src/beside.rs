use std::fs;
use std::path::{Path, PathBuf};

use super::error::{ModelError, Result};

/// Files beside the weights that transformers reads with a model: the tokenizer in each of its forms, chat templates,
/// special tokens and the settings of generation.
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

/// The most bytes of one of them: fifty times those of the largest vocabularies.
const MOST_BYTES: u64 = 1 << 30;

/// The folder of further chat templates.
const TEMPLATES: &str = "additional_chat_templates";

/// What lies beside the weights of a model and belongs to them: a model made of it needs the same.
///
/// It is read once, so that what a long training writes in the end is what it began with.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// Paths within the folder, and contents.
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Beside {
    /// Reads what lies in the folder of a model; nothing where a model that was made in memory has none.
    ///
    /// # Errors
    /// The folder or a file cannot be read.
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

    /// Writes the files into another folder, unchanged.
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

/// `tokenizer.json`, `tokenizer_config.json` and `tokenizer.model` have forms with a version in the name, and
/// vocabularies of tiktoken have names of their own.
fn is_beside(name: &str) -> bool {
    FILES.contains(&name)
        || name.starts_with("tokenizer.")
        || name.starts_with("tokenizer_")
        || name.ends_with(".tiktoken")
}

/// The entries of a folder whose names are text, sorted.
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
