//! Random initialization.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use codetune_plugin_sdk::{Initializer, Plan};

use super::error::Result;
use super::random::{normal, stream};

/// The initial weights of a model. Each parameter has its own random stream, keyed by `seed` and its name, so the order
/// of parameters does not matter.
///
/// # Errors
/// A tensor cannot be created.
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
