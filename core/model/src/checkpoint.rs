use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use candle_core::{DType, Tensor};
use codetune_plugin::plan_bytes;
use codetune_plugin_sdk::Plan;
use serde_json::Value;

use super::config;
use super::error::{ModelError, Result};
use super::files::{BESIDE_WEIGHTS, check_shapes, read_safetensors, write_safetensors};
use super::output::{is_output, tied_embedding};
use super::weights_file::no_model_weights;

/// The weights of a model in one file.
const FILE: &str = "model.safetensors";
/// The index of sharded weights.
const INDEX: &str = "model.safetensors.index.json";
/// The maximum size of the index; that of a model with a trillion parameters has about 10 MiB.
const INDEX_BYTES: u64 = 256 << 20;
/// Redundant buffers in old Llama checkpoints, which transformers ignores.
const DERIVED: &str = ".rotary_emb.inv_freq";

/// Reads the weights of a model directory, in one file or sharded, as `dtype`: exactly those of the plan.
///
/// # Errors
/// A file is missing or damaged, or its tensors do not match the plan; the error names each.
pub fn read_weights(folder: &Path, plan: &Plan, dtype: DType) -> Result<BTreeMap<String, Tensor>> {
    let (path, index) = (folder.join(FILE), folder.join(INDEX));
    let sharded = !path.exists();
    if sharded && !index.exists() {
        return Err(no_model_weights(folder));
    }
    // A tied output layer may be there twice.
    let most = plan_bytes(plan).saturating_mul(2).saturating_add(BESIDE_WEIGHTS);
    let mut tensors = match sharded {
        true => read_shards(folder, &index, dtype, most)?,
        false => read_safetensors(&path, dtype, most)?,
    };
    tensors.retain(|name, _| !name.ends_with(DERIVED));
    let path = if sharded { index } else { path };
    tie(&path, plan, &mut tensors)?;
    let expected = plan.parameters.iter().map(|p| (p.name.as_str(), p.shape.as_slice()));
    check_shapes(&path, &tensors, expected)?;
    Ok(tensors)
}

/// A tied output layer is the embedding: a file may contain either, or both if they are equal.
fn tie(path: &Path, plan: &Plan, tensors: &mut BTreeMap<String, Tensor>) -> Result<()> {
    let Some(embedding) = tied_embedding(plan) else { return Ok(()) };
    let Some(name) = tensors.keys().find(|name| is_output(name)).cloned() else { return Ok(()) };
    let Some(output) = tensors.remove(&name) else { return Ok(()) };
    let Some(kept) = tensors.get(&embedding.name) else {
        tensors.insert(embedding.name.clone(), output);
        return Ok(());
    };
    let same = output.dims() == kept.dims()
        && output.flatten_all()?.to_vec1::<f32>()? == kept.flatten_all()?.to_vec1::<f32>()?;
    match same {
        true => Ok(()),
        false => Err(ModelError::Mismatch {
            path: path.to_owned(),
            problems: vec![format!(
                "{name} differs from {}, to which `tie_word_embeddings` of config.json ties it (set that to false \
                 where both are meant)",
                embedding.name
            )],
        }),
    }
}

fn read_shards(folder: &Path, index: &Path, dtype: DType, most: u64) -> Result<BTreeMap<String, Tensor>> {
    let corrupt = |message: String| ModelError::Corrupt { path: index.to_owned(), message };
    let text = codetune_files::read_text(index, INDEX_BYTES).map_err(ModelError::read(index))?;
    let value: Value = serde_json::from_str(&text).map_err(|e| corrupt(format!("not JSON: {e}")))?;
    let map = value.get("weight_map").and_then(Value::as_object);
    let map = map.ok_or_else(|| corrupt("it has no `weight_map`".into()))?;
    let mut files = BTreeSet::new();
    for (name, file) in map {
        // An index must not refer to files outside of its directory.
        let plain = |file: &&str| Path::new(file).file_name().is_some_and(|own| own == *file);
        let file = file.as_str().filter(plain);
        files.insert(file.ok_or_else(|| corrupt(format!("`weight_map` gives {name} no plain file name")))?);
    }
    let mut tensors = BTreeMap::new();
    for file in files {
        let path = folder.join(file);
        for (name, tensor) in read_safetensors(&path, dtype, most)? {
            if map.get(&name).and_then(Value::as_str) == Some(file) {
                tensors.insert(name, tensor);
            }
        }
    }
    match map.keys().find(|name| !tensors.contains_key(*name)) {
        Some(name) => Err(corrupt(format!("{name} is not in the file that `weight_map` names"))),
        None => Ok(tensors),
    }
}

/// Writes `config.json` and `model.safetensors` atomically; equal weights give equal bytes.
///
/// # Errors
/// A file cannot be written.
pub fn write_model(folder: &Path, config_json: &str, weights: &BTreeMap<String, Tensor>) -> Result<()> {
    // Write the weights first, so that a directory with a configuration is complete.
    write_safetensors(&folder.join(FILE), weights)?;
    let path = folder.join(config::FILE);
    codetune_files::write(&path, in_single_precision(config_json).as_bytes())
        .map_err(ModelError::write(&path))
}

/// The configuration with the type of the written weights, in which transformers loads them; unchanged if it already
/// has that type or none.
fn in_single_precision(config_json: &str) -> Cow<'_, str> {
    let Ok(Value::Object(mut config)) = serde_json::from_str(config_json) else {
        return Cow::Borrowed(config_json);
    };
    let mut changed = false;
    for key in ["dtype", "torch_dtype"] {
        if let Some(kind) = config.get_mut(key).filter(|kind| **kind != "float32") {
            *kind = "float32".into();
            changed = true;
        }
    }
    if !changed {
        return Cow::Borrowed(config_json);
    }
    Cow::Owned(format!("{:#}\n", Value::Object(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_configuration_tells_the_type_of_its_weights() {
        let given = r#"{"hidden_size": 8, "torch_dtype": "bfloat16"}"#;
        let told: Value = serde_json::from_str(&in_single_precision(given)).unwrap();
        assert_eq!(told, serde_json::json!({"hidden_size": 8, "torch_dtype": "float32"}));
        for same in [r#"{"hidden_size": 8}"#, r#"{"dtype": "float32", "hidden_size": 8}"#] {
            assert_eq!(in_single_precision(same), same);
        }
    }
}
