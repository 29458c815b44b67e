use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};

use super::error::Result;

/// The summed loss of a micro-batch with the gradients of trained tensors.
#[derive(Debug, Clone)]
pub struct Gradients {
    /// In nats, summed over the labels.
    pub sum: f64,
    /// Number of labels.
    pub labels: u64,
    /// The gradient of the scaled sum for each trained tensor, in the order of [`Model::trainable`](crate::Model::trainable), without a graph;
    /// `None` if the sum does not depend on it.
    pub gradients: Vec<Option<Tensor>>,
}

/// Adds the gradients of the variables that were reached to those so far.
pub(super) fn collect(grads: &GradStore, variables: &[Var], sums: &mut [Option<Tensor>]) -> Result<()> {
    for (variable, sum) in variables.iter().zip(sums) {
        if let Some(gradient) = grads.get(variable) {
            *sum = Some(match sum.take() {
                None => gradient.detach(),
                Some(sum) => sum.add(gradient)?.detach(),
            });
        }
    }
    Ok(())
}
