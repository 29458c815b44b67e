//! What each tensor operation computes, and how much memory its result needs.

use candle_core::Tensor;
use codetune_plugin_sdk::{Op, Reduction, Role, TensorId};
use codetune_tensor::{self as tensor, Gelu};

use super::error::{ModelError, Result};
use super::host::ModelHost;
use super::parameters::{Parameters, Weight};
use super::pass::Pass;
use super::sizes::{ELEMENT, broadcast, count, without_last};

/// An operation of a pass.
pub(super) struct Operation<'a> {
    pub host: &'a ModelHost,
    pub parameters: &'a Parameters,
    pub pass: &'a Pass,
}

impl Operation<'_> {
    /// Computes the result, unless it does not fit the memory budget.
    ///
    /// The number of elements of a result is 0 for views, and for arguments that do not match, which the operation
    /// rejects with a better error.
    ///
    /// # Errors
    /// An operand does not exist or does not fit, or the budget is exceeded.
    pub fn compute(&self, op: &Op<'_>) -> Result<Tensor> {
        match *op {
            Op::Embedding { name, ids } => {
                let ids = self.get(ids)?;
                self.sized(count(&ids).saturating_mul(self.width(name, 1)), || {
                    Ok(tensor::embedding(&self.required(name, "weight", &[Role::Embedding])?, &ids)?)
                })
            }
            Op::Linear { name, x } => {
                let x = self.get(x)?;
                let elements = without_last(&x).saturating_mul(self.width(name, 0));
                self.sized(elements, || self.linear(name, &x))
            }
            Op::RmsNorm { name, x, epsilon } => self.like(x, |x| {
                Ok(tensor::rms_norm(x, &self.required(name, "weight", &[Role::Norm])?, epsilon)?)
            }),
            Op::LayerNorm { name, x, epsilon } => self.like(x, |x| {
                let weight = self.required(name, "weight", &[Role::Norm])?;
                Ok(tensor::layer_norm(x, &weight, self.optional(name, "bias").as_ref(), epsilon)?)
            }),
            Op::Rope { x, inverse_frequencies } => {
                let x = self.get(x)?;
                let table = self.new_rope_table(&x, inverse_frequencies)?;
                self.host.ask(count(&x).saturating_mul(ELEMENT), table)?;
                self.pass.rope(&x, inverse_frequencies)
            }
            Op::Attention { q, k, v, slot, scale, window } => {
                let (q, k, v) = (self.get(q)?, self.get(k)?, self.get(v)?);
                let ask = |bytes| self.host.ask_to_keep(bytes);
                self.sized(count(&q), || self.pass.attention((&q, &k, &v), slot, scale, window, &ask))
            }
            Op::Swiglu { gate, up } => {
                let up = self.get(up)?;
                self.like(gate, |gate| Ok(tensor::swiglu(gate, &up)?))
            }
            Op::Silu { x } => self.like(x, |x| Ok(tensor::silu(x)?)),
            Op::Gelu { x, approximate } => {
                let form = if approximate { Gelu::Tanh } else { Gelu::Erf };
                self.like(x, |x| Ok(tensor::gelu(x, form)?))
            }
            Op::Softmax { x } => self.like(x, |x| Ok(tensor::softmax(x)?)),
            Op::Add { a, b } => {
                let (a, b) = (self.get(a)?, self.get(b)?);
                self.sized(broadcast(a.dims(), b.dims()), || Ok(tensor::add(&a, &b)?))
            }
            Op::Mul { a, b } => {
                let (a, b) = (self.get(a)?, self.get(b)?);
                self.sized(broadcast(a.dims(), b.dims()), || Ok(tensor::mul(&a, &b)?))
            }
            Op::Scale { x, factor } => self.like(x, |x| Ok(tensor::scale(x, factor)?)),
            Op::Matmul { a, b } => {
                let (a, b) = (self.get(a)?, self.get(b)?);
                let columns = b.dims().last().copied().unwrap_or(1) as u64;
                self.sized(without_last(&a).saturating_mul(columns), || Ok(tensor::matmul(&a, &b)?))
            }
            Op::Reshape { x, shape } => {
                let shape: Vec<usize> = shape.iter().map(|dimension| size(*dimension)).collect();
                self.like(x, |x| Ok(tensor::reshape(x, &shape)?))
            }
            Op::Transpose { x, a, b } => self.view(x, |x| Ok(tensor::transpose(x, a as usize, b as usize)?)),
            Op::SplitHeads { x, heads } => self.like(x, |x| Ok(tensor::split_heads(x, heads as usize)?)),
            Op::MergeHeads { x } => self.like(x, |x| Ok(tensor::merge_heads(x)?)),
            Op::Slice { x, dimension, start, length } => {
                self.view(x, |x| Ok(tensor::slice(x, dimension as usize, size(start), size(length))?))
            }
            Op::Cat { parts, dimension } => {
                let parts = parts.iter().map(|id| self.get(*id)).collect::<Result<Vec<_>>>()?;
                let elements = parts.iter().fold(0u64, |all, part| all.saturating_add(count(part)));
                self.sized(elements, || {
                    Ok(tensor::cat(&parts.iter().collect::<Vec<_>>(), dimension as usize)?)
                })
            }
            Op::Reduce { x, kind, dimension } => {
                let kind = match kind {
                    Reduction::Sum => tensor::Reduction::Sum,
                    Reduction::Mean => tensor::Reduction::Mean,
                };
                self.like(x, |x| Ok(tensor::reduce(x, dimension as usize, kind)?))
            }
            // Its gradient is computed with it.
            Op::CrossEntropy { logits, targets } => {
                let targets = self.get(targets)?;
                self.like(logits, |logits| {
                    let vocabulary = logits.dims().last().copied().unwrap_or(0);
                    let rows = logits.elem_count().checked_div(vocabulary).unwrap_or(0);
                    let logits = tensor::reshape(logits, &[rows, vocabulary])?;
                    Ok(tensor::cross_entropy(&logits, &targets.flatten_all()?)?.sum)
                })
            }
        }
    }

    fn get(&self, id: TensorId) -> Result<Tensor> {
        self.host.get(id)
    }

    /// Computes a result with at most this many elements.
    fn sized(&self, elements: u64, compute: impl FnOnce() -> Result<Tensor>) -> Result<Tensor> {
        self.host.ask(elements.saturating_mul(ELEMENT), 0)?;
        compute()
    }

    /// Computes a result with at most as many elements as `x`.
    fn like(&self, x: TensorId, compute: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
        let x = self.get(x)?;
        self.sized(count(&x), || compute(&x))
    }

    /// Computes a result that shares the memory of `x`.
    fn view(&self, x: TensorId, compute: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
        let x = self.get(x)?;
        self.sized(0, || compute(&x))
    }

    /// A dimension of a module's weight; 0 if there is none.
    fn width(&self, module: &str, dimension: usize) -> u64 {
        let dims = |tensor: &Tensor| tensor.dims().get(dimension).copied().unwrap_or(0) as u64;
        match self.parameters.weight(&format!("{module}.weight")) {
            None => 0,
            Some(Weight::Frozen(tensor)) => dims(tensor),
            Some(Weight::Trained(var)) => dims(var.as_tensor()),
        }
    }

    /// The bytes of the table that these frequencies need, if there is none yet.
    fn new_rope_table(&self, x: &Tensor, inverse_frequencies: &[f64]) -> Result<u64> {
        let width = x.dims().last().copied().unwrap_or(0);
        if inverse_frequencies.len().checked_mul(2) != Some(width) {
            let message = format!(
                "{} frequencies do not rotate heads of {width}; half as many are needed",
                inverse_frequencies.len()
            );
            return Err(ModelError::Batch(message));
        }
        Ok(self.pass.new_rope_table(inverse_frequencies))
    }

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

/// A number that does not fit is larger than any tensor, which the operation refuses with its shapes.
fn size(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}
