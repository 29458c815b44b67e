//! The weights of the best evaluation, which `eval.restore_best` keeps.

use std::collections::HashMap;

use candle_core::Tensor;
use codetune_tensor::TensorError;

use super::{checkpoint::Checkpoint, checkpoint_error::CheckpointError, optimizer::Optimizer};

/// The trained tensors by name, copied when the held-out loss was the lowest so far.
///
/// Which step that was is in the run's state, as `best_step`.
#[derive(Debug)]
pub(super) struct BestWeights(HashMap<String, Tensor>);

impl BestWeights {
    /// Copies the weights as they are now.
    pub(super) fn copy(optimizer: &Optimizer) -> Result<Self, TensorError> {
        // Updates are made in place, so sharing the tensors would keep the last weights instead of these.
        let own = |(name, tensor): (String, Tensor)| Ok((name, tensor.detach().force_contiguous()?));
        optimizer.weights().into_iter().map(own).collect::<Result<_, TensorError>>().map(Self)
    }

    /// Those that a checkpoint holds; none where the run had not evaluated yet.
    ///
    /// # Errors
    /// It lacks them, or they are not those of the model.
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
                cause: format!("it lacks the weights of step {step}, the best so far"),
            })?
        };
        optimizer.fitting(&checkpoint.path, weights)?;
        Ok(Some(Self(weights.clone())))
    }

    /// The tensors, for a checkpoint.
    pub(super) fn tensors(&self) -> HashMap<String, Tensor> {
        self.0.clone()
    }

    /// Puts the weights back into the model.
    pub(super) fn restore(&self, optimizer: &Optimizer) -> Result<(), TensorError> {
        optimizer.set_weights(&self.0)
    }
}
