//! The weights of the best evaluation, for `eval.restore_best`.

use std::collections::HashMap;

use candle_core::Tensor;
use codetune_tensor::TensorError;

use super::{checkpoint::Checkpoint, checkpoint_error::CheckpointError, optimizer::Optimizer};

/// The trained tensors by name, copied at the lowest held-out loss so far.
///
/// The state of the run has the step, as `best_step`.
#[derive(Debug)]
pub(super) struct BestWeights(HashMap<String, Tensor>);

impl BestWeights {
    /// Copies the current weights.
    pub(super) fn copy(optimizer: &Optimizer) -> Result<Self, TensorError> {
        // Updates happen in place, so sharing the tensors would keep the last weights instead.
        let own = |(name, tensor): (String, Tensor)| Ok((name, tensor.detach().force_contiguous()?));
        optimizer.weights().into_iter().map(own).collect::<Result<_, TensorError>>().map(Self)
    }

    /// The best weights of a checkpoint; `None` if the run had not evaluated yet.
    ///
    /// # Errors
    /// They are missing, or do not belong to the model.
    pub(super) fn of(
        checkpoint: &Checkpoint,
        optimizer: &Optimizer,
    ) -> Result<Option<Self>, CheckpointError> {
        let state = &checkpoint.state;
        let Some(step) = state.best_step else { return Ok(None) };
        let weights = if step == state.step {
            &checkpoint.tensors.weights
        } else {
            checkpoint.tensors.best.as_ref().ok_or_else(|| CheckpointError::Tensors {
                path: checkpoint.path.clone(),
                cause: format!("the weights of step {step}, the best so far, are missing"),
            })?
        };
        optimizer.fitting(&checkpoint.path, weights)?;
        Ok(Some(Self(weights.clone())))
    }

    /// The tensors to write to a checkpoint.
    pub(super) fn tensors(&self) -> HashMap<String, Tensor> {
        self.0.clone()
    }

    /// Restores the weights of the model.
    pub(super) fn restore(&self, optimizer: &Optimizer) -> Result<(), TensorError> {
        optimizer.set_weights(&self.0)
    }
}
