use std::collections::BTreeMap;

use candle_core::{Tensor, Var};
use codetune_plugin_sdk::{Plan, Role};

use super::adapter::LoraConfig;
use super::adapter_file::{Adapter, equal, key};
use super::error::{ModelError, Result};
use super::memory::bytes;
use super::output::{OUTPUT, tied_embedding};

/// The trained correction of one projection.
#[derive(Debug, Clone)]
pub struct Lora {
    /// `[rank, in]`.
    pub a: Var,
    /// `[out, rank]`.
    pub b: Var,
}

#[derive(Debug, Clone)]
pub(super) enum Weight {
    Frozen(Tensor),
    Trained(Var),
}

/// Every parameter of a model by name, each frozen or trained, and the adapter where there is one.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    plan: Plan,
    roles: BTreeMap<String, Role>,
    weights: BTreeMap<String, Weight>,
    /// The weight that is embedding and output layer at once.
    tied: Option<String>,
    adapter: Option<Attached>,
}

#[derive(Debug, Clone)]
struct Attached {
    config: LoraConfig,
    lora: BTreeMap<String, Lora>,
    /// The weights of the base that others of the adapter have taken the place of.
    replaced: BTreeMap<String, Tensor>,
}

impl Parameters {
    /// Takes the frozen weights of a plan; the caller has checked that they fit.
    pub(super) fn frozen(plan: Plan, weights: BTreeMap<String, Tensor>) -> Self {
        let roles = plan.parameters.iter().map(|p| (p.name.clone(), p.role)).collect();
        let weights = weights.into_iter().map(|(name, tensor)| (name, Weight::Frozen(tensor))).collect();
        let tied = tied_embedding(&plan).map(|embedding| embedding.name.clone());
        Parameters { plan, roles, weights, tied, adapter: None }
    }

    /// What the model consists of.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Makes every parameter a trained one. An adapter would be trained beside them, so there must be none.
    pub(super) fn train_all(&mut self) -> Result<()> {
        if self.adapter.is_some() {
            let message = "the base cannot be trained under an adapter; merge the adapter first";
            return Err(ModelError::Adapter(message.into()));
        }
        for weight in self.weights.values_mut() {
            if let Weight::Frozen(tensor) = weight {
                *weight = Weight::Trained(Var::from_tensor(tensor)?);
            }
        }
        Ok(())
    }

    /// Freezes the base and attaches an adapter, in place of one that is there.
    pub(super) fn attach(&mut self, adapter: &Adapter) -> Result<()> {
        let mut lora = BTreeMap::new();
        for (name, (a, b)) in &adapter.weights {
            lora.insert(name.clone(), Lora { a: Var::from_tensor(a)?, b: Var::from_tensor(b)? });
        }
        for weight in self.weights.values_mut() {
            if let Weight::Trained(var) = weight {
                *weight = Weight::Frozen(var.as_detached_tensor());
            }
        }
        for (name, own) in self.adapter.take().into_iter().flat_map(|before| before.replaced) {
            self.replace(&name, own);
        }
        let mut replaced = BTreeMap::new();
        for (name, given) in &adapter.base {
            match self.weights.get(name) {
                Some(Weight::Frozen(own)) if !equal(own, given)? => {
                    replaced.insert(name.clone(), own.clone());
                    self.replace(name, given.clone());
                }
                _ => {}
            }
        }
        self.adapter = Some(Attached { config: adapter.config.clone(), lora, replaced });
        Ok(())
    }

    /// Takes the adapter off; weights that came with it stay.
    pub(super) fn detach(&mut self) -> Option<(LoraConfig, BTreeMap<String, Lora>)> {
        self.adapter.take().map(|attached| (attached.config, attached.lora))
    }

    /// Puts another weight in a place.
    pub(super) fn replace(&mut self, name: &str, tensor: Tensor) {
        self.weights.insert(name.to_owned(), Weight::Frozen(tensor));
    }

    /// The trained tensors, sorted by name. An adapter's names are those of PEFT's files.
    pub fn trainable(&self) -> Vec<(String, Var)> {
        let mut trained: Vec<(String, Var)> = match &self.adapter {
            Some(attached) => attached
                .lora
                .iter()
                .flat_map(|(module, lora)| {
                    [(key(module, 'A'), lora.a.clone()), (key(module, 'B'), lora.b.clone())]
                })
                .collect(),
            None => self.weights.iter().filter_map(trained).collect(),
        };
        trained.sort_by(|a, b| a.0.cmp(&b.0));
        trained
    }

    /// The adapter as a file would hold it.
    pub fn adapter(&self) -> Option<Adapter> {
        let Attached { config, lora, replaced } = self.adapter.as_ref()?;
        let pair = |lora: &Lora| (lora.a.as_detached_tensor(), lora.b.as_detached_tensor());
        let weights = lora.iter().map(|(name, lora)| (name.clone(), pair(lora))).collect();
        let base = self.weights().into_iter().filter(|(name, _)| replaced.contains_key(name)).collect();
        Some(Adapter { config: config.clone(), weights, base })
    }

    /// Every weight of the base, without the adapter.
    pub fn weights(&self) -> BTreeMap<String, Tensor> {
        let detached = |weight: &Weight| match weight {
            Weight::Frozen(tensor) => tensor.clone(),
            Weight::Trained(var) => var.as_detached_tensor(),
        };
        self.weights.iter().map(|(name, weight)| (name.clone(), detached(weight))).collect()
    }

    /// The bytes that the parameters take, with a gradient and two moments of AdamW for each trained one.
    pub(super) fn memory(&self) -> u64 {
        let weights = self.weights.values().map(|weight| match weight {
            Weight::Frozen(tensor) => bytes(tensor),
            Weight::Trained(var) => bytes(var.as_tensor()),
        });
        let trained = self.trainable().into_iter().map(|(_, var)| 3 * bytes(var.as_tensor()));
        weights.chain(trained).fold(0, u64::saturating_add)
    }

    pub(super) fn weight(&self, name: &str) -> Option<&Weight> {
        self.weights.get(name)
    }

    pub(super) fn role(&self, name: &str) -> Option<Role> {
        self.roles.get(name).copied()
    }

    pub(super) fn lora(&self, module: &str) -> Option<(&LoraConfig, &Lora)> {
        let Attached { config, lora, .. } = self.adapter.as_ref()?;
        Some((config, lora.get(module)?))
    }

    /// The module that projects with the weight of this name: a tied embedding does so as the output layer.
    pub(super) fn projection<'a>(&self, module: &'a str) -> &'a str {
        let own = |tied: &String| tied.strip_suffix(".weight") == Some(module);
        if self.tied.as_ref().is_some_and(own) { OUTPUT } else { module }
    }
}

fn trained((name, weight): (&String, &Weight)) -> Option<(String, Var)> {
    match weight {
        Weight::Trained(var) => Some((name.clone(), var.clone())),
        Weight::Frozen(_) => None,
    }
}
