//! Operations on host tensors. Each returns a new tensor; errors name the operation and the shapes.

use crate::{Error, Op, Reduction, Tensor, TensorId};

/// Looks up `ids` in the parameter `name.weight`: `[b, s]` to `[b, s, hidden]`.
///
/// # Errors
/// The plan has no such embedding, or an id is out of range.
pub fn embedding(name: &str, ids: &Tensor) -> Result<Tensor, Error> {
    apply([ids], |i| Op::Embedding { name, ids: i[0] })
}

/// `x · Wᵀ + bias`, with `name.weight` `[out, in]` and, if the plan has it, `name.bias` `[out]`.
///
/// # Errors
/// The plan has no such projection, or the last dimension is not `in`.
pub fn linear(name: &str, x: &Tensor) -> Result<Tensor, Error> {
    apply([x], |i| Op::Linear { name, x: i[0] })
}

/// Root-mean-square normalization over the last dimension, scaled by `name.weight`.
///
/// # Errors
/// The plan has no such norm, or its width differs.
pub fn rms_norm(name: &str, x: &Tensor, epsilon: f64) -> Result<Tensor, Error> {
    apply([x], |i| Op::RmsNorm { name, x: i[0], epsilon })
}

/// Layer normalization over the last dimension with `name.weight` and, if the plan has it, `name.bias`.
///
/// # Errors
/// The plan has no such norm, or its width differs.
pub fn layer_norm(name: &str, x: &Tensor, epsilon: f64) -> Result<Tensor, Error> {
    apply([x], |i| Op::LayerNorm { name, x: i[0], epsilon })
}

/// Rotary position embedding of `[b, heads, s, head_dim]`, rotating halves as in Hugging Face. The host knows the
/// position of each token; `inverse_frequencies` has `head_dim / 2` entries.
///
/// # Errors
/// The number of frequencies or dimensions is wrong.
pub fn rope(x: &Tensor, inverse_frequencies: &[f64]) -> Result<Tensor, Error> {
    apply([x], |i| Op::Rope { x: i[0], inverse_frequencies })
}

/// Settings of [`attention`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attention {
    /// The key-value cache slot, one per attention layer.
    pub slot: u32,
    /// The factor of scores, usually `1 / √head_dim`.
    pub scale: f64,
    /// The sliding window: how many tokens each token attends to, including itself; all by default.
    pub window: Option<u32>,
}

/// Causal attention within each document: q `[b, h, s, d]`, k and v `[b, kv, s, d]`, where `kv` divides `h`.
///
/// # Errors
/// The shapes do not match.
pub fn attention(q: &Tensor, k: &Tensor, v: &Tensor, options: Attention) -> Result<Tensor, Error> {
    let Attention { slot, scale, window } = options;
    apply([q, k, v], |i| Op::Attention { q: i[0], k: i[1], v: i[2], slot, scale, window })
}

/// `silu(gate) · up`, elementwise.
///
/// # Errors
/// The shapes differ.
pub fn swiglu(gate: &Tensor, up: &Tensor) -> Result<Tensor, Error> {
    apply([gate, up], |i| Op::Swiglu { gate: i[0], up: i[1] })
}

/// `x · sigmoid(x)`, elementwise.
///
/// # Errors
/// The tensor no longer exists.
pub fn silu(x: &Tensor) -> Result<Tensor, Error> {
    apply([x], |i| Op::Silu { x: i[0] })
}

/// The Gaussian error linear unit, with the tanh approximation if `approximate`, otherwise with the error function.
///
/// # Errors
/// The tensor no longer exists.
pub fn gelu(x: &Tensor, approximate: bool) -> Result<Tensor, Error> {
    apply([x], |i| Op::Gelu { x: i[0], approximate })
}

/// Softmax over the last dimension.
///
/// # Errors
/// The tensor no longer exists.
pub fn softmax(x: &Tensor) -> Result<Tensor, Error> {
    apply([x], |i| Op::Softmax { x: i[0] })
}

/// `a + b`, elementwise.
///
/// # Errors
/// The shapes differ.
pub fn add(a: &Tensor, b: &Tensor) -> Result<Tensor, Error> {
    apply([a, b], |i| Op::Add { a: i[0], b: i[1] })
}

/// `a · b`, elementwise.
///
/// # Errors
/// The shapes differ.
pub fn mul(a: &Tensor, b: &Tensor) -> Result<Tensor, Error> {
    apply([a, b], |i| Op::Mul { a: i[0], b: i[1] })
}

/// `x · factor`.
///
/// # Errors
/// The tensor no longer exists.
pub fn scale(x: &Tensor, factor: f64) -> Result<Tensor, Error> {
    apply([x], |i| Op::Scale { x: i[0], factor })
}

/// The matrix product over the last two dimensions; leading dimensions must be equal.
///
/// # Errors
/// The shapes do not match.
pub fn matmul(a: &Tensor, b: &Tensor) -> Result<Tensor, Error> {
    apply([a, b], |i| Op::Matmul { a: i[0], b: i[1] })
}

/// The same elements in another shape.
///
/// # Errors
/// The number of elements differs.
pub fn reshape(x: &Tensor, shape: &[u64]) -> Result<Tensor, Error> {
    apply([x], |i| Op::Reshape { x: i[0], shape })
}

/// Transposes dimensions `a` and `b`.
///
/// # Errors
/// `x` has no such dimension.
pub fn transpose(x: &Tensor, a: u32, b: u32) -> Result<Tensor, Error> {
    apply([x], |i| Op::Transpose { x: i[0], a, b })
}

/// `[b, s, heads · d]` to `[b, heads, s, d]`.
///
/// # Errors
/// The last dimension is not a multiple of `heads`.
pub fn split_heads(x: &Tensor, heads: u32) -> Result<Tensor, Error> {
    apply([x], |i| Op::SplitHeads { x: i[0], heads })
}

/// `[b, heads, s, d]` to `[b, s, heads · d]`.
///
/// # Errors
/// The number of dimensions is wrong.
pub fn merge_heads(x: &Tensor) -> Result<Tensor, Error> {
    apply([x], |i| Op::MergeHeads { x: i[0] })
}

/// `length` entries of `dimension` from `start`.
///
/// # Errors
/// The range is out of bounds.
pub fn slice(x: &Tensor, dimension: u32, start: u64, length: u64) -> Result<Tensor, Error> {
    apply([x], |i| Op::Slice { x: i[0], dimension, start, length })
}

/// Concatenates the parts along `dimension`.
///
/// # Errors
/// There are no parts, or their other dimensions differ.
pub fn cat(parts: &[&Tensor], dimension: u32) -> Result<Tensor, Error> {
    let first = parts.first().ok_or_else(|| Error::failed("cat: no tensors were given"))?;
    let ids: Vec<TensorId> = parts.iter().enumerate().map(|(at, part)| part.0.operand(at)).collect();
    first.0.run(&Op::Cat { parts: &ids, dimension }, parts)
}

/// Reduces `dimension`, which is removed.
///
/// # Errors
/// `x` has no such dimension.
pub fn reduce(x: &Tensor, kind: Reduction, dimension: u32) -> Result<Tensor, Error> {
    apply([x], |i| Op::Reduce { x: i[0], kind, dimension })
}

/// The summed negative log-likelihood of `targets` `[b, s]` under `logits` `[b, s, vocabulary]`: a scalar.
/// Targets without a label are ignored; the host divides by the number of labels of the whole step.
///
/// # Errors
/// The shapes do not match, or a target is outside of the vocabulary.
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
