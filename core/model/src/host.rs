use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use candle_core::Tensor;
use codetune_plugin::{CallError, Fault};
use codetune_plugin_sdk::TensorId;

use super::budget::MemoryBudget;
use super::error::{ModelError, Result};
use super::memory::Memory;
use super::parameters::Parameters;
use super::pass::Pass;

/// The tensors and parameters of one model, as its training backend reaches them.
///
/// Tensors live for one forward pass; numbers are not used again until the table is empty, so that a stale
/// one names nothing. Locks are held to look up and to keep, never while computing.
pub struct ModelHost {
    parameters: RwLock<Arc<Parameters>>,
    pass: RwLock<Option<Arc<Pass>>>,
    table: Mutex<Table>,
    /// The last refusal of memory since the call into the backend began, which the backend may tell as its own failure.
    refusal: Mutex<Option<ModelError>>,
    budget: MemoryBudget,
}

#[derive(Default)]
struct Table {
    tensors: HashMap<TensorId, Tensor>,
    next: TensorId,
    memory: Memory,
}

/// How a pass can need less.
const SMALLER_PASS: &str = "use a smaller batch_size or max_seq_length";

/// How a generation can need less.
const SHORTER: &str = "shorten the prompt or generate fewer tokens";

impl ModelHost {
    /// A host without parameters, to configure a backend with, whose tensors keep to the budget.
    pub fn new(budget: MemoryBudget) -> Self {
        ModelHost {
            parameters: RwLock::default(),
            pass: RwLock::default(),
            table: Mutex::default(),
            refusal: Mutex::default(),
            budget,
        }
    }

    /// How much memory tensors may take.
    pub(super) fn budget(&self) -> MemoryBudget {
        self.budget
    }

    /// The parameters as they are now.
    pub fn parameters(&self) -> Arc<Parameters> {
        self.parameters.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_parameters(&self, parameters: Parameters) {
        *self.parameters.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(parameters);
    }

    /// Starts a pass with an empty table.
    pub(super) fn begin(&self, pass: Pass) {
        let taken = self.parameters().memory().saturating_add(pass.cached_bytes());
        let mut table = self.table();
        table.clear();
        table.memory.begin(pass.records, taken);
        drop(table);
        *self.pass.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(pass));
    }

    /// Ends the pass: every tensor goes, whether or not the backend gave it back.
    pub(super) fn end(&self) -> Option<Pass> {
        self.table().clear();
        let pass = self.pass.write().unwrap_or_else(PoisonError::into_inner).take();
        pass.and_then(Arc::into_inner)
    }

    pub(super) fn insert(&self, tensor: Tensor) -> Result<TensorId> {
        let mut table = self.table();
        let id = table.next;
        table.next =
            id.checked_add(1).ok_or_else(|| ModelError::Contract("one pass made 2³² tensors".into()))?;
        table.memory.take(&tensor);
        table.tensors.insert(id, tensor);
        Ok(id)
    }

    pub(super) fn get(&self, id: TensorId) -> Result<Tensor> {
        let tensor = self.table().tensors.get(&id).cloned();
        tensor.ok_or_else(|| {
            ModelError::Contract(format!("there is no tensor {id}; it was given back or never made"))
        })
    }

    /// Remembers that an operation of the backend was refused for its memory; forgets it after one that was not.
    pub(super) fn refused(&self, error: Option<ModelError>) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    /// The answer of a call into the backend. The call failed by a refusal of the host, not by a fault of the backend,
    /// if that was its last operation before it gave up.
    pub(super) fn answered<T>(&self, answer: std::result::Result<T, CallError>) -> Result<T> {
        let refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner).take();
        answer.map_err(|error| match (refusal, &error.fault) {
            (Some(refusal), Fault::Said(_) | Fault::Panicked(_) | Fault::Trapped(_)) => refusal,
            _ => ModelError::Call(error),
        })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pass that is under way.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn current_pass(&self) -> Result<Arc<Pass>> {
        let pass = self.pass.read().unwrap_or_else(PoisonError::into_inner).clone();
        pass.ok_or_else(|| ModelError::Contract("no forward pass is under way".into()))
    }

    /// The shape of a tensor, if there is one of this number.
    pub(super) fn dims(&self, id: TensorId) -> Option<Vec<usize>> {
        self.table().tensors.get(&id).map(|tensor| tensor.dims().to_vec())
    }

    /// Removes a tensor that the backend gives back.
    pub(super) fn remove(&self, id: TensorId) {
        let mut table = self.table();
        let removed = table.tensors.remove(&id);
        if let Some(tensor) = &removed {
            table.memory.give_back(tensor);
        }
        drop(table);
        // Freeing a tensor can free a whole graph: not under the lock.
        drop(removed);
    }

    /// Rejects an operation whose result of `bytes` does not fit the budget with a table of `kept` bytes, which stays
    /// with the pass, before either is made.
    pub(super) fn ask(&self, bytes: u64, kept: u64) -> Result<()> {
        let memory = &mut self.table().memory;
        self.budget.ask("its result", bytes.saturating_add(kept), memory.taken(), SMALLER_PASS)?;
        memory.keep(kept);
        Ok(())
    }

    /// Rejects buffers for keys and values that do not fit the budget, before they are made. They stay with the cache.
    pub(super) fn ask_to_keep(&self, bytes: u64) -> Result<()> {
        let memory = &mut self.table().memory;
        self.budget.ask("keys and values", bytes, memory.taken(), SHORTER)?;
        memory.keep(bytes);
        Ok(())
    }
}

impl Table {
    fn clear(&mut self) {
        self.tensors.clear();
        self.memory.begin(false, 0);
        // Half of the numbers stay in hand, so that a pass never runs out in its middle.
        if self.next > TensorId::MAX / 2 {
            self.next = 0;
        }
    }
}
