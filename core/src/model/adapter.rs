use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use codetune_plugin_sdk::{Parameter, Plan, Role};
use rand::Rng;

use super::error::{ModelError, Result};
use super::init::stream;
use crate::validate::nearest;

/// The output layer, which `all-linear` leaves out as PEFT does.
const OUTPUT: &str = "lm_head";

/// Which projections get an adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Targets {
    /// Every projection but the output layer.
    AllLinear,
    /// Those whose whole name, or its last parts, is in the list.
    Modules(Vec<String>),
}

/// A LoRA adapter (Hu et al., 2021), with PEFT's meaning of each value.
#[derive(Debug, Clone, PartialEq)]
pub struct AdapterConfig {
    /// The rank of the correction, 1 or more.
    pub rank: u32,
    /// The correction is multiplied by `alpha / rank`.
    pub alpha: f64,
    /// The probability with which an input of the correction is dropped in training, below 1.
    pub dropout: f64,
    /// Where it attaches.
    pub targets: Targets,
}

impl Default for AdapterConfig {
    fn default() -> Self {
        let targets = Targets::Modules(vec!["q_proj".into(), "v_proj".into()]);
        AdapterConfig { rank: 16, alpha: 32.0, dropout: 0.05, targets }
    }
}

impl AdapterConfig {
    /// What the correction is multiplied by.
    pub fn scale(&self) -> f64 {
        self.alpha / f64::from(self.rank)
    }

    /// The modules of a model that this adapts, in the plan's order: name, output width, input width.
    ///
    /// # Errors
    /// A value is out of bounds, or a target fits no projection.
    pub fn modules(&self, plan: &Plan) -> Result<Vec<(String, usize, usize)>> {
        self.check()?;
        let linear: Vec<_> = plan.parameters.iter().filter_map(module).collect();
        let chosen: Vec<_> = match &self.targets {
            Targets::AllLinear => linear.into_iter().filter(|(name, ..)| last_part(name) != OUTPUT).collect(),
            Targets::Modules(targets) => {
                for target in targets {
                    if !linear.iter().any(|(name, ..)| fits(name, target)) {
                        return Err(unknown_target(target, &linear));
                    }
                }
                let hit = |name: &str| targets.iter().any(|target| fits(name, target));
                linear.into_iter().filter(|(name, ..)| hit(name)).collect()
            }
        };
        match chosen.is_empty() {
            true => {
                Err(ModelError::Adapter("no target is given; write for example q_proj and v_proj".into()))
            }
            false => Ok(chosen),
        }
    }

    fn check(&self) -> Result<()> {
        let refuse = |message: String| Err(ModelError::Adapter(message));
        if self.rank == 0 {
            return refuse("the rank is 0; it has to be 1 or more".into());
        }
        if !(self.alpha.is_finite() && self.alpha > 0.0) {
            return refuse(format!("alpha is {}; it has to be a finite number above 0", self.alpha));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return refuse(format!("dropout is {}; it has to be from 0 to below 1", self.dropout));
        }
        Ok(())
    }

    /// The two matrices of each module before training: `a` `[rank, in]` uniform within `1 / √in`, which is
    /// PEFT's `kaiming_uniform(a = √5)`, and `b` `[out, rank]` zero.
    pub(super) fn initial(
        &self,
        plan: &Plan,
        seed: u64,
        dtype: DType,
    ) -> Result<BTreeMap<String, (Tensor, Tensor)>> {
        let rank = self.rank as usize;
        let modules = self.modules(plan)?.into_iter();
        modules
            .map(|(name, outputs, inputs)| {
                let mut rng = stream("adapter weight", seed, &name);
                let bound = 1.0 / (inputs as f64).sqrt();
                let draw = || (bound * (2.0 * rng.random::<f64>() - 1.0)) as f32;
                let values: Vec<f32> = std::iter::repeat_with(draw).take(rank * inputs).collect();
                let a = Tensor::from_vec(values, (rank, inputs), &Device::Cpu)?.to_dtype(dtype)?;
                Ok((name, (a, Tensor::zeros((outputs, rank), dtype, &Device::Cpu)?)))
            })
            .collect()
    }
}

fn module(parameter: &Parameter) -> Option<(String, usize, usize)> {
    let name = parameter.name.strip_suffix(".weight").filter(|_| parameter.role == Role::Linear)?;
    let &[outputs, inputs] = parameter.shape.as_slice() else { return None };
    Some((name.to_owned(), outputs as usize, inputs as usize))
}

/// As PEFT has it: the whole name, or its end after a dot.
fn fits(name: &str, target: &str) -> bool {
    name.strip_suffix(target).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn unknown_target(target: &str, linear: &[(String, usize, usize)]) -> ModelError {
    let mut known: Vec<&str> = Vec::new();
    for part in linear.iter().map(|(name, ..)| last_part(name)) {
        // Every layer has the same few.
        if !known.contains(&part) {
            known.push(part);
        }
    }
    let hint = match nearest(last_part(target), known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() => "the model has no projections".to_owned(),
        None => format!("it has {}", known.join(", ")),
    };
    ModelError::Adapter(format!("the target `{target}` fits no projection of the model; {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_target_is_told_the_nearest_projection_or_all_of_them() {
        let linear = ["layers.0.q_proj", "layers.0.up_proj", "layers.1.q_proj", "layers.1.up_proj"]
            .map(|name| (name.to_owned(), 1, 1));
        let told = |target: &str| unknown_target(target, &linear).to_string();
        assert!(told("query_proj").ends_with("did you mean `q_proj`?"));
        assert!(told("layer.0.up_proj").ends_with("did you mean `up_proj`?"));
        assert!(told("attention").ends_with("of the model; it has q_proj, up_proj"));
        assert!(unknown_target("q_proj", &[]).to_string().ends_with("the model has no projections"));
    }
}
