//! Operations on host tensors. Each returns a new tensor; an error names the operation and the shapes.

use crate::{Error, Op, Reduction, Tensor, TensorId};

/// Rows of the parameter `name.weight` chosen by `ids`: `[b, s]` to `[b, s, hidden]`.
///
/// # Errors
/// No such embedding in the plan, or an id past its end.
pub fn embedding(name: &str, ids: &Tensor) -> Result<Tensor, Error> {
    apply([ids], |i| Op::Embedding { name, ids: i[0] })
}

/// `x · Wᵀ + bias`, with `name.weight` `[out, in]` and, where the plan has it, `name.bias` `[out]`.
///
/// # Errors
/// No such projection in the plan, or a last dimension that is not `in`.
pub fn linear(name: &str, x: &Tensor) -> Result<Tensor, Error> {
    apply([x], |i| Op::Linear { name, x: i[0] })
}

/// Root-mean-square normalisation over the last dimension, scaled by `name.weight`.
///
/// # Errors
/// No such norm in the plan, or another width.
pub fn rms_norm(name: &str, x: &Tensor, epsilon: f64) -> Result<Tensor, Error> {
    apply([x], |i| Op::RmsNorm { name, x: i[0], epsilon })
}

/// Layer normalisation over the last dimension with `name.weight` and, where the plan has it, `name.bias`.
///
/// # Errors
/// No such norm in the plan, or another width.
pub fn layer_norm(name: &str, x: &Tensor, epsilon: f64) -> Result<Tensor, Error> {
    apply([x], |i| Op::LayerNorm { name, x: i[0], epsilon })
}

/// Rotary position embedding of `[b, heads, s, head_dim]`, halves rotated as Hugging Face does it. The host
/// knows each token's position; `inverse_frequencies` has `head_dim / 2` entries.
///
/// # Errors
/// Another number of frequencies or dimensions.
pub fn rope(x: &Tensor, inverse_frequencies: &[f64]) -> Result<Tensor, Error> {
    apply([x], |i| Op::Rope { x: i[0], inverse_frequencies })
}

/// What [`attention`] needs besides its operands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attention {
    /// The key-value cache, one for each attention layer.
    pub slot: u32,
    /// What scores are multiplied by: `1 / √head_dim` as a rule.
    pub scale: f64,
    /// How many tokens back a token looks, itself included; all where there is none.
    pub window: Option<u32>,
}

/// Causal attention within each document: q `[b, h, s, d]`, k and v `[b, kv, s, d]`, where `kv` divides `h`.
///
/// # Errors
/// Shapes that do not go together.
pub fn attention(q: &Tensor, k: &Tensor, v: &Tensor, options: Attention) -> Result<Tensor, Error> {
    let Attention { slot, scale, window } = options;
    apply([q, k, v], |i| Op::Attention { q: i[0], k: i[1], v: i[2], slot, scale, window })
}

/// `silu(gate) · up`, elementwise.
///
/// # Errors
/// Different shapes.
pub fn swiglu(gate: &Tensor, up: &Tensor) -> Result<Tensor, Error> {
    apply([gate, up], |i| Op::Swiglu { gate: i[0], up: i[1] })
}

/// `x · sigmoid(x)`, elementwise.
///
/// # Errors
/// The host no longer has the tensor.
pub fn silu(x: &Tensor) -> Result<Tensor, Error> {
    apply([x], |i| Op::Silu { x: i[0] })
}

/// The Gaussian error linear unit: its tanh approximation where `approximate`, else by the error function.
///
/// # Errors
/// The host no longer has the tensor.
pub fn gelu(x: &Tensor, approximate: bool) -> Result<Tensor, Error> {
    apply([x], |i| Op::Gelu { x: i[0], approximate })
}

/// Softmax over the last dimension.
///
/// # Errors
/// The host no longer has the tensor.
pub fn softmax(x: &Tensor) -> Result<Tensor, Error> {
    apply([x], |i| Op::Softmax { x: i[0] })
}

/// `a + b`, elementwise.
///
/// # Errors
/// Different shapes.
pub fn add(a: &Tensor, b: &Tensor) -> Result<Tensor, Error> {
    apply([a, b], |i| Op::Add { a: i[0], b: i[1] })
}

/// `a · b`, elementwise.
///
/// # Errors
/// Different shapes.
pub fn mul(a: &Tensor, b: &Tensor) -> Result<Tensor, Error> {
    apply([a, b], |i| Op::Mul { a: i[0], b: i[1] })
}

/// `x · factor`.
///
/// # Errors
/// The host no longer has the tensor.
pub fn scale(x: &Tensor, factor: f64) -> Result<Tensor, Error> {
    apply([x], |i| Op::Scale { x: i[0], factor })
}

/// The matrix product over the last two dimensions; those before them must agree.
///
/// # Errors
/// Shapes that do not go together.
pub fn matmul(a: &Tensor, b: &Tensor) -> Result<Tensor, Error> {
    apply([a, b], |i| Op::Matmul { a: i[0], b: i[1] })
}

/// The same elements in another shape.
///
/// # Errors
/// Another number of elements.
pub fn reshape(x: &Tensor, shape: &[u64]) -> Result<Tensor, Error> {
    apply([x], |i| Op::Reshape { x: i[0], shape })
}

/// Dimensions `a` and `b` exchanged.
///
/// # Errors
/// A dimension that `x` does not have.
pub fn transpose(x: &Tensor, a: u32, b: u32) -> Result<Tensor, Error> {
    apply([x], |i| Op::Transpose { x: i[0], a, b })
}

/// `[b, s, heads · d]` to `[b, heads, s, d]`.
///
/// # Errors
/// A last dimension that `heads` does not divide.
pub fn split_heads(x: &Tensor, heads: u32) -> Result<Tensor, Error> {
    apply([x], |i| Op::SplitHeads { x: i[0], heads })
}

/// `[b, heads, s, d]` to `[b, s, heads · d]`.
///
/// # Errors
/// Another number of dimensions.
pub fn merge_heads(x: &Tensor) -> Result<Tensor, Error> {
    apply([x], |i| Op::MergeHeads { x: i[0] })
}

/// `length` entries of `dimension` from `start`.
///
/// # Errors
/// A range outside the dimension.
pub fn slice(x: &Tensor, dimension: u32, start: u64, length: u64) -> Result<Tensor, Error> {
    apply([x], |i| Op::Slice { x: i[0], dimension, start, length })
}

/// The parts one after another along `dimension`.
///
/// # Errors
/// No parts, or shapes that differ elsewhere.
pub fn cat(parts: &[&Tensor], dimension: u32) -> Result<Tensor, Error> {
    let first = parts.first().ok_or_else(|| Error::failed("cat: no tensors were given"))?;
    let ids: Vec<TensorId> = parts.iter().enumerate().map(|(at, part)| part.0.operand(at)).collect();
    first.0.run(&Op::Cat { parts: &ids, dimension }, parts)
}

/// One dimension reduced; it goes.
///
/// # Errors
/// A dimension that `x` does not have.
pub fn reduce(x: &Tensor, kind: Reduction, dimension: u32) -> Result<Tensor, Error> {
    apply([x], |i| Op::Reduce { x: i[0], kind, dimension })
}

/// The summed negative log-likelihood of `targets` `[b, s]` under `logits` `[b, s, vocabulary]`: a scalar.
/// Targets without a label are left out; the host divides by the number of labels of the whole step.
///
/// # Errors
/// Shapes that do not go together, or a target past the vocabulary.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor, Error> {
    apply([logits, targets], |i| Op::CrossEntropy { logits: i[0], targets: i[1] })
}

fn apply<'a, const N: usize>(
    operands: [&Tensor; N],
    op: impl FnOnce([TensorId; N]) -> Op<'a>,
) -> Result<Tensor, Error> {
    let ids = std::array::from_fn(|at| operands[at].0.operand(at));
    operands[0].0.run(&op(ids), &operands)
}
