//! AdamW over the trainable tensors of a model.

use std::{collections::HashMap, path::Path};

use candle_core::{Tensor, Var};
use codetune_tensor::{AdamW, Moments, TensorError, adamw_step, clip, global_norm};

use super::{
    checkpoint::Checkpoint, checkpoint_error::CheckpointError, run_config::TrainSettings,
    trainable::Trainable,
};

/// The trainable tensors with their moments, in two groups like transformers' `Trainer`: those with weight decay, and
/// norms and biases without.
#[derive(Debug)]
pub(super) struct Optimizer {
    parameters: Vec<Parameter>,
    settings: AdamW,
    max_grad_norm: f64,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    var: Var,
    moments: Moments,
    decays: bool,
}

impl Optimizer {
    /// Creates an optimizer for a model, with zero moments.
    pub(super) fn new(model: &dyn Trainable, config: &TrainSettings) -> Result<Self, TensorError> {
        let settings = AdamW {
            lr: config.learning_rate,
            beta1: config.beta1,
            beta2: config.beta2,
            eps: config.epsilon,
            weight_decay: config.weight_decay,
        };
        let with_moments = |(name, var): (String, Var)| {
            let moments = Moments::zeros(var.as_tensor())?;
            let decays = config.decay_norms_and_biases || model.decays(&name);
            Ok(Parameter { name, var, moments, decays })
        };
        let parameters =
            model.trainable().into_iter().map(with_moments).collect::<Result<_, TensorError>>()?;
        Ok(Self { parameters, settings, max_grad_norm: config.max_grad_norm })
    }

    /// Number of trained parameters.
    pub(super) fn elements(&self) -> u64 {
        self.parameters.iter().map(|parameter| parameter.var.elem_count() as u64).sum()
    }

    /// Clips the gradients to the maximum norm and returns their original norm. If that is not finite, the gradients
    /// must not be applied.
    pub(super) fn clip(&self, gradients: &mut [Tensor]) -> Result<f64, TensorError> {
        let norm = global_norm(gradients)?;
        if norm.is_finite() && self.max_grad_norm > 0.0 && norm + 1e-6 > self.max_grad_norm {
            clip(gradients, self.max_grad_norm)?;
        }
        Ok(norm)
    }

    /// Applies update number `step`, counted from 1, with gradients in the order of the parameters.
    pub(super) fn update(&mut self, gradients: &[Tensor], rate: f64, step: u64) -> Result<(), TensorError> {
        let decaying = AdamW { lr: rate, ..self.settings };
        let spared = AdamW { weight_decay: 0.0, ..decaying };
        for (Parameter { var, moments, decays, .. }, gradient) in self.parameters.iter_mut().zip(gradients) {
            adamw_step(var, gradient, moments, if *decays { &decaying } else { &spared }, step)?;
        }
        Ok(())
    }

    pub(super) fn weights(&self) -> HashMap<String, Tensor> {
        self.parameters
            .iter()
            .map(|Parameter { name, var, .. }| (name.clone(), var.as_tensor().clone()))
            .collect()
    }

    pub(super) fn moments(&self) -> HashMap<String, Tensor> {
        let pair = |Parameter { name, moments, .. }: &Parameter| {
            [(format!("m.{name}"), moments.first().clone()), (format!("v.{name}"), moments.second().clone())]
        };
        self.parameters.iter().flat_map(pair).collect()
    }

    /// Restores weights and moments from a checkpoint: all of them, or none if one does not fit.
    pub(super) fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        let (path, tensors) = (checkpoint.path.as_path(), &checkpoint.tensors);
        let weights = self.fitting(path, &tensors.weights)?;
        let mut restored = Vec::with_capacity(self.parameters.len());
        for (Parameter { name, var, .. }, weight) in self.parameters.iter().zip(weights) {
            let first = find(path, &tensors.moments, &format!("m.{name}"), var)?;
            let second = find(path, &tensors.moments, &format!("v.{name}"), var)?;
            let moments = Moments::from_tensors(first, second)
                .map_err(|error| mismatch(path, format!("moments of {name}: {error}")))?;
            restored.push((weight, moments));
        }
        for (parameter, (weight, restored)) in self.parameters.iter_mut().zip(restored) {
            parameter
                .var
                .set(weight)
                .map_err(|error| mismatch(path, format!("{}: {error}", parameter.name)))?;
            parameter.moments = restored;
        }
        Ok(())
    }

    /// The weights of a checkpoint in the order of the parameters.
    pub(super) fn fitting<'a>(
        &self,
        path: &Path,
        weights: &'a HashMap<String, Tensor>,
    ) -> Result<Vec<&'a Tensor>, CheckpointError> {
        let known = |name: &String| self.parameters.iter().any(|parameter| parameter.name == *name);
        if let Some(name) = weights.keys().filter(|name| !known(name)).min() {
            return Err(mismatch(path, format!("it contains {name}, which the model does not train")));
        }
        self.parameters.iter().map(|Parameter { name, var, .. }| find(path, weights, name, var)).collect()
    }

    /// Sets parameters; those without a value are unchanged.
    pub(super) fn set_weights(&self, weights: &HashMap<String, Tensor>) -> Result<(), TensorError> {
        for Parameter { name, var, .. } in &self.parameters {
            if let Some(weight) = weights.get(name) {
                var.set(weight)?;
            }
        }
        Ok(())
    }
}

fn find<'a>(
    path: &Path,
    tensors: &'a HashMap<String, Tensor>,
    name: &str,
    var: &Var,
) -> Result<&'a Tensor, CheckpointError> {
    let tensor = tensors.get(name).ok_or_else(|| mismatch(path, format!("{name} is missing")))?;
    if tensor.dims() != var.dims() || tensor.dtype() != var.dtype() {
        let (found, expected) = ((tensor.dims(), tensor.dtype()), (var.dims(), var.dtype()));
        return Err(mismatch(path, format!("{name} has shape {found:?}, expected {expected:?}")));
    }
    Ok(tensor)
}

fn mismatch(path: &Path, cause: String) -> CheckpointError {
    CheckpointError::Tensors { path: path.to_owned(), cause }
}
