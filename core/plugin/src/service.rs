use std::sync::Arc;

use codetune_plugin_sdk::{Captures, Op, TensorId};

/// The sources of one call to an analyzer, owned by the host and read by the plugin.
///
/// Implemented by the analysis crate and called in every runtime, possibly from another thread.
pub trait SourceBatch: Send + Sync {
    /// How many sources there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The relative path of source `at`. Runtimes never ask past the end.
    fn path(&self, at: usize) -> &str;

    /// The language id of source `at`.
    fn language(&self, at: usize) -> &str;

    /// The decoded text of source `at`.
    fn text(&self, at: usize) -> Arc<str>;

    /// Runs a tree-sitter query on source `at`.
    ///
    /// # Errors
    /// Says what is wrong with the pattern and where, or that the source has no tree.
    fn query(&self, at: usize, pattern: &str) -> Result<Captures, String>;
}

/// The tensors of one training backend, owned by the host and named by the plugin.
///
/// Implemented by the model crate and called in every runtime in the middle of a forward pass.
pub trait TensorHost: Send + Sync {
    /// Runs an operation and keeps its result under a new number.
    ///
    /// # Errors
    /// Names the operation, the parameter and the shapes that do not go together.
    fn run(&self, op: &Op<'_>) -> Result<TensorId, String>;

    /// The shape of a tensor, `None` where there is no such tensor.
    fn shape(&self, tensor: TensorId) -> Option<Vec<u64>>;

    /// Gives a tensor back. Unknown numbers are ignored: a confused plugin harms only itself.
    fn release(&self, tensor: TensorId);
}
