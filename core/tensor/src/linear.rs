//! Linear projections, trained or frozen.

use candle_core::{Layout, Shape, Tensor};

use super::error::{Result, shape, shapes};
use super::kernel::{View, by_float, for_rows, tensor};
use super::matrix::{Matrix, Target, multiply};
use super::real::Real;
use super::weighted::{Weighted, apply};

/// `x weightᵀ + bias` for `x [..., in]`, `weight [out, in]`, `bias [out]`; gradients to all arguments that need one.
pub fn trained_linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    check("linear", x, weight, bias)?;
    Ok(apply(Linear, x, weight, bias)?)
}

/// As [`trained_linear`], with a gradient to `x` only, even if the weight is a variable.
pub fn frozen_linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    trained_linear(x, &weight.detach(), bias.map(Tensor::detach).as_ref())
}

/// Rejects arguments that do not match `x [..., in]`, `weight [out, in]`, `bias [out]`.
pub(super) fn check(op: &'static str, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<()> {
    let &[outputs, inputs] = weight.dims() else {
        return Err(shape(op, weight, "a weight [out, in]"));
    };
    if x.dims().last() != Some(&inputs) {
        return Err(shapes(op, x, weight, "x [..., in] and weight [out, in]"));
    }
    match bias {
        Some(bias) if bias.dims() != [outputs] => {
            Err(shapes(op, weight, bias, "weight [out, in] and bias [out]"))
        }
        _ => Ok(()),
    }
}

/// `x weightᵀ + bias` over slices, `rows` rows of it.
pub(super) fn project<T: Real>(
    x: &[T],
    rows: usize,
    weight: Matrix<'_, T>,
    bias: Option<&[T]>,
    out: &mut [T],
) {
    let inputs = x.len().checked_div(rows).unwrap_or(0);
    let outputs = out.len().checked_div(rows).unwrap_or(0);
    if let Some(bias) = bias {
        for_rows(out, outputs.max(1), |_, row| row.copy_from_slice(bias));
    }
    let target = if bias.is_some() { Target::Accumulate } else { Target::Overwrite };
    multiply(out, outputs, Matrix::new(x, rows, inputs), weight.transposed(), T::one(), target, true);
}

/// The shape of `x` with another last dimension, and the number of rows.
pub(super) fn output_shape(x: &[usize], outputs: usize) -> (Shape, usize) {
    let mut dims = x.to_vec();
    dims.pop();
    let rows = dims.iter().product();
    dims.push(outputs);
    (Shape::from(dims), rows)
}

struct Linear;

impl Weighted for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn forward<T: Real>(
        &self,
        x: &[T],
        x_layout: &Layout,
        weight: &[T],
        weight_layout: &Layout,
        bias: Option<&[T]>,
    ) -> candle_core::Result<(Vec<T>, Shape)> {
        let (outputs, inputs) = weight_layout.shape().dims2()?;
        let (shape, rows) = output_shape(x_layout.dims(), outputs);
        let mut out = vec![T::zero(); rows * outputs];
        project(x, rows, Matrix::new(weight, outputs, inputs), bias, &mut out);
        Ok((out, shape))
    }

    fn backward(
        &self,
        x: &Tensor,
        weight: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let (outputs, inputs) = weight.dims2()?;
        let grad = grad.contiguous()?;
        let (x_view, weight_view, grad_view) = (View::of(x), View::of(weight), View::of(&grad));
        by_float!(x.dtype(), "linear", T => {
            let xs = x_view.elements::<T>("linear")?;
            let weights = Matrix::new(weight_view.elements::<T>("linear")?, outputs, inputs);
            let (_, rows) = output_shape(x.dims(), outputs);
            let grads = Matrix::new(grad_view.elements::<T>("linear")?, rows, outputs);
            let to_x = if x.track_op() {
                let mut out = vec![0 as T; xs.len()];
                multiply(&mut out, inputs, grads, weights, 1.0, Target::Overwrite, true);
                Some(tensor(out, x.shape())?)
            } else {
                None
            };
            let to_weight = if weight.track_op() {
                let mut out = vec![0 as T; outputs * inputs];
                let xs = Matrix::new(xs, rows, inputs);
                multiply(&mut out, inputs, grads.transposed(), xs, 1.0, Target::Overwrite, true);
                Some(tensor(out, weight.shape())?)
            } else {
                None
            };
            Ok((to_x, to_weight))
        })
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Var};

    use super::*;
    use crate::finite_difference::{assert_close, check, check_threads, random};

    #[test]
    fn backward_agrees_with_finite_differences() {
        for (shape, outputs) in [(vec![1, 3], 5), (vec![2, 7, 9], 4), (vec![131, 17], 33)] {
            let inputs = *shape.last().unwrap();
            let (x, w, b) = (random(&shape, 1), random(&[outputs, inputs], 2), random(&[outputs], 3));
            check(&[&x, &w], |a| trained_linear(&a[0], &a[1], None));
            check(&[&x, &w, &b], |a| trained_linear(&a[0], &a[1], Some(&a[2])));
            check(&[&x], |a| frozen_linear(&a[0], &w, Some(&b)));
        }
    }

    #[test]
    fn forward_agrees_with_candle_in_single_precision() -> Result<()> {
        let x = random(&[3, 5, 37], 1).to_dtype(DType::F32)?;
        let w = random(&[11, 37], 2).to_dtype(DType::F32)?;
        let b = random(&[11], 3).to_dtype(DType::F32)?;
        let expected = x.reshape((15, 37))?.matmul(&w.t()?)?.broadcast_add(&b)?.reshape((3, 5, 11))?;
        assert_close(&frozen_linear(&x, &w, Some(&b))?, &expected, 2e-6);
        assert_close(&trained_linear(&x, &w.t()?.contiguous()?.t()?, Some(&b))?, &expected, 2e-6);
        Ok(())
    }

    #[test]
    fn frozen_weight_and_bias_get_no_gradient_even_when_they_are_variables() -> Result<()> {
        let x = Var::from_tensor(&random(&[4, 3], 1))?;
        let (w, b) = (Var::from_tensor(&random(&[2, 3], 2))?, Var::from_tensor(&random(&[2], 3))?);
        let grads = frozen_linear(&x, &w, Some(&b))?.sum_all()?.backward()?;
        assert!(grads.get(&w).is_none() && grads.get(&b).is_none() && grads.get(&x).is_some());
        Ok(())
    }

    #[test]
    fn trained_weight_below_a_constant_input_gets_its_gradient() -> Result<()> {
        let (x, w) = (random(&[4, 3], 1), Var::from_tensor(&random(&[2, 3], 2))?);
        let grads = trained_linear(&x, &w, None)?.sum_all()?.backward()?;
        assert!(grads.get(&w).is_some() && grads.get(&x).is_none());
        Ok(())
    }

    #[test]
    fn bits_do_not_depend_on_threads() {
        check_threads(|| {
            let single = |t: Tensor| Var::from_tensor(&t.to_dtype(DType::F32).unwrap()).unwrap();
            let (x, w) = (single(random(&[301, 130], 1)), single(random(&[257, 130], 2)));
            let out = trained_linear(&x, &w, None).unwrap();
            let grads = out.sqr().unwrap().sum_all().unwrap().backward().unwrap();
            vec![out, grads.get(&x).unwrap().clone(), grads.get(&w).unwrap().clone()]
        });
    }

    #[test]
    fn refusal_names_the_operation_and_both_shapes() {
        let error = trained_linear(&random(&[2, 3], 1), &random(&[5, 4], 1), None).unwrap_err().to_string();
        assert!(error.contains("linear") && error.contains("[2, 3]") && error.contains("[5, 4]"), "{error}");
    }
}
