//! Numbers of elements of results, so that memory is asked for before it is used.

use candle_core::Tensor;

/// Bytes per element: models are in single precision, and ids have the same size.
pub(super) const ELEMENT: u64 = size_of::<f32>() as u64;

/// The number of elements.
pub(super) fn count(x: &Tensor) -> u64 {
    x.elem_count() as u64
}

/// The number of elements in all dimensions except the last.
pub(super) fn without_last(x: &Tensor) -> u64 {
    let dims = x.dims();
    dims.split_last().map_or(1, |(_, others)| product(others.iter().copied()))
}

/// The number of elements of two shapes, broadcast as in NumPy; 0 if they do not match.
pub(super) fn broadcast(a: &[usize], b: &[usize]) -> u64 {
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
