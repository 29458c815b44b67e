use std::collections::BTreeMap;
use std::fmt;

use candle_core::{DType, Device, Tensor};
use codetune_plugin_sdk::{Parameter, Plan, Role};
use codetune_validate::nearest;
use rand::Rng;
use serde::Serialize;

use super::error::{ModelError, Result};
use super::output::{OUTPUT, tied_embedding};
use super::random::stream;

/// Which projections get an adapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Targets {
    /// Every projection but the output layer, as PEFT has it.
    AllLinear,
    /// Those whose whole name, or its last parts, is in the list.
    Named(Vec<String>),
}

/// As a run file writes it.
impl fmt::Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllLinear => f.write_str("all-linear"),
            Self::Named(names) => write!(f, "{names:?}"),
        }
    }
}

/// A LoRA adapter (Hu et al., 2021), with PEFT's meaning of each value.
#[derive(Debug, Clone, PartialEq)]
pub struct LoraConfig {
    /// The rank of the correction, 1 or more.
    pub r: u32,
    /// The correction is multiplied by `alpha / r`.
    pub alpha: f64,
    /// It is multiplied by `alpha / √r` instead (rsLoRA; Kalajdzievski, 2023).
    pub rank_stabilised: bool,
    /// The probability with which an input of the correction is dropped in training, below 1.
    pub dropout: f64,
    /// Where it attaches.
    pub targets: Targets,
}

impl Default for LoraConfig {
    fn default() -> Self {
        let targets = Targets::Named(vec!["q_proj".into(), "v_proj".into()]);
        LoraConfig { r: 16, alpha: 32.0, rank_stabilised: false, dropout: 0.05, targets }
    }
}

/// A projection that an adapter can attach to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Module {
    /// Its name: that of its weight, without the end.
    pub name: String,
    /// How wide its output is.
    pub outputs: usize,
    /// How wide its input is.
    pub inputs: usize,
}

impl LoraConfig {
    /// What the correction is multiplied by.
    pub fn scale(&self) -> f64 {
        let rank = f64::from(self.r);
        self.alpha / if self.rank_stabilised { rank.sqrt() } else { rank }
    }

    /// The names of the modules of a model that this adapts, in the plan's order.
    ///
    /// # Errors
    /// A value is out of bounds, or a target fits no projection.
    pub fn modules(&self, plan: &Plan) -> Result<Vec<String>> {
        Ok(self.attached(plan)?.into_iter().map(|module| module.name).collect())
    }

    /// Those modules; every target has to fit one.
    fn attached(&self, plan: &Plan) -> Result<Vec<Module>> {
        if let Targets::Named(targets) = &self.targets {
            let projections = projections(plan);
            for target in targets {
                if !projections.iter().any(|module| fits(&module.name, target)) {
                    return Err(unknown_target(target, &projections));
                }
            }
        }
        self.present(plan)
    }

    /// Those modules, where targets that fit none are passed over, as PEFT does when it loads an adapter.
    pub(super) fn present(&self, plan: &Plan) -> Result<Vec<Module>> {
        let Targets::Named(targets) = &self.targets else {
            return self.of(plan, |name| last_part(name) != OUTPUT);
        };
        if let Some(target) = targets.iter().find(|target| embeds(plan, target)) {
            let message = format!("the target `{target}` is an embedding, and only projections are adapted");
            return Err(ModelError::Adapter(message));
        }
        let found = self.of(plan, |name| targets.iter().any(|target| fits(name, target)))?;
        match (found.is_empty(), targets.first()) {
            (true, Some(target)) => Err(unknown_target(target, &projections(plan))),
            (true, None) => {
                Err(ModelError::Adapter("no target is given; write for example q_proj and v_proj".into()))
            }
            (false, _) => Ok(found),
        }
    }

    /// Those whose names are chosen.
    pub(super) fn of(&self, plan: &Plan, chosen: impl Fn(&str) -> bool) -> Result<Vec<Module>> {
        self.check()?;
        Ok(projections(plan).into_iter().filter(|module| chosen(&module.name)).collect())
    }

    fn check(&self) -> Result<()> {
        let refuse = |message: String| Err(ModelError::Adapter(message));
        if self.r == 0 {
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
        let rank = self.r as usize;
        let modules = self.attached(plan)?.into_iter();
        modules
            .map(|Module { name, outputs, inputs }| {
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

/// The projections of a model. An embedding that is the output layer as well counts as that.
fn projections(plan: &Plan) -> Vec<Module> {
    let linear = |parameter: &Parameter| {
        let name = parameter.name.strip_suffix(".weight").filter(|_| parameter.role == Role::Linear)?;
        module(name, parameter)
    };
    let tied = tied_embedding(plan).and_then(|embedding| module(OUTPUT, embedding));
    plan.parameters.iter().filter_map(linear).chain(tied).collect()
}

fn module(name: &str, parameter: &Parameter) -> Option<Module> {
    let &[outputs, inputs] = parameter.shape.as_slice() else { return None };
    Some(Module { name: name.to_owned(), outputs: outputs as usize, inputs: inputs as usize })
}

/// Whether a target is the name of an embedding, which PEFT would adapt.
fn embeds(plan: &Plan, target: &str) -> bool {
    let embeddings = plan.parameters.iter().filter(|parameter| parameter.role == Role::Embedding);
    embeddings.filter_map(|parameter| parameter.name.strip_suffix(".weight")).any(|name| fits(name, target))
}

/// As PEFT has it: the whole name, or its end after a dot.
fn fits(name: &str, target: &str) -> bool {
    name.strip_suffix(target).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn unknown_target(target: &str, projections: &[Module]) -> ModelError {
    let mut known: Vec<&str> = Vec::new();
    for part in projections.iter().map(|module| last_part(&module.name)) {
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
            .map(|name| Module { name: name.to_owned(), outputs: 1, inputs: 1 });
        let told = |target: &str| unknown_target(target, &linear).to_string();
        assert!(told("query_proj").ends_with("did you mean `q_proj`?"));
        assert!(told("layer.0.up_proj").ends_with("did you mean `up_proj`?"));
        assert!(told("attention").ends_with("of the model; it has q_proj, up_proj"));
        assert!(unknown_target("q_proj", &[]).to_string().ends_with("the model has no projections"));
    }
}
