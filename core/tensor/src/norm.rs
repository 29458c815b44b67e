//! Normalization over the last dimension.

use candle_core::{Layout, Shape, Tensor};

use super::error::{Result, setting, shapes};
use super::kernel::{View, by_float, for_rows, sum_rows, tensor};
use super::real::{Real, sum_by};
use super::weighted::{Weighted, apply};

/// `weight * (x / sqrt(mean(x^2) + eps))` over the last dimension; `weight` is `[hidden]`.
///
/// Rounds in the same order as Hugging Face's `Qwen2RMSNorm`. Gradients to `x` and `weight`.
pub fn rms_norm(x: &Tensor, weight: &Tensor, eps: f64) -> Result<Tensor> {
    check("rms_norm", x, weight, eps)?;
    Ok(apply(Norm { name: "rms_norm", centred: false, eps }, x, weight, None)?)
}

/// `weight * (x - mean(x)) / sqrt(var(x) + eps) + bias` over the last dimension, with the biased variance.
///
/// `weight` and `bias` are `[hidden]`. Gradients to `x`, `weight` and `bias` (Ba, Kiros and Hinton, 2016).
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, eps: f64) -> Result<Tensor> {
    check("layer_norm", x, weight, eps)?;
    if let Some(bias) = bias.filter(|bias| bias.dims() != weight.dims()) {
        return Err(shapes("layer_norm", weight, bias, "a weight and a bias of the same shape"));
    }
    Ok(apply(Norm { name: "layer_norm", centred: true, eps }, x, weight, bias)?)
}

fn check(op: &'static str, x: &Tensor, weight: &Tensor, eps: f64) -> Result<()> {
    if x.rank() == 0
        || weight.rank() != 1
        || x.dims().last() != weight.dims().first()
        || weight.elem_count() == 0
    {
        return Err(shapes(op, x, weight, "x [..., hidden] and weight [hidden]"));
    }
    if !(eps.is_finite() && eps >= 0.0) {
        return Err(setting(op, format!("eps is {eps}; it has to be a finite number, 0 or more")));
    }
    Ok(())
}

struct Norm {
    name: &'static str,
    centred: bool,
    eps: f64,
}

impl Norm {
    /// Mean (0 if not centered) and reciprocal deviation of a row.
    #[inline(always)]
    fn statistics<T: Real>(&self, row: &[T]) -> (T, T) {
        let count = T::from_f64(row.len() as f64);
        let mean = if self.centred { sum_by(row.len(), |i| row[i]) / count } else { T::zero() };
        let variance = sum_by(row.len(), |i| (row[i] - mean) * (row[i] - mean)) / count;
        (mean, T::one() / (variance + T::from_f64(self.eps)).square_root())
    }

    /// With n = (x - mean) / deviation and h = grad * weight: dx = (h - mean(h) - n mean(h n)) / deviation, where
    /// mean(h) only counts if the row was centered.
    fn to_x<T: Real>(&self, x: &[T], weight: &[T], grad: &[T]) -> Vec<T> {
        let width = weight.len();
        let count = T::from_f64(width as f64);
        let mut out = vec![T::zero(); x.len()];
        for_rows(&mut out, width, |i, out| {
            let row = &x[i * width..(i + 1) * width];
            let g = &grad[i * width..(i + 1) * width];
            let weight = &weight[..width];
            let (mean, scale) = self.statistics(row);
            let along = sum_by(width, |j| g[j] * weight[j] * ((row[j] - mean) * scale)) / count;
            let shift = if self.centred { sum_by(width, |j| g[j] * weight[j]) / count } else { T::zero() };
            for (((out, &x), &g), &w) in out.iter_mut().zip(row).zip(g).zip(weight) {
                *out = scale * (g * w - shift - (x - mean) * scale * along);
            }
        });
        out
    }

    fn to_weight<T: Real>(&self, x: &[T], width: usize, grad: &[T]) -> Vec<T> {
        sum_rows(x.len() / width, width, |i, sums| {
            let row = &x[i * width..(i + 1) * width];
            let (mean, scale) = self.statistics(row);
            for ((sum, &x), &g) in sums.iter_mut().zip(row).zip(&grad[i * width..(i + 1) * width]) {
                *sum += g * ((x - mean) * scale);
            }
        })
    }
}

impl Weighted for Norm {
    fn name(&self) -> &'static str {
        self.name
    }

    fn forward<T: Real>(
        &self,
        x: &[T],
        x_layout: &Layout,
        weight: &[T],
        _: &Layout,
        bias: Option<&[T]>,
    ) -> candle_core::Result<(Vec<T>, Shape)> {
        let width = weight.len();
        let mut out = vec![T::zero(); x.len()];
        for_rows(&mut out, width, |i, out| {
            let row = &x[i * width..(i + 1) * width];
            let (mean, scale) = self.statistics(row);
            for ((out, &x), &w) in out.iter_mut().zip(row).zip(weight) {
                *out = w * ((x - mean) * scale);
            }
            if let Some(bias) = bias {
                for (out, &b) in out.iter_mut().zip(bias) {
                    *out += b;
                }
            }
        });
        Ok((out, x_layout.shape().clone()))
    }

    fn backward(
        &self,
        x: &Tensor,
        weight: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let (x_view, weight_view, grad_view) = (View::of(x), View::of(weight), View::of(&grad));
        by_float!(x.dtype(), self.name, T => {
            let xs = x_view.elements::<T>(self.name)?;
            let weights = weight_view.elements::<T>(self.name)?;
            let grads = grad_view.elements::<T>(self.name)?;
            let to_x = match x.track_op() {
                true => Some(tensor(self.to_x(xs, weights, grads), x.shape())?),
                false => None,
            };
            let to_weight = match weight.track_op() {
                true => Some(tensor(self.to_weight(xs, weights.len(), grads), weight.shape())?),
                false => None,
            };
            Ok((to_x, to_weight))
        })
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{D, DType, Var};

    use super::*;
    use crate::finite_difference::{assert_close, check, check_threads, random};

    #[test]
    fn backward_agrees_with_finite_differences() {
        for shape in [vec![1, 3], vec![2, 3, 33], vec![150, 7]] {
            let width = *shape.last().unwrap();
            let (x, w, b) = (random(&shape, 1), random(&[width], 2), random(&[width], 3));
            check(&[&x, &w], |a| rms_norm(&a[0], &a[1], 1e-6));
            check(&[&x, &w], |a| layer_norm(&a[0], &a[1], None, 1e-5));
            check(&[&x, &w, &b], |a| layer_norm(&a[0], &a[1], Some(&a[2]), 1e-5));
        }
    }

    #[test]
    fn forward_agrees_with_the_plain_formula_in_single_precision() -> Result<()> {
        let x = random(&[5, 97], 1).to_dtype(DType::F32)?;
        let w = random(&[97], 2).to_dtype(DType::F32)?;
        let deviation = (x.sqr()?.mean_keepdim(D::Minus1)? + 1e-6)?.sqrt()?;
        assert_close(&rms_norm(&x, &w, 1e-6)?, &x.broadcast_div(&deviation)?.broadcast_mul(&w)?, 1e-6);
        let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
        let deviation = (centred.sqr()?.mean_keepdim(D::Minus1)? + 1e-5)?.sqrt()?;
        let expected = centred.broadcast_div(&deviation)?.broadcast_mul(&w)?.broadcast_add(&w)?;
        assert_close(&layer_norm(&x, &w, Some(&w), 1e-5)?, &expected, 2e-6);
        Ok(())
    }

    #[test]
    fn frozen_weight_gets_no_gradient() -> Result<()> {
        let (x, w) = (Var::from_tensor(&random(&[4, 8], 1))?, random(&[8], 2));
        let grads = rms_norm(&x, &w, 1e-6)?.sum_all()?.backward()?;
        assert!(grads.get(&w).is_none() && grads.get(&x).is_some());
        Ok(())
    }

    #[test]
    fn bits_do_not_depend_on_threads() {
        check_threads(|| {
            let x = Var::from_tensor(&random(&[700, 65], 1).to_dtype(DType::F32).unwrap()).unwrap();
            let w = Var::from_tensor(&random(&[65], 2).to_dtype(DType::F32).unwrap()).unwrap();
            let out = rms_norm(&x, &w, 1e-6).unwrap();
            let grads = out.sqr().unwrap().sum_all().unwrap().backward().unwrap();
            vec![out, grads.get(&x).unwrap().clone(), grads.get(&w).unwrap().clone()]
        });
    }

    #[test]
    fn refuses_a_weight_of_another_width() {
        let error = rms_norm(&random(&[2, 3], 1), &random(&[4], 1), 1e-6).unwrap_err().to_string();
        assert!(error.contains("rms_norm") && error.contains("[2, 3]") && error.contains("[4]"), "{error}");
    }
}
