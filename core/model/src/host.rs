use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use candle_core::Tensor;
use codetune_plugin::TensorHost;
use codetune_plugin_sdk::{Op, Reduction, Role, TensorId};
use codetune_tensor::{self as tensor, Gelu};
use codetune_validate::whole;

use super::budget::MemoryBudget;
use super::error::{ModelError, Result};
use super::memory::Memory;
use super::parameters::{Parameters, Weight};
use super::pass::Pass;
use super::sizes::result_bytes;

/// The tensors and parameters of one model, as its training backend reaches them.
///
/// Tensors live for one forward pass; numbers are not used again until the table is empty, so that a stale
/// one names nothing. Locks are held to look up and to keep, never while computing.
pub struct ModelHost {
    parameters: RwLock<Arc<Parameters>>,
    pass: RwLock<Option<Arc<Pass>>>,
    table: Mutex<Table>,
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
        ModelHost { parameters: RwLock::default(), pass: RwLock::default(), table: Mutex::default(), budget }
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
            id.checked_add(1).ok_or_else(|| ModelError::Batch("one pass made 2³² tensors".into()))?;
        table.memory.take(&tensor);
        table.tensors.insert(id, tensor);
        Ok(id)
    }

    pub(super) fn get(&self, id: TensorId) -> Result<Tensor> {
        let tensor = self.table().tensors.get(&id).cloned();
        tensor.ok_or_else(|| {
            ModelError::Batch(format!("there is no tensor {id}; it was given back or never made"))
        })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn compute(&self, op: &Op<'_>) -> Result<Tensor> {
        let pass = self.pass.read().unwrap_or_else(PoisonError::into_inner).clone();
        let pass = pass.ok_or_else(|| ModelError::Batch("no forward pass is under way".into()))?;
        let parameters = self.parameters();
        let run = Operation { parameters: &parameters, pass: &pass };
        let get = |id| self.get(id);
        self.ask(op, &parameters, &pass)?;
        Ok(match *op {
            Op::Embedding { name, ids } => {
                let (weight, ids) = (run.required(name, "weight", &[Role::Embedding])?, get(ids)?);
                tensor::embedding(&weight, &ids)?
            }
            Op::Linear { name, x } => run.linear(name, &get(x)?)?,
            Op::RmsNorm { name, x, epsilon } => {
                tensor::rms_norm(&get(x)?, &run.required(name, "weight", &[Role::Norm])?, epsilon)?
            }
            Op::LayerNorm { name, x, epsilon } => {
                let (weight, bias) =
                    (run.required(name, "weight", &[Role::Norm])?, run.optional(name, "bias"));
                tensor::layer_norm(&get(x)?, &weight, bias.as_ref(), epsilon)?
            }
            Op::Rope { x, inverse_frequencies } => pass.rope(&get(x)?, inverse_frequencies)?,
            Op::Attention { q, k, v, slot, scale, window } => {
                let (q, k, v) = (get(q)?, get(k)?, get(v)?);
                let ask = |bytes| self.ask_to_keep(bytes);
                pass.attention((&q, &k, &v), slot, scale, window, &ask)?
            }
            Op::Swiglu { gate, up } => tensor::swiglu(&get(gate)?, &get(up)?)?,
            Op::Silu { x } => tensor::silu(&get(x)?)?,
            Op::Gelu { x, approximate } => {
                tensor::gelu(&get(x)?, if approximate { Gelu::Tanh } else { Gelu::Erf })?
            }
            Op::Softmax { x } => tensor::softmax(&get(x)?)?,
            Op::Add { a, b } => tensor::add(&get(a)?, &get(b)?)?,
            Op::Mul { a, b } => tensor::mul(&get(a)?, &get(b)?)?,
            Op::Scale { x, factor } => tensor::scale(&get(x)?, factor)?,
            Op::Matmul { a, b } => tensor::matmul(&get(a)?, &get(b)?)?,
            Op::Reshape { x, shape } => {
                tensor::reshape(&get(x)?, &shape.iter().map(|d| size(*d)).collect::<Vec<_>>())?
            }
            Op::Transpose { x, a, b } => tensor::transpose(&get(x)?, a as usize, b as usize)?,
            Op::SplitHeads { x, heads } => tensor::split_heads(&get(x)?, heads as usize)?,
            Op::MergeHeads { x } => tensor::merge_heads(&get(x)?)?,
            Op::Slice { x, dimension, start, length } => {
                tensor::slice(&get(x)?, dimension as usize, size(start), size(length))?
            }
            Op::Cat { parts, dimension } => {
                let parts = parts.iter().map(|id| get(*id)).collect::<Result<Vec<_>>>()?;
                tensor::cat(&parts.iter().collect::<Vec<_>>(), dimension as usize)?
            }
            Op::Reduce { x, kind, dimension } => {
                let kind = match kind {
                    Reduction::Sum => tensor::Reduction::Sum,
                    Reduction::Mean => tensor::Reduction::Mean,
                };
                tensor::reduce(&get(x)?, dimension as usize, kind)?
            }
            Op::CrossEntropy { logits, targets } => {
                let (logits, targets) = (get(logits)?, get(targets)?.flatten_all()?);
                let vocabulary = logits.dims().last().copied().unwrap_or(0);
                let rows = logits.elem_count().checked_div(vocabulary).unwrap_or(0);
                tensor::cross_entropy(&tensor::reshape(&logits, &[rows, vocabulary])?, &targets)?.sum
            }
        })
    }
}

impl ModelHost {
    /// Refuses an operation whose result does not fit the budget, before it is made.
    fn ask(&self, op: &Op<'_>, parameters: &Parameters, pass: &Pass) -> Result<()> {
        let table = match *op {
            Op::Rope { x, inverse_frequencies } => self.new_rope_table(x, inverse_frequencies, pass)?,
            _ => 0,
        };
        let needs = result_bytes(op, &|id| self.get(id), parameters)?.saturating_add(table);
        let taken = self.table().memory.taken();
        self.budget.ask("its result", needs, taken, SMALLER_PASS)?;
        // It stays with the pass.
        self.table().memory.keep(table);
        Ok(())
    }

    /// Refuses buffers for keys and values that do not fit the budget, before they are made. They stay with the cache.
    fn ask_to_keep(&self, bytes: u64) -> Result<()> {
        let memory = &mut self.table().memory;
        self.budget.ask("keys and values", bytes, memory.taken(), SHORTER)?;
        memory.keep(bytes);
        Ok(())
    }

    /// The bytes of the table that these frequencies need, where there is none yet.
    fn new_rope_table(&self, x: TensorId, inverse_frequencies: &[f64], pass: &Pass) -> Result<u64> {
        let width = self.get(x)?.dims().last().copied().unwrap_or(0);
        if inverse_frequencies.len().checked_mul(2) != Some(width) {
            let message = format!(
                "{} frequencies do not rotate heads of {width}; half as many are needed",
                inverse_frequencies.len()
            );
            return Err(ModelError::Batch(message));
        }
        Ok(pass.new_rope_table(inverse_frequencies))
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

/// A number that does not fit is larger than any tensor, which the operation refuses with its shapes.
fn size(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

impl TensorHost for ModelHost {
    fn run(&self, op: &Op<'_>) -> std::result::Result<TensorId, String> {
        let made = self.compute(op).and_then(|tensor| self.insert(tensor));
        made.map_err(|error| format!("{}: {}", op.name(), whole(&error)))
    }

    fn shape(&self, tensor: TensorId) -> Option<Vec<u64>> {
        let table = self.table();
        table.tensors.get(&tensor).map(|tensor| tensor.dims().iter().map(|d| *d as u64).collect())
    }

    fn release(&self, tensor: TensorId) {
        let mut table = self.table();
        let released = table.tensors.remove(&tensor);
        if let Some(tensor) = &released {
            table.memory.give_back(tensor);
        }
        drop(table);
        // Freeing a tensor can free a whole graph: not under the lock.
        drop(released);
    }
}

/// The parameters as one operation sees them.
struct Operation<'a> {
    parameters: &'a Parameters,
    pass: &'a Pass,
}

impl Operation<'_> {
    fn linear(&self, name: &str, x: &Tensor) -> Result<Tensor> {
        // A tied output layer projects with the embedding.
        let weight = self.required(name, "weight", &[Role::Linear, Role::Embedding])?;
        let bias = self.optional(name, "bias");
        let bias = bias.as_ref();
        let module = self.parameters.projection(name);
        let Some((config, lora)) = self.parameters.lora(module) else {
            return Ok(match weight.track_op() {
                true => tensor::trained_linear(x, &weight, bias)?,
                false => tensor::frozen_linear(x, &weight, bias)?,
            });
        };
        let (a, b) = (self.seen(lora.a.as_tensor()), self.seen(lora.b.as_tensor()));
        let key = self.pass.dropout.filter(|_| config.dropout > 0.0);
        let mask = key.map(|key| key.mask(module, x.elem_count(), config.dropout)).transpose()?;
        Ok(tensor::lora_linear(x, &weight, bias, &a, &b, config.scale(), mask)?)
    }

    fn required(&self, name: &str, part: &str, roles: &[Role]) -> Result<Tensor> {
        let full = format!("{name}.{part}");
        let fits = self.parameters.role(&full).is_some_and(|role| roles.contains(&role));
        let weight = self.optional(name, part).filter(|_| fits);
        let role = roles.first().copied().unwrap_or(Role::Linear);
        weight.ok_or_else(|| {
            ModelError::Batch(format!("the plan has no parameter {full} of the role {role:?}"))
        })
    }

    fn optional(&self, name: &str, part: &str) -> Option<Tensor> {
        Some(match self.parameters.weight(&format!("{name}.{part}"))? {
            Weight::Frozen(tensor) => tensor.clone(),
            Weight::Trained(var) => self.seen(var.as_tensor()),
        })
    }

    /// A trained tensor, cut off where no gradients are recorded, so that no graph is kept.
    fn seen(&self, tensor: &Tensor) -> Tensor {
        if self.pass.records { tensor.clone() } else { tensor.detach() }
    }
}
