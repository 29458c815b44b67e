//! Differentiable tensor operations on top of candle: kernels and their backward passes.
//!
//! Operations take and return [`candle_core::Tensor`]s on the CPU, in `f32` or `f64`, and record their own backward
//! pass. Gradients are only computed for arguments that depend on a variable, so frozen weights cost nothing.
//!
//! Results do not depend on the number of threads: the partition and order of every sum only depend on the shapes.

mod activation;
mod attention;
mod attention_mask;
mod dropout;
mod embedding;
mod error;
mod kernel;
mod linear;
mod lora;
mod loss;
mod matrix;
mod norm;
mod optimizer;
mod real;
mod rope;
mod shape;
mod softmax;
mod weighted;

#[cfg(test)]
mod finite_difference;

pub use activation::{Gelu, gelu, silu, swiglu};
pub use attention::attention;
pub use attention_mask::AttentionMask;
pub use dropout::DropoutMask;
pub use embedding::embedding;
pub use error::{Result, TensorError};
pub use linear::{frozen_linear, trained_linear};
pub use lora::lora_linear;
pub use loss::{CrossEntropy, IGNORE, cross_entropy};
pub use norm::{layer_norm, rms_norm};
pub use optimizer::{AdamW, Moments, adamw_step, clip, global_norm};
pub use rope::{rope, rope_table};
pub use shape::{
    Reduction, add, cat, matmul, merge_heads, mul, reduce, reshape, scale, slice, split_heads, transpose,
};
pub use softmax::softmax;
