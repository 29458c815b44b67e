use std::sync::Arc;

use codetune_plugin_sdk::{Plan, Report, TensorId};

use crate::{CallError, SourceBatch};

/// A configured analyzer, in whichever runtime it came. One worker calls it at a time.
pub trait AnalyzerInstance: Send {
    /// Analyses a batch: one answer for each source, in order, each already checked against the source and
    /// the manifest.
    ///
    /// # Errors
    /// The call as a whole failed (a trap, a panic, a limit): no source has an answer, the instance is spent,
    /// and the caller makes a new one to try the sources one by one.
    fn analyze(&mut self, batch: &Arc<dyn SourceBatch>) -> Result<Vec<Result<Report, CallError>>, CallError>;
}

/// A configured training backend, in whichever runtime it came. Tensors are numbers of the
/// [`TensorHost`](crate::TensorHost) that it was made with; returned ones are the caller's to release.
pub trait BackendInstance: Send {
    /// What the model consists of.
    fn plan(&self) -> &Plan;

    /// Ids `[b, s]` to the first hidden state.
    ///
    /// # Errors
    /// The plugin's error, or its fault.
    fn embed(&mut self, ids: TensorId) -> Result<TensorId, CallError>;

    /// Block `index`: hidden state to hidden state.
    ///
    /// # Errors
    /// The plugin's error, or its fault.
    fn block(&mut self, index: u32, x: TensorId) -> Result<TensorId, CallError>;

    /// The last hidden state to `[b, s, vocabulary]`.
    ///
    /// # Errors
    /// The plugin's error, or its fault.
    fn logits(&mut self, x: TensorId) -> Result<TensorId, CallError>;

    /// The last hidden state and targets `[b, s]` to the summed loss, a scalar.
    ///
    /// # Errors
    /// The plugin's error, or its fault.
    fn loss(&mut self, x: TensorId, targets: TensorId) -> Result<TensorId, CallError>;
}
