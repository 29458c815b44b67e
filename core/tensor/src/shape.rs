//! Arithmetic and shape operations with checked arguments; all are differentiable.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};

use super::error::{Result, TensorError, setting, shape, shapes};
use super::kernel::{View, by_float, elements, for_rows, store, tensor};
use super::real::Real;

/// How [`reduce`] combines elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// The sum.
    Sum,
    /// The mean.
    Mean,
}

/// `a + b`; shapes broadcast as in NumPy.
pub fn add(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    broadcast("add", a, b)?;
    Ok(if a.dims() == b.dims() { a.add(b)? } else { a.broadcast_add(b)? })
}

/// `a * b`, element by element; shapes broadcast as in NumPy.
pub fn mul(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    broadcast("mul", a, b)?;
    Ok(if a.dims() == b.dims() { a.mul(b)? } else { a.broadcast_mul(b)? })
}

/// `factor * x`; `factor` must be finite.
pub fn scale(x: &Tensor, factor: f64) -> Result<Tensor> {
    if !factor.is_finite() {
        return Err(setting("scale", format!("the factor is {factor}; it has to be finite")));
    }
    Ok(x.affine(factor, 0.0)?)
}

/// `a b` for `a [..., m, k]` and `b [..., k, n]` with the same leading dimensions, as `[..., m, n]`.
///
/// Gradients to both arguments; for a weight use [`frozen_linear`](super::frozen_linear) or
/// [`trained_linear`](super::trained_linear).
pub fn matmul(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (rank, b_rank) = (a.rank(), b.rank());
    let fits = rank >= 2
        && rank == b_rank
        && a.dims()[..rank - 2] == b.dims()[..rank - 2]
        && a.dims()[rank - 1] == b.dims()[rank - 2];
    if !fits {
        return Err(shapes("matmul", a, b, "[..., m, k] and [..., k, n]"));
    }
    Ok(by_strides(a)?.matmul(&by_strides(b)?)?)
}

/// Elements `start..start + length` of dimension `dim`.
pub fn slice(x: &Tensor, dim: usize, start: usize, length: usize) -> Result<Tensor> {
    let size = size_of("slice", x, dim)?;
    if start.checked_add(length).is_none_or(|end| end > size) {
        let needs = format!("dimension {dim} to hold {length} elements from {start} on");
        return Err(shape("slice", x, needs));
    }
    Ok(x.narrow(dim, start, length)?)
}

/// Concatenates tensors along dimension `dim`; their other dimensions must be equal.
pub fn cat(tensors: &[&Tensor], dim: usize) -> Result<Tensor> {
    let Some((first, others)) = tensors.split_first() else {
        return Err(setting("cat", "there are no tensors; at least one is needed"));
    };
    size_of("cat", first, dim)?;
    for other in others {
        let differs = |(i, (a, b)): (usize, (&usize, &usize))| i != dim && a != b;
        if other.rank() != first.rank() || first.dims().iter().zip(other.dims()).enumerate().any(differs) {
            return Err(shapes(
                "cat",
                first,
                other,
                "shapes that are equal but for the dimension along which they join",
            ));
        }
    }
    Ok(Tensor::cat(tensors, dim)?)
}

/// The same elements in another shape.
pub fn reshape(x: &Tensor, dims: &[usize]) -> Result<Tensor> {
    let count = dims.iter().try_fold(1usize, |count, &dim| count.checked_mul(dim));
    if count != Some(x.elem_count()) {
        let needs = "as many elements before as after";
        return Err(TensorError::Shapes {
            op: "reshape",
            left: x.dims().to_vec(),
            right: dims.to_vec(),
            needs,
        });
    }
    Ok(x.reshape(dims)?)
}

/// Transposes dimensions `first` and `second`; a view.
pub fn transpose(x: &Tensor, first: usize, second: usize) -> Result<Tensor> {
    size_of("transpose", x, first)?;
    size_of("transpose", x, second)?;
    Ok(x.transpose(first, second)?)
}

/// `[batch, seq, heads * width]` as `[batch, heads, seq, width]`.
pub fn split_heads(x: &Tensor, heads: usize) -> Result<Tensor> {
    match x.dims() {
        &[batch, seq, width] if heads > 0 && width % heads == 0 => {
            let x = x.contiguous()?.reshape((batch, seq, heads, width / heads))?;
            Ok(x.apply_op1(SwapMiddle)?)
        }
        _ => Err(shape("split_heads", x, format!("[batch, seq, n] with n a multiple of {heads} heads"))),
    }
}

/// `[batch, heads, seq, width]` as `[batch, seq, heads * width]`.
pub fn merge_heads(x: &Tensor) -> Result<Tensor> {
    match x.dims() {
        &[batch, heads, seq, width] => {
            Ok(x.contiguous()?.apply_op1(SwapMiddle)?.reshape((batch, seq, heads * width))?)
        }
        _ => Err(shape("merge_heads", x, "[batch, heads, seq, width]")),
    }
}

/// Reduces dimension `dim`, which is removed.
pub fn reduce(x: &Tensor, dim: usize, reduction: Reduction) -> Result<Tensor> {
    let size = size_of("reduce", x, dim)?;
    match reduction {
        Reduction::Sum => Ok(x.sum(dim)?),
        Reduction::Mean if size == 0 => Err(shape("reduce", x, format!("dimension {dim} not to be empty"))),
        Reduction::Mean => Ok(x.sum(dim)?.affine(1.0 / size as f64, 0.0)?),
    }
}

fn size_of(op: &'static str, x: &Tensor, dim: usize) -> Result<usize> {
    x.dims().get(dim).copied().ok_or_else(|| shape(op, x, format!("a dimension {dim}")))
}

fn broadcast(op: &'static str, a: &Tensor, b: &Tensor) -> Result<()> {
    let mut pairs = a.dims().iter().rev().zip(b.dims().iter().rev());
    match pairs.all(|(&a, &b)| a == b || a == 1 || b == 1) {
        true => Ok(()),
        false => Err(shapes(op, a, b, "equal shapes, or shapes that broadcast")),
    }
}

/// A tensor whose batches are evenly spaced, as candle's product requires.
fn by_strides(x: &Tensor) -> Result<Tensor> {
    let (rank, transposed) = (x.rank(), x.t()?);
    Ok(if rank == 2 || x.is_contiguous() || transposed.is_contiguous() { x.clone() } else { x.contiguous()? })
}

/// Transposes the middle dimensions of `[a, b, c, d]` in memory; it is its own inverse and gradient.
struct SwapMiddle;

impl SwapMiddle {
    fn swap<T: Real>(x: &[T], [outer, left, right, width]: [usize; 4]) -> (Vec<T>, [usize; 4]) {
        let mut out = vec![T::zero(); x.len()];
        if width > 0 {
            for_rows(&mut out, width, |i, row| {
                let (batch, inner) = (i / (left * right), i % (left * right));
                let at = ((batch * left + inner % left) * right + inner / left) * width;
                row.copy_from_slice(&x[at..at + width]);
            });
        }
        (out, [outer, right, left, width])
    }
}

impl CustomOp1 for SwapMiddle {
    fn name(&self) -> &'static str {
        "heads"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        by_float!(storage.dtype(), self.name(), T => {
            let (outer, left, right, width) = layout.shape().dims4()?;
            let x = elements::<T>(storage, layout, self.name())?;
            let (out, dims) = SwapMiddle::swap(x, [outer, left, right, width]);
            Ok((store(out), Shape::from(&dims[..])))
        })
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let grad = grad.contiguous()?;
        let view = View::of(&grad);
        by_float!(grad.dtype(), self.name(), T => {
            let (outer, left, right, width) = grad.dims4()?;
            let (out, dims) = SwapMiddle::swap(view.elements::<T>(self.name())?, [outer, left, right, width]);
            Ok(Some(tensor(out, &dims[..])?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finite_difference::{assert_close, check, random};

    #[test]
    fn gradients_pass_through_every_operation() {
        let (x, y) = (random(&[2, 3, 8], 1), random(&[2, 3, 8], 2));
        check(&[&x, &y], |a| add(&a[0], &a[1]));
        check(&[&x, &y], |a| mul(&a[0], &a[1]));
        check(&[&x, &random(&[3, 1], 3)], |a| add(&a[0], &a[1]));
        check(&[&x, &random(&[8], 3)], |a| mul(&a[0], &a[1]));
        check(&[&x], |a| scale(&a[0], -1.5));
        check(&[&x, &y], |a| matmul(&a[0], &transpose(&a[1], 1, 2)?));
        check(&[&random(&[3, 2, 8], 1), &y], |a| matmul(&transpose(&a[0], 0, 1)?, &transpose(&a[1], 1, 2)?));
        check(&[&x], |a| slice(&a[0], 2, 1, 3));
        check(&[&x, &random(&[2, 1, 8], 3)], |a| cat(&[&a[0], &a[1]], 1));
        check(&[&x], |a| reshape(&a[0], &[4, 12]));
        check(&[&x], |a| split_heads(&a[0], 4));
        check(&[&random(&[2, 3, 5, 4], 1)], |a| merge_heads(&a[0]));
        check(&[&x], |a| reduce(&a[0], 1, Reduction::Sum));
        check(&[&x], |a| reduce(&a[0], 2, Reduction::Mean));
    }

    #[test]
    fn heads_are_split_as_reshape_and_transpose_would() -> Result<()> {
        let x = random(&[2, 5, 12], 1);
        let heads = split_heads(&x, 3)?;
        assert_close(&heads, &x.reshape((2, 5, 3, 4))?.transpose(1, 2)?.contiguous()?, 0.0);
        assert_close(&merge_heads(&heads)?, &x, 0.0);
        Ok(())
    }

    #[test]
    fn refusals_name_the_operation_and_the_shapes() {
        let (x, y) = (random(&[2, 3], 1), random(&[4, 3], 2));
        let refused = |result: Result<Tensor>, words: &[&str]| {
            let error = result.unwrap_err().to_string();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        };
        refused(add(&x, &y), &["`add`", "[2, 3]", "[4, 3]"]);
        refused(mul(&x, &y), &["`mul`", "[2, 3]", "[4, 3]"]);
        refused(matmul(&x, &y), &["`matmul`", "[2, 3]", "[4, 3]"]);
        refused(cat(&[&x, &y], 1), &["`cat`", "[2, 3]", "[4, 3]"]);
        refused(cat(&[], 0), &["`cat`"]);
        refused(reshape(&x, &[7]), &["`reshape`", "[2, 3]", "[7]"]);
        refused(slice(&x, 1, 2, 2), &["`slice`", "[2, 3]"]);
        refused(slice(&x, 1, usize::MAX, 2), &["`slice`"]);
        refused(transpose(&x, 0, 2), &["`transpose`", "[2, 3]"]);
        refused(split_heads(&random(&[1, 2, 7], 1), 2), &["`split_heads`", "[1, 2, 7]"]);
        refused(merge_heads(&x), &["`merge_heads`", "[2, 3]"]);
        refused(reduce(&x, 2, Reduction::Sum), &["`reduce`", "[2, 3]"]);
        refused(scale(&x, f64::NAN), &["`scale`", "NaN"]);
    }
}
