use candle_core::Tensor;
use codetune_plugin_sdk::{Op, TensorId};

use super::error::Result;
use super::parameters::{Parameters, Weight};

/// Bytes per element: models are in single precision, and ids have the same size.
const ELEMENT: u64 = size_of::<f32>() as u64;

/// The size in bytes of the result of an operation. It is 0 for mismatched arguments, which the operation rejects with
/// a better error.
///
/// # Errors
/// An operand does not exist.
pub(super) fn result_bytes(
    op: &Op<'_>,
    get: &dyn Fn(TensorId) -> Result<Tensor>,
    parameters: &Parameters,
) -> Result<u64> {
    let count = |id: TensorId| -> Result<u64> { Ok(get(id)?.elem_count() as u64) };
    let elements = match *op {
        Op::Embedding { name, ids } => count(ids)?.saturating_mul(width(parameters, name, 1)),
        Op::Linear { name, x } => without_last(&get(x)?).saturating_mul(width(parameters, name, 0)),
        Op::Add { a, b } | Op::Mul { a, b } => broadcast(get(a)?.dims(), get(b)?.dims()),
        Op::Matmul { a, b } => {
            let (a, b) = (get(a)?, get(b)?);
            without_last(&a).saturating_mul(b.dims().last().copied().unwrap_or(1) as u64)
        }
        Op::Cat { parts, .. } => {
            let mut all = 0u64;
            for part in parts {
                all = all.saturating_add(count(*part)?);
            }
            all
        }
        // Views.
        Op::Transpose { .. } | Op::Slice { .. } => 0,
        Op::Attention { q, .. } => count(q)?,
        // Its gradient is computed with it.
        Op::CrossEntropy { logits, .. } => count(logits)?,
        Op::Swiglu { gate, .. } => count(gate)?,
        Op::RmsNorm { x, .. }
        | Op::LayerNorm { x, .. }
        | Op::Rope { x, .. }
        | Op::Silu { x }
        | Op::Gelu { x, .. }
        | Op::Softmax { x }
        | Op::Scale { x, .. }
        | Op::Reshape { x, .. }
        | Op::SplitHeads { x, .. }
        | Op::MergeHeads { x }
        | Op::Reduce { x, .. } => count(x)?,
    };
    Ok(elements.saturating_mul(ELEMENT))
}

/// A dimension of a module's weight; 0 if there is none.
fn width(parameters: &Parameters, module: &str, dimension: usize) -> u64 {
    let dims = |tensor: &Tensor| tensor.dims().get(dimension).copied().unwrap_or(0) as u64;
    match parameters.weight(&format!("{module}.weight")) {
        None => 0,
        Some(Weight::Frozen(tensor)) => dims(tensor),
        Some(Weight::Trained(var)) => dims(var.as_tensor()),
    }
}

/// The number of elements in all dimensions except the last.
fn without_last(x: &Tensor) -> u64 {
    let dims = x.dims();
    dims.split_last().map_or(1, |(_, others)| product(others.iter().copied()))
}

/// The number of elements of two shapes, broadcast as in NumPy.
fn broadcast(a: &[usize], b: &[usize]) -> u64 {
    let rank = a.len().max(b.len());
    let from_end = |dims: &[usize], at: usize| dims.len().checked_sub(at + 1).map_or(1, |at| dims[at]);
    let pairs = (0..rank).map(|at| (from_end(a, at), from_end(b, at)));
    match pairs.clone().all(|(a, b)| a == b || a == 1 || b == 1) {
        // A dimension of 0 stays 0.
        true => product(pairs.map(|(a, b)| if a == 1 { b } else { a })),
        false => 0,
    }
}

fn product(dims: impl Iterator<Item = usize>) -> u64 {
    dims.fold(1u64, |all, dimension| all.saturating_mul(dimension as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_broadcast_as_in_numpy() {
        assert_eq!(broadcast(&[5, 1], &[1, 7]), 35);
        assert_eq!(broadcast(&[5, 1], &[7]), 35);
        assert_eq!(broadcast(&[2, 3], &[2, 3]), 6);
        assert_eq!(broadcast(&[], &[4, 5]), 20);
        assert_eq!(broadcast(&[0, 1], &[1, 7]), 0);
        assert_eq!(broadcast(&[2, 3], &[4, 3]), 0, "refused by the operation");
        assert_eq!(broadcast(&[1 << 40, 1], &[1, 1 << 40]), u64::MAX);
    }
}
