use crate::error::Error;
use crate::plan::Plan;
use crate::tensor::Tensor;

/// A model architecture: its forward pass, block by block, on host tensors.
///
/// A backend never sees weights. It refers to them by name, and the host decides for each run whether a projection is
/// frozen, adapted or trained, manages the key-value cache, recomputes blocks to save memory, and computes gradients.
pub trait TrainingBackend: Sized + Send + 'static {
    /// Reads a model's `config.json` and returns the structure of the model. Called once.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] with the key and the value that this architecture does not support.
    fn configure(config: &str) -> Result<(Self, Plan), Error>;

    /// Computes the first hidden state `[b, s, hidden]` from ids `[b, s]`.
    ///
    /// # Errors
    /// The errors of its operations.
    fn embed(&self, ids: &Tensor) -> Result<Tensor, Error>;

    /// Computes a block from hidden state to hidden state, `[b, s, hidden]`. It must depend only on its input, since
    /// the host may call it again for the same input.
    ///
    /// # Errors
    /// The errors of its operations.
    fn block(&self, index: u32, x: &Tensor) -> Result<Tensor, Error>;

    /// Computes logits `[b, s, vocabulary]` from the last hidden state.
    ///
    /// # Errors
    /// The errors of its operations.
    fn logits(&self, x: &Tensor) -> Result<Tensor, Error>;

    /// Computes the summed loss, a scalar, from the last hidden state and `targets` `[b, s]`.
    ///
    /// # Errors
    /// The errors of its operations.
    fn loss(&self, x: &Tensor, targets: &Tensor) -> Result<Tensor, Error> {
        crate::ops::cross_entropy(&self.logits(x)?, targets)
    }
}
