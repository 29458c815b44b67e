//! Softmax over the last dimension.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};

use super::error::{Result, shape};
use super::kernel::{View, by_float, elements, for_rows, store, tensor};
use super::real::{Real, largest, sum_by};

/// `exp(x) / sum(exp(x))` over the last dimension, which must not be empty; gradient to `x`.
pub fn softmax(x: &Tensor) -> Result<Tensor> {
    match x.dims().last() {
        None | Some(0) => Err(shape("softmax", x, "a last dimension that is not empty")),
        Some(_) => Ok(x.contiguous()?.apply_op1(Softmax)?),
    }
}

/// Turns scores into probabilities in place: softmax of `scale * row`.
#[inline(always)]
pub(super) fn normalise<T: Real>(row: &mut [T], scale: T) {
    let top = largest(row);
    for value in row.iter_mut() {
        *value = ((*value - top) * scale).exponential();
    }
    let whole = sum_by(row.len(), |i| row[i]);
    let inverse = T::one() / whole;
    for value in row.iter_mut() {
        *value *= inverse;
    }
}

struct Softmax;

impl CustomOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let width = layout.dims().last().copied().unwrap_or(1);
        by_float!(storage.dtype(), self.name(), T => {
            let mut out = elements::<T>(storage, layout, self.name())?.to_vec();
            for_rows(&mut out, width, |_, row| normalise(row, 1.0));
            Ok((store(out), layout.shape().clone()))
        })
    }

    /// dx = y (grad - sum(grad y))
    fn bwd(&self, _: &Tensor, result: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let width = result.dims().last().copied().unwrap_or(1);
        let grad = grad.contiguous()?;
        let (result_view, grad_view) = (View::of(result), View::of(&grad));
        by_float!(result.dtype(), self.name(), T => {
            let ys = result_view.elements::<T>(self.name())?;
            let gs = grad_view.elements::<T>(self.name())?;
            let mut out = vec![0 as T; ys.len()];
            for_rows(&mut out, width, |i, out| {
                let (y, g) = (&ys[i * width..(i + 1) * width], &gs[i * width..(i + 1) * width]);
                let along = sum_by(width, |j| y[j] * g[j]);
                for ((out, &y), &g) in out.iter_mut().zip(y).zip(g) {
                    *out = y * (g - along);
                }
            });
            Ok(Some(tensor(out, result.shape())?))
        })
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{D, DType};

    use super::*;
    use crate::finite_difference::{assert_close, check, random};

    #[test]
    fn backward_agrees_with_finite_differences() {
        for shape in [vec![1], vec![3, 5], vec![2, 3, 67]] {
            check(&[&random(&shape, 1)], |a| softmax(&a[0]));
        }
    }

    #[test]
    fn forward_agrees_with_the_plain_formula_in_single_precision() -> Result<()> {
        let x = random(&[7, 133], 1).affine(8.0, 0.0)?.to_dtype(DType::F32)?;
        let exp = x.exp()?;
        assert_close(&softmax(&x)?, &exp.broadcast_div(&exp.sum_keepdim(D::Minus1)?)?, 1e-6);
        Ok(())
    }

    #[test]
    fn large_scores_do_not_overflow() -> Result<()> {
        let x = Tensor::new(&[1000f32, 1000.0, -1000.0], &candle_core::Device::Cpu)?;
        assert_eq!(softmax(&x)?.to_vec1::<f32>()?, [0.5, 0.5, 0.0]);
        Ok(())
    }

    #[test]
    fn refuses_an_empty_row() -> Result<()> {
        assert!(softmax(&Tensor::zeros((2, 0), DType::F32, &candle_core::Device::Cpu)?).is_err());
        Ok(())
    }
}
