use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use candle_core::{DType, Tensor};
use codetune_plugin::plan_bytes;
use codetune_plugin_sdk::{Plan, Role};

use super::adapter::{LoraConfig, Module, Targets};
use super::adapter_config;
use super::error::{ModelError, Result};
use super::files::{BESIDE_WEIGHTS, check_shapes, read_safetensors, write_safetensors};
use super::output::{OUTPUT, is_output, tied_embedding};
use super::weights_file::no_adapter_weights;

const WEIGHTS: &str = "adapter_model.safetensors";
/// What PEFT puts before the name of a module.
const PREFIX: &str = "base_model.model.";
/// What PEFT puts before the names of an adapted module's own parameters.
const BASE_LAYER: &str = "base_layer";

/// An adapter as a file holds it.
#[derive(Debug, Clone)]
pub struct Adapter {
    /// How it attaches.
    pub config: LoraConfig,
    /// For each module `a` `[rank, in]` and `b` `[out, rank]`.
    pub weights: BTreeMap<String, (Tensor, Tensor)>,
    /// Weights that take the place of the base model's, by their names in the plan. PEFT saves embedding and output
    /// layer with an adapter of the output layer, or where the vocabulary was changed, and loads them over the base.
    pub base: BTreeMap<String, Tensor>,
}

/// The key of matrix `A` or `B` of a module in PEFT's files.
pub(super) fn key(module: &str, matrix: char) -> String {
    format!("{PREFIX}{module}.lora_{matrix}.weight")
}

/// The most bytes of an adapter's weights: those of the base that it may keep, and two matrices for every weight.
fn most_bytes(plan: &Plan, rank: u32) -> u64 {
    let matrices = plan.parameters.iter().map(|parameter| match parameter.shape[..] {
        // A rank above both sides says nothing more.
        [to, from] => to.saturating_add(from).saturating_mul(u64::from(rank).min(to.max(from))),
        _ => 0,
    });
    let values = matrices.fold(0_u64, u64::saturating_add);
    let matrices = values.saturating_mul(size_of::<f32>() as u64);
    plan_bytes(plan).saturating_mul(2).saturating_add(matrices).saturating_add(BESIDE_WEIGHTS)
}

/// Reads an adapter folder in PEFT's format and checks it against the model it is for.
///
/// As in PEFT, names of targets that the model lacks are passed over as long as another one fits.
///
/// # Errors
/// A file is missing or damaged, the configuration asks for what cannot be honoured (named), or tensors do
/// not fit the model (each named).
pub fn read_adapter(folder: &Path, plan: &Plan, dtype: DType) -> Result<Adapter> {
    let description = folder.join(adapter_config::FILE);
    let described = adapter_config::read(&description)?;
    let mut config = described.config;
    let path = folder.join(WEIGHTS);
    if !path.exists() {
        return Err(no_adapter_weights(folder));
    }
    let mut tensors = read_safetensors(&path, dtype, most_bytes(plan, config.r))?;
    let base = take_base(&path, plan, &mut tensors)?;
    let modules = match described.by_weights {
        true => {
            let named = named(&tensors);
            let found = config.of(plan, |name| named.contains(name))?;
            if found.is_empty() {
                let problems = vec!["it holds no matrix for a projection of the model".into()];
                return Err(ModelError::Mismatch { path, problems });
            }
            config.targets = Targets::Named(found.iter().map(|module| module.name.clone()).collect());
            found
        }
        false => config.present(plan).map_err(|error| match error {
            ModelError::Adapter(message) => ModelError::Config { path: description, message, help: None },
            other => other,
        })?,
    };
    let rank = u64::from(config.r);
    let expected: Vec<(String, [u64; 2])> = modules
        .iter()
        .flat_map(|module| {
            let (a, b) = ([rank, module.inputs as u64], [module.outputs as u64, rank]);
            [(key(&module.name, 'A'), a), (key(&module.name, 'B'), b)]
        })
        .collect();
    check_shapes(&path, &tensors, expected.iter().map(|(name, shape)| (name.as_str(), shape.as_slice())))?;
    let pair = |module: Module| {
        let pair = (tensors.remove(&key(&module.name, 'A'))?, tensors.remove(&key(&module.name, 'B'))?);
        Some((module.name, pair))
    };
    Ok(Adapter { config, weights: modules.into_iter().filter_map(pair).collect(), base })
}

/// The modules that a file of weights has a matrix for.
fn named(tensors: &BTreeMap<String, Tensor>) -> BTreeSet<String> {
    let module = |key: &String| {
        let name = key.strip_prefix(PREFIX)?;
        let name = name.strip_suffix(".lora_A.weight").or_else(|| name.strip_suffix(".lora_B.weight"))?;
        Some(name.to_owned())
    };
    tensors.keys().filter_map(module).collect()
}

/// Takes the weights of the base out of what a file of weights holds.
fn take_base(
    path: &Path,
    plan: &Plan,
    tensors: &mut BTreeMap<String, Tensor>,
) -> Result<BTreeMap<String, Tensor>> {
    let tied = tied_embedding(plan).map(|embedding| (OUTPUT, embedding));
    let saved = plan.parameters.iter().filter(|p| p.role == Role::Embedding || is_output(&p.name));
    let saved = saved.filter_map(|p| Some((p.name.strip_suffix(".weight")?, p)));
    let mut base: BTreeMap<String, Tensor> = BTreeMap::new();
    for (module, parameter) in saved.chain(tied) {
        for key in [format!("{PREFIX}{module}.{BASE_LAYER}.weight"), format!("{PREFIX}{module}.weight")] {
            let Some(tensor) = tensors.remove(&key) else { continue };
            let mismatch =
                |problem: String| ModelError::Mismatch { path: path.to_owned(), problems: vec![problem] };
            if !tensor.dims().iter().map(|d| *d as u64).eq(parameter.shape.iter().copied()) {
                let (found, needed) = (tensor.dims(), &parameter.shape);
                return Err(mismatch(format!("{key} is {found:?} where {needed:?} is needed")));
            }
            match base.get(&parameter.name) {
                Some(other) if !equal(other, &tensor)? => {
                    return Err(mismatch(format!("{key} differs from another copy of {}", parameter.name)));
                }
                _ => {
                    base.insert(parameter.name.clone(), tensor);
                }
            }
        }
    }
    Ok(base)
}

/// Whether two tensors hold the same numbers.
pub(super) fn equal(a: &Tensor, b: &Tensor) -> Result<bool> {
    Ok(a.dims() == b.dims()
        && a.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?
            == b.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?)
}

/// Writes an adapter folder that PEFT loads; equal adapters give equal bytes.
///
/// # Errors
/// A file cannot be written.
pub fn write_adapter(folder: &Path, adapter: &Adapter, base: &str) -> Result<()> {
    let mut tensors = BTreeMap::new();
    for (name, (a, b)) in &adapter.weights {
        tensors.insert(key(name, 'A'), a.clone());
        tensors.insert(key(name, 'B'), b.clone());
    }
    for (name, tensor) in &adapter.base {
        tensors.insert(base_key(name, adapter), tensor.clone());
    }
    write_safetensors(&folder.join(WEIGHTS), &tensors)?;
    let targets = match &adapter.config.targets {
        Targets::AllLinear => adapter.weights.keys().cloned().collect(),
        Targets::Named(names) => names.clone(),
    };
    adapter_config::write(&folder.join(adapter_config::FILE), &adapter.config, &targets, base)
}

/// The key of a weight of the base in PEFT's files, which is another one in a module that is adapted.
fn base_key(name: &str, adapter: &Adapter) -> String {
    match name.strip_suffix(".weight") {
        Some(module) if adapter.weights.contains_key(module) => {
            format!("{PREFIX}{module}.{BASE_LAYER}.weight")
        }
        _ => format!("{PREFIX}{name}"),
    }
}
