use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use codetune_plugin::plan_bytes;
use codetune_plugin_sdk::{Initializer, Plan};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::budget::Budget;
use super::checkpoint::write_model;
use super::config::{self, ModelConfig};
use super::error::{ModelError, Result};
use super::forward::OpenBackend;
use super::host::ModelHost;

/// Makes a model from nothing: reads the plan of `config`, draws its weights by `seed`, and writes the folder.
///
/// # Errors
/// The backend refuses the configuration, the weights do not fit the budget, a model is there already in any form, or a
/// file cannot be written.
pub fn create_model(
    open: OpenBackend<'_>,
    config: &ModelConfig,
    seed: u64,
    folder: &Path,
    budget: Budget,
) -> Result<Plan> {
    refuse_another(folder)?;
    let opened = open(&config.json, Arc::new(ModelHost::new(budget)));
    let plan = opened.map_err(ModelError::opening(&config.path))?.plan().clone();
    budget.ask("the model", plan_bytes(&plan), 0, "make a smaller one")?;
    write_model(folder, &config.json, &initial_weights(&plan, seed, DType::F32)?)?;
    Ok(plan)
}

/// Refuses a folder with a configuration or weights in it, be they in one file or in several: new ones would
/// go before those.
fn refuse_another(folder: &Path) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(ModelError::write(folder)(error)),
    };
    let mut names = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<String>>>()
        .map_err(ModelError::read(folder))?;
    names.sort();
    let of_a_model = |name: &&String| {
        *name == config::FILE || name.ends_with(".safetensors") || name.ends_with(".safetensors.index.json")
    };
    match names.iter().find(of_a_model) {
        Some(name) => Err(ModelError::Exists { path: folder.join(name) }),
        None => Ok(()),
    }
}

/// The weights of a new model. Each parameter is drawn from its own stream, keyed by `seed` and its name, so
/// that neither order nor neighbours matter.
///
/// # Errors
/// A tensor cannot be made.
pub fn initial_weights(plan: &Plan, seed: u64, dtype: DType) -> Result<BTreeMap<String, Tensor>> {
    plan.parameters
        .iter()
        .map(|parameter| {
            let shape: Vec<usize> = parameter.shape.iter().map(|d| *d as usize).collect();
            let tensor = match parameter.initializer {
                Initializer::Zeros => Tensor::zeros(shape, dtype, &Device::Cpu)?,
                Initializer::Ones => Tensor::ones(shape, dtype, &Device::Cpu)?,
                Initializer::Normal(deviation) => {
                    let mut rng = stream("initial weight", seed, &parameter.name);
                    let values = normal(&mut rng, shape.iter().product(), deviation);
                    Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(dtype)?
                }
            };
            Ok((parameter.name.clone(), tensor))
        })
        .collect()
}

/// A random stream of its own for each use, seed and name.
pub(super) fn stream(usage: &str, seed: u64, name: &str) -> ChaCha8Rng {
    let mut hash = blake3::Hasher::new_derive_key(usage);
    hash.update(&seed.to_le_bytes());
    hash.update(name.as_bytes());
    ChaCha8Rng::from_seed(*hash.finalize().as_bytes())
}

/// Normal numbers with mean 0, in pairs (Box and Muller, 1958).
fn normal(rng: &mut ChaCha8Rng, count: usize, deviation: f64) -> Vec<f32> {
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        // The logarithm needs (0, 1], the generator gives [0, 1).
        let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt() * deviation;
        let (sin, cos) = (TAU * rng.random::<f64>()).sin_cos();
        values.extend([(radius * cos) as f32, (radius * sin) as f32]);
    }
    values.truncate(count);
    values
}

#[cfg(test)]
mod tests {
    use codetune_plugin_sdk::{Parameter, Role};

    use super::*;

    fn plan(names: &[&str]) -> Plan {
        let parameter = |name: &&str| Parameter {
            name: (*name).to_owned(),
            shape: vec![100, 99],
            role: Role::Linear,
            initializer: Initializer::Normal(0.02),
        };
        Plan { parameters: names.iter().map(parameter).collect(), ..Plan::default() }
    }

    fn values(names: &[&str], seed: u64, name: &str) -> Vec<f32> {
        let weights = initial_weights(&plan(names), seed, DType::F32).unwrap();
        weights[name].flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn a_weight_depends_on_seed_and_name_alone() {
        assert_eq!(values(&["a", "b"], 7, "b"), values(&["c", "b"], 7, "b"));
        assert_ne!(values(&["a"], 7, "a"), values(&["a"], 8, "a"));
        assert_ne!(values(&["a", "b"], 7, "a"), values(&["a", "b"], 7, "b"));
    }

    #[test]
    fn weights_have_the_asked_mean_and_deviation() {
        let values = values(&["a"], 1, "a");
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64;
        let square = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / values.len() as f64;
        assert!(mean.abs() < 1e-3 && (square.sqrt() - 0.02).abs() < 1e-3, "{mean} {square}");
    }
}
