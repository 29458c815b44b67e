use std::sync::Arc;

use codetune_plugin_sdk::{Plan, Report, TensorId};

use crate::call_error::CallError;
use crate::service::SourceBatch;

/// A configured analyzer in any runtime. It is called by one worker at a time.
pub trait AnalyzerInstance: Send {
    /// Analyzes a batch and returns a result for each source, in order, validated against the source and the manifest.
    ///
    /// # Errors
    /// The call failed as a whole (a trap, a panic, a limit): the instance must not be used again, and the caller
    /// retries the sources one by one in new instances.
    fn analyze(&mut self, batch: &Arc<dyn SourceBatch>) -> Result<Vec<Result<Report, CallError>>, CallError>;
}

/// A configured training backend in any runtime. Tensors are handles of its [`TensorHost`](crate::TensorHost); the
/// caller must release returned ones.
pub trait BackendInstance: Send {
    /// The plan of the model.
    fn plan(&self) -> &Plan;

    /// Computes the first hidden state from ids `[b, s]`.
    ///
    /// # Errors
    /// An error or a fault of the plugin.
    fn embed(&mut self, ids: TensorId) -> Result<TensorId, CallError>;

    /// Computes block `index` from hidden state to hidden state.
    ///
    /// # Errors
    /// An error or a fault of the plugin.
    fn block(&mut self, index: u32, x: TensorId) -> Result<TensorId, CallError>;

    /// Computes logits `[b, s, vocabulary]` from the last hidden state.
    ///
    /// # Errors
    /// An error or a fault of the plugin.
    fn logits(&mut self, x: TensorId) -> Result<TensorId, CallError>;

    /// Computes the summed loss, a scalar, from the last hidden state and targets `[b, s]`.
    ///
    /// # Errors
    /// An error or a fault of the plugin.
    fn loss(&mut self, x: TensorId, targets: TensorId) -> Result<TensorId, CallError>;
}
