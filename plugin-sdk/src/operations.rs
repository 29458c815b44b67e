//! The table of tensor operations, from which everything about them is generated.
//!
//! | from the table | in |
//! |---|---|
//! | [`Op`](crate::Op) with its numbers and names | `op.rs` |
//! | the functions of [`ops`](crate::ops) for built-in and native plugins, and the encoding in the C ABI and back | `native/operations.rs` |
//! | the functions of [`ops`](crate::ops) for components | `wasm/operations.rs` |
//! | the host's side for components | `core/plugin/src/wasm/link.rs` |
//!
//! A new operation is an entry at the end of this table with the next number, a line in `wit/plugin.wit`, one in
//! `include/codetune_plugin.h`, and what it computes in `core/model/src/arithmetic.rs`.
//!
//! An entry has the documentation of the function, the number in the C ABI, the variant of `Op`, and the function with
//! its operands. The name in the WIT is that of the function with hyphens. The kinds of operands are:
//!
//! | kind | in Rust | in the WIT | in the C ABI |
//! |---|---|---|---|
//! | `Name` | `&str` | `string` | `name`; at most one |
//! | `Tensor` | `&Tensor` | `borrow<tensor>` | the next of `inputs` |
//! | `Tensors` | `&[&Tensor]` | `list<borrow<tensor>>` | all of `inputs` |
//! | `U32`, `U64` | `u32`, `u64` | `u32`, `u64` | the next of `integers` |
//! | `U64s` | `&[u64]` | `list<u64>` | all of `integers` |
//! | `OptionU32` | `Option<u32>` | `option<u32>` | the next of `integers`, -1 if absent |
//! | `Bool` | `bool` | `bool` | the next of `integers`, 0 or 1 |
//! | `Reduction` | [`Reduction`](crate::Reduction) | `reduction` | the next of `integers`, by its number |
//! | `F64` | `f64` | `f64` | the next of `floats` |
//! | `F64s` | `&[f64]` | `list<f64>` | all of `floats` |

/// Passes the table of operations to the macro `$then`.
#[doc(hidden)]
#[macro_export]
macro_rules! operations {
    ($then:ident) => {
        $then! {
            /// Looks up `ids` in the parameter `name.weight`: `[b, s]` to `[b, s, hidden]`.
            ///
            /// # Errors
            /// The plan has no such embedding, or an id is out of range.
            0 Embedding embedding(name: Name, ids: Tensor);

            /// `x · Wᵀ + bias`, with `name.weight` `[out, in]` and, if the plan has it, `name.bias` `[out]`.
            ///
            /// # Errors
            /// The plan has no such projection, or the last dimension is not `in`.
            1 Linear linear(name: Name, x: Tensor);

            /// Root-mean-square normalization over the last dimension, scaled by `name.weight`.
            ///
            /// # Errors
            /// The plan has no such norm, or its width differs.
            2 RmsNorm rms_norm(name: Name, x: Tensor, epsilon: F64);

            /// Layer normalization over the last dimension with `name.weight` and, if the plan has it, `name.bias`.
            ///
            /// # Errors
            /// The plan has no such norm, or its width differs.
            3 LayerNorm layer_norm(name: Name, x: Tensor, epsilon: F64);

            /// Rotary position embedding of `[b, heads, s, head_dim]`, rotating halves as in Hugging Face. The host knows the
            /// position of each token; `inverse_frequencies` has `head_dim / 2` entries.
            ///
            /// # Errors
            /// The number of frequencies or dimensions is wrong.
            4 Rope rope(x: Tensor, inverse_frequencies: F64s);

            /// Causal attention within each document: q `[b, h, s, d]`, k and v `[b, kv, s, d]`, where `kv` divides `h`.
            ///
            /// # Errors
            /// The shapes do not match.
            5 Attention attention(q: Tensor, k: Tensor, v: Tensor, slot: U32, scale: F64, window: OptionU32);

            /// `silu(gate) · up`, elementwise.
            ///
            /// # Errors
            /// The shapes differ.
            6 Swiglu swiglu(gate: Tensor, up: Tensor);

            /// `x · sigmoid(x)`, elementwise.
            ///
            /// # Errors
            /// The tensor no longer exists.
            7 Silu silu(x: Tensor);

            /// The Gaussian error linear unit, with the tanh approximation if `approximate`, otherwise with the error function.
            ///
            /// # Errors
            /// The tensor no longer exists.
            8 Gelu gelu(x: Tensor, approximate: Bool);

            /// Softmax over the last dimension.
            ///
            /// # Errors
            /// The tensor no longer exists.
            9 Softmax softmax(x: Tensor);

            /// `a + b`, elementwise.
            ///
            /// # Errors
            /// The shapes differ.
            10 Add add(a: Tensor, b: Tensor);

            /// `a · b`, elementwise.
            ///
            /// # Errors
            /// The shapes differ.
            11 Mul mul(a: Tensor, b: Tensor);

            /// `x · factor`.
            ///
            /// # Errors
            /// The tensor no longer exists.
            12 Scale scale(x: Tensor, factor: F64);

            /// The matrix product over the last two dimensions; leading dimensions must be equal.
            ///
            /// # Errors
            /// The shapes do not match.
            13 Matmul matmul(a: Tensor, b: Tensor);

            /// The same elements in another shape.
            ///
            /// # Errors
            /// The number of elements differs.
            14 Reshape reshape(x: Tensor, shape: U64s);

            /// Transposes dimensions `a` and `b`.
            ///
            /// # Errors
            /// `x` has no such dimension.
            15 Transpose transpose(x: Tensor, a: U32, b: U32);

            /// `[b, s, heads · d]` to `[b, heads, s, d]`.
            ///
            /// # Errors
            /// The last dimension is not a multiple of `heads`.
            16 SplitHeads split_heads(x: Tensor, heads: U32);

            /// `[b, heads, s, d]` to `[b, s, heads · d]`.
            ///
            /// # Errors
            /// The number of dimensions is wrong.
            17 MergeHeads merge_heads(x: Tensor);

            /// `length` entries of `dimension` from `start`.
            ///
            /// # Errors
            /// The range is out of bounds.
            18 Slice slice(x: Tensor, dimension: U32, start: U64, length: U64);

            /// Concatenates the parts along `dimension`.
            ///
            /// # Errors
            /// There are no parts, or their other dimensions differ.
            19 Cat cat(parts: Tensors, dimension: U32);

            /// Reduces `dimension`, which is removed.
            ///
            /// # Errors
            /// `x` has no such dimension.
            20 Reduce reduce(x: Tensor, kind: Reduction, dimension: U32);

            /// The summed negative log-likelihood of `targets` `[b, s]` under `logits` `[b, s, vocabulary]`: a scalar.
            /// Targets without a label are ignored; the host divides by the number of labels of the whole step.
            ///
            /// # Errors
            /// The shapes do not match, or a target is outside of the vocabulary.
            21 CrossEntropy cross_entropy(logits: Tensor, targets: Tensor);
        }
    };
}

/// The Rust type of an operand of a function of [`ops`](crate::ops).
macro_rules! argument {
    (Name) => { &str };
    (Tensor) => { &$crate::tensor::Tensor };
    (Tensors) => { &[&$crate::tensor::Tensor] };
    (U32) => { u32 };
    (U64) => { u64 };
    (U64s) => { &[u64] };
    (OptionU32) => { Option<u32> };
    (Bool) => { bool };
    (Reduction) => { $crate::op::Reduction };
    (F64) => { f64 };
    (F64s) => { &[f64] };
}

pub(crate) use argument;
