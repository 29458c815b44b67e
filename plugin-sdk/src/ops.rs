//! Operations on host tensors. Each returns a new tensor; errors name the operation and the shapes.

use crate::error::Error;
use crate::tensor::Tensor;

#[cfg(not(target_family = "wasm"))]
use crate::native::operations;
#[cfg(target_family = "wasm")]
use crate::wasm::operations;

#[doc(inline)]
pub use operations::*;

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
    operations::attention(q, k, v, slot, scale, window)
}
