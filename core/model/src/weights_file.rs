use std::fs;
use std::path::Path;

use super::error::ModelError;

/// What weights may be stored as, by how the file's name ends, with what to do about it. `FOLDER` and `FILE` stand for
/// the names at hand.
const OTHER_FORMS: &[(&[&str], &str, &str)] = &[
    (
        &[".gguf"],
        "GGUF files are not read",
        "convert it with transformers: python -c \"from transformers import \
         AutoModelForCausalLM as M;M.from_pretrained('FOLDER', gguf_file='FILE').save_pretrained('FOLDER')\"",
    ),
    (
        &[".bin", ".pt", ".pth", ".ckpt"],
        "pickled PyTorch weights are not read, since reading them runs code",
        "convert them with transformers: python -c \
         \"from transformers import AutoModelForCausalLM as M;M.from_pretrained('FOLDER').save_pretrained('FOLDER')\"",
    ),
    (
        &[".h5", ".msgpack"],
        "weights of TensorFlow and Flax are not read",
        "convert them to safetensors with the transformers that wrote them",
    ),
    (
        &[".safetensors"],
        "it is neither the only file, named model.safetensors, nor listed in a model.safetensors.index.json",
        "rename it, or download the index as well",
    ),
];

/// What to do about an adapter's pickled weights.
const PICKLED_ADAPTER: &str = "convert them: python \
    -c \"import torch, safetensors.torch as s;s.save_file(torch.load('FOLDER/FILE', weights_only=True), \
    'FOLDER/adapter_model.safetensors')\"";

/// Why a folder without `model.safetensors` and without an index is no model, and what to do.
pub(super) fn no_model_weights(folder: &Path) -> ModelError {
    let names = names(folder);
    if names.iter().any(|name| name == "adapter_model.safetensors" || name == "adapter_model.bin") {
        return refusal(
            folder,
            "it holds an adapter, and no model",
            "give its base model, and the folder as the adapter",
        );
    }
    // Optimizers and arguments of a training are pickled too, and no weights.
    let no_weights = ["training_args.bin", "optimizer.pt", "optimizer.bin", "scheduler.pt", "rng_state.pth"];
    for (ends, why, remedy) in OTHER_FORMS {
        let of_form = |name: &&String| {
            ends.iter().any(|end| name.ends_with(end)) && !no_weights.contains(&name.as_str())
        };
        if let Some(name) = names.iter().find(of_form) {
            return found(folder, name, why, remedy);
        }
    }
    refusal(
        folder,
        "it holds no model.safetensors and no model.safetensors.index.json",
        "download the weights, or check the path",
    )
}

/// Why a folder without `adapter_model.safetensors` is no adapter, and what to do.
pub(super) fn no_adapter_weights(folder: &Path) -> ModelError {
    match names(folder).iter().find(|name| *name == "adapter_model.bin") {
        Some(name) => {
            let why = "pickled PyTorch weights are not read, since reading them runs code";
            found(folder, name, why, PICKLED_ADAPTER)
        }
        None => refusal(
            folder,
            "it holds no adapter_model.safetensors",
            "save the adapter again, or check the path",
        ),
    }
}

fn found(folder: &Path, name: &str, why: &str, remedy: &str) -> ModelError {
    let remedy = remedy.replace("FOLDER", &folder.display().to_string()).replace("FILE", name);
    refusal(folder, &format!("it holds {name}: {why}"), &remedy)
}

fn refusal(folder: &Path, message: &str, help: &str) -> ModelError {
    ModelError::Weights {
        folder: folder.to_owned(),
        message: message.to_owned(),
        help: Some(help.to_owned()),
    }
}

/// The names in a folder, sorted; none where it cannot be listed, which whoever reads a file of it tells better.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use codetune_validate::Whole;

    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in files {
            fs::write(folder.path().join(name), "").unwrap();
        }
        folder
    }

    #[test]
    fn weights_in_another_form_are_named_with_what_to_type() {
        for (files, parts) in [
            (&["config.json", "pytorch_model.bin"][..], ["holds pytorch_model.bin", "save_pretrained('"]),
            (&["pytorch_model-00001-of-00002.bin", "training_args.bin"], ["00001-of-00002.bin", "runs code"]),
            (&["consolidated.00.pth"], ["consolidated.00.pth", "runs code"]),
            (&["a.Q4_K_M.gguf"], ["a.Q4_K_M.gguf", "gguf_file='a.Q4_K_M.gguf'"]),
            (&["tf_model.h5"], ["tf_model.h5", "TensorFlow"]),
            (&["model-00001-of-00002.safetensors"], ["model-00001", "download the index"]),
            (&["adapter_model.safetensors"], ["an adapter", "base model"]),
            (&["config.json", "optimizer.pt"], ["no model.safetensors", "check the path"]),
            (&[], ["no model.safetensors", "check the path"]),
        ] {
            let folder = folder(files);
            let error = no_model_weights(folder.path()).whole();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
            assert!(error.starts_with(&folder.path().display().to_string()), "{error}");
            assert!(!error.contains("FOLDER") && !error.contains("FILE"), "{error}");
        }
    }

    #[test]
    fn pickled_adapters_are_told_how_to_become_safetensors() {
        let folder = folder(&["adapter_config.json", "adapter_model.bin"]);
        let error = no_adapter_weights(folder.path()).whole();
        let call = format!("torch.load('{}/adapter_model.bin', weights_only=True)", folder.path().display());
        assert!(error.contains(&call), "{error}");
        assert!(
            no_adapter_weights(Path::new("nowhere")).to_string().contains("no adapter_model.safetensors")
        );
    }
}
