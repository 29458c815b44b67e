use std::{error::Error, path::Path};

use candle_core::Var;
use codetune_dataset::MicroBatch;
use codetune_model::{Gradients, Loss};

/// An error of a model, of whatever type.
pub type TrainableError = Box<dyn Error + Send + Sync>;

/// Where in a run a pass over a micro-batch takes place. Everything random in the pass follows from it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassContext {
    /// The run's seed.
    pub seed: u64,
    /// The step under way, counted from 0.
    pub step: u64,
    /// The micro-batch within the step, counted from 0.
    pub micro_step: u64,
    /// Whether this is for a gradient: dropout is off otherwise.
    pub training: bool,
}

/// A model whose weights, or an adapter of them, can be trained.
pub trait Trainable {
    /// The tensors to train, sorted by name, the same ones in every call.
    fn trainable(&self) -> Vec<(String, Var)>;

    /// Whether weight decay is for the tensor of that name by default: in transformers' `Trainer` it is for weights,
    /// but not for norms and biases.
    fn decays(&self, _name: &str) -> bool {
        true
    }

    /// The summed loss of a micro-batch.
    ///
    /// # Errors
    /// Whatever stops the forward pass.
    fn loss(&mut self, batch: &MicroBatch, pass: &PassContext) -> Result<Loss, TrainableError>;

    /// The gradients of `scale` times that loss, in the order of [`trainable`](Self::trainable).
    ///
    /// # Errors
    /// Whatever stops the forward or the backward pass.
    fn gradients(
        &mut self,
        batch: &MicroBatch,
        pass: &PassContext,
        scale: f64,
    ) -> Result<Gradients, TrainableError>;

    /// Writes what was trained into an empty folder: an adapter in PEFT's format, or the whole model.
    ///
    /// # Errors
    /// The folder cannot be written.
    fn save(&self, folder: &Path) -> Result<(), TrainableError>;
}
