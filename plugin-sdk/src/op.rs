/// A handle of a host tensor.
pub type TensorId = u32;

/// A reduction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Reduction {
    /// The sum.
    Sum = 0,
    /// The arithmetic mean.
    Mean = 1,
}

/// A tensor operation as passed to the host. [`crate::ops`] documents each.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs, reason = "the functions of `ops` document each operand")]
pub enum Op<'a> {
    Embedding { name: &'a str, ids: TensorId },
    Linear { name: &'a str, x: TensorId },
    RmsNorm { name: &'a str, x: TensorId, epsilon: f64 },
    LayerNorm { name: &'a str, x: TensorId, epsilon: f64 },
    Rope { x: TensorId, inverse_frequencies: &'a [f64] },
    Attention { q: TensorId, k: TensorId, v: TensorId, slot: u32, scale: f64, window: Option<u32> },
    Swiglu { gate: TensorId, up: TensorId },
    Silu { x: TensorId },
    Gelu { x: TensorId, approximate: bool },
    Softmax { x: TensorId },
    Add { a: TensorId, b: TensorId },
    Mul { a: TensorId, b: TensorId },
    Scale { x: TensorId, factor: f64 },
    Matmul { a: TensorId, b: TensorId },
    Reshape { x: TensorId, shape: &'a [u64] },
    Transpose { x: TensorId, a: u32, b: u32 },
    SplitHeads { x: TensorId, heads: u32 },
    MergeHeads { x: TensorId },
    Slice { x: TensorId, dimension: u32, start: u64, length: u64 },
    Cat { parts: &'a [TensorId], dimension: u32 },
    Reduce { x: TensorId, kind: Reduction, dimension: u32 },
    CrossEntropy { logits: TensorId, targets: TensorId },
}

impl Op<'_> {
    /// The name of the operation in the contract, for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Embedding { .. } => "embedding",
            Op::Linear { .. } => "linear",
            Op::RmsNorm { .. } => "rms-norm",
            Op::LayerNorm { .. } => "layer-norm",
            Op::Rope { .. } => "rope",
            Op::Attention { .. } => "attention",
            Op::Swiglu { .. } => "swiglu",
            Op::Silu { .. } => "silu",
            Op::Gelu { .. } => "gelu",
            Op::Softmax { .. } => "softmax",
            Op::Add { .. } => "add",
            Op::Mul { .. } => "mul",
            Op::Scale { .. } => "scale",
            Op::Matmul { .. } => "matmul",
            Op::Reshape { .. } => "reshape",
            Op::Transpose { .. } => "transpose",
            Op::SplitHeads { .. } => "split-heads",
            Op::MergeHeads { .. } => "merge-heads",
            Op::Slice { .. } => "slice",
            Op::Cat { .. } => "cat",
            Op::Reduce { .. } => "reduce",
            Op::CrossEntropy { .. } => "cross-entropy",
        }
    }
}
