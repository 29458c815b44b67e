//! A frozen projection with a trained low-rank correction (LoRA; Hu et al., 2021).

use std::borrow::Cow;
use std::sync::OnceLock;

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, Layout, Shape, Tensor};

use super::dropout::DropoutMask;
use super::error::{Result, setting, shapes};
use super::kernel::{View, by_float, elements, store, tensor};
use super::linear::{check, output_shape, project};
use super::matrix::{Matrix, Target, multiply};
use super::real::Real;

/// `x weightᵀ + bias + scale (d(x) aᵀ) bᵀ` for `x [..., in]`, `weight [out, in]`, `a [rank, in]`, `b [out, rank]`,
/// where `d` is the dropout, if there is any, with a mask of as many elements as `x`.
///
/// Gradients to `x`, `a` and `b`; `weight` and `bias` are frozen, without the cost of a gradient. The correction is
/// accumulated into the projection, so no other tensor of the output's size is allocated.
pub fn lora_linear(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    a: &Tensor,
    b: &Tensor,
    scale: f64,
    dropout: Option<DropoutMask>,
) -> Result<Tensor> {
    check("lora_linear", x, weight, bias)?;
    let fits = match (weight.dims(), a.dims(), b.dims()) {
        (&[outputs, inputs], &[rank, a_inputs], &[b_outputs, b_rank]) => {
            rank == b_rank && inputs == a_inputs && outputs == b_outputs
        }
        _ => false,
    };
    if !fits {
        return Err(shapes("lora_linear", a, b, "a [rank, in] and b [out, rank] for the weight [out, in]"));
    }
    if !scale.is_finite() {
        return Err(setting("lora_linear", format!("scale is {scale}; it has to be finite")));
    }
    if let Some(mask) = dropout.as_ref().filter(|mask| mask.elements() != x.elem_count()) {
        let (mask, elements) = (mask.elements(), x.elem_count());
        return Err(setting("lora_linear", format!("the dropout has {mask} elements; x has {elements}")));
    }
    let bias = bias.map(|bias| bias.detach().contiguous()).transpose()?;
    let op = Lora { weight: weight.detach().contiguous()?, bias, scale, dropout, reduced: OnceLock::new() };
    Ok(x.contiguous()?.apply_op3(&a.contiguous()?, &b.contiguous()?, op)?)
}

struct Lora {
    weight: Tensor,
    bias: Option<Tensor>,
    scale: f64,
    dropout: Option<DropoutMask>,
    /// `d(x) aᵀ`, kept for the gradient of `b`.
    reduced: OnceLock<CpuStorage>,
}

impl Lora {
    fn forward<T: Real>(
        &self,
        x: &[T],
        dims: &[usize],
        a: &[T],
        b: &[T],
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (outputs, inputs) = self.weight.dims2()?;
        let rank = a.len().checked_div(inputs).unwrap_or(0);
        let (shape, rows) = output_shape(dims, outputs);
        let weight_view = View::of(&self.weight);
        let weight = Matrix::new(weight_view.elements::<T>("lora_linear")?, outputs, inputs);
        let bias_view = self.bias.as_ref().map(View::of);
        let bias = bias_view.as_ref().map(|view| view.elements::<T>("lora_linear")).transpose()?;
        let mut out = vec![T::zero(); rows * outputs];
        project(x, rows, weight, bias, &mut out);
        let mut reduced = vec![T::zero(); rows * rank];
        project(&self.dropped(x), rows, Matrix::new(a, rank, inputs), None, &mut reduced);
        let (left, right) = (Matrix::new(&reduced, rows, rank), Matrix::new(b, outputs, rank).transposed());
        multiply(&mut out, outputs, left, right, T::from_f64(self.scale), Target::Accumulate, true);
        // It can only be set already if the same operation ran on the same arguments.
        let _ = self.reduced.set(store(reduced));
        Ok((store(out), shape))
    }

    /// The input of the correction, recomputed in the backward pass, since the mask is smaller than the result.
    fn dropped<'x, T: Real>(&self, x: &'x [T]) -> Cow<'x, [T]> {
        self.dropout.as_ref().map_or(Cow::Borrowed(x), |mask| Cow::Owned(mask.of(x)))
    }

    /// With h = d(x) aᵀ and e = scale grad b: da = eᵀ d(x), db = scale gradᵀ h, dx = grad weight + d(e a), since
    /// dropout multiplies by constants.
    fn backward<T: Real>(
        &self,
        x: &Tensor,
        a: &Tensor,
        b: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        const OP: &str = "lora_linear";
        let (outputs, inputs) = self.weight.dims2()?;
        let rank = a.dims2()?.0;
        let (_, rows) = output_shape(x.dims(), outputs);
        let (x_view, a_view, b_view, grad_view) = (View::of(x), View::of(a), View::of(b), View::of(grad));
        let a_matrix = Matrix::new(a_view.elements::<T>(OP)?, rank, inputs);
        let b_matrix = Matrix::new(b_view.elements::<T>(OP)?, outputs, rank);
        let grads = Matrix::new(grad_view.elements::<T>(OP)?, rows, outputs);
        let scale = T::from_f64(self.scale);
        let mut error = vec![T::zero(); rows * rank];
        multiply(&mut error, rank, grads, b_matrix, scale, Target::Overwrite, true);
        let error = Matrix::new(&error, rows, rank);
        let (mut to_x, mut to_a, mut to_b) = (None, None, None);
        if x.track_op() {
            let weight_view = View::of(&self.weight);
            let weight = Matrix::new(weight_view.elements::<T>(OP)?, outputs, inputs);
            let mut out = vec![T::zero(); rows * inputs];
            multiply(&mut out, inputs, grads, weight, T::one(), Target::Overwrite, true);
            match &self.dropout {
                None => multiply(&mut out, inputs, error, a_matrix, T::one(), Target::Accumulate, true),
                Some(mask) => {
                    let mut correction = vec![T::zero(); rows * inputs];
                    multiply(&mut correction, inputs, error, a_matrix, T::one(), Target::Overwrite, true);
                    mask.accumulate(&mut out, &correction);
                }
            }
            to_x = Some(tensor(out, x.shape())?);
        }
        if a.track_op() {
            let seen = self.dropped(x_view.elements::<T>(OP)?);
            let xs = Matrix::new(&seen, rows, inputs);
            let mut out = vec![T::zero(); rank * inputs];
            multiply(&mut out, inputs, error.transposed(), xs, T::one(), Target::Overwrite, true);
            to_a = Some(tensor(out, a.shape())?);
        }
        if b.track_op() {
            let reduced = match self.reduced.get() {
                Some(reduced) => reduced.as_slice::<T>()?,
                None => return Err(candle_core::Error::BackwardNotSupported { op: OP }),
            };
            let mut out = vec![T::zero(); outputs * rank];
            let reduced = Matrix::new(reduced, rows, rank);
            multiply(&mut out, rank, grads.transposed(), reduced, scale, Target::Overwrite, true);
            to_b = Some(tensor(out, b.shape())?);
        }
        Ok((to_x, to_a, to_b))
    }
}

impl CustomOp3 for Lora {
    fn name(&self) -> &'static str {
        "lora_linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        by_float!(x.dtype(), self.name(), T => {
            let a = elements::<T>(a, a_layout, self.name())?;
            let b = elements::<T>(b, b_layout, self.name())?;
            self.forward(elements::<T>(x, x_layout, self.name())?, x_layout.dims(), a, b)
        })
    }

    fn bwd(
        &self,
        x: &Tensor,
        a: &Tensor,
        b: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        by_float!(x.dtype(), self.name(), T => self.backward::<T>(x, a, b, &grad))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Var};

    use super::*;
    use crate::finite_difference::{assert_close, check, check_threads, random};
    use crate::frozen_linear;

    #[test]
    fn backward_agrees_with_finite_differences() {
        for (shape, outputs, rank) in [(vec![1, 3], 2, 1), (vec![2, 5, 9], 7, 4), (vec![70, 17], 33, 16)] {
            let inputs = *shape.last().unwrap();
            let (x, w, bias) = (random(&shape, 1), random(&[outputs, inputs], 2), random(&[outputs], 3));
            let (a, b) = (random(&[rank, inputs], 4), random(&[outputs, rank], 5));
            check(&[&x, &a, &b], |v| lora_linear(&v[0], &w, None, &v[1], &v[2], 2.0, None));
            check(&[&x, &a, &b], |v| lora_linear(&v[0], &w, Some(&bias), &v[1], &v[2], 0.5, None));
            let mask = DropoutMask::draw(x.elem_count(), 0.3, [6; 32]).unwrap();
            check(&[&x, &a, &b], |v| {
                lora_linear(&v[0], &w, Some(&bias), &v[1], &v[2], 0.5, Some(mask.clone()))
            });
        }
    }

    #[test]
    fn forward_agrees_with_the_sum_of_its_parts_in_single_precision() -> Result<()> {
        let single = |shape: &[usize], seed| random(shape, seed).to_dtype(DType::F32).unwrap();
        let (x, w, bias) = (single(&[3, 5, 37], 1), single(&[11, 37], 2), single(&[11], 3));
        let (a, b) = (single(&[4, 37], 4), single(&[11, 4], 5));
        let correction = frozen_linear(&frozen_linear(&x, &a, None)?, &b, None)?.affine(2.0, 0.0)?;
        let expected = frozen_linear(&x, &w, Some(&bias))?.add(&correction)?;
        assert_close(&lora_linear(&x, &w, Some(&bias), &a, &b, 2.0, None)?, &expected, 5e-6);
        Ok(())
    }

    #[test]
    fn dropout_reaches_the_correction_alone() -> Result<()> {
        let (x, w) = (random(&[2, 5, 9], 1), random(&[7, 9], 2));
        let (a, b) = (random(&[4, 9], 3), random(&[7, 4], 4));
        let mask = DropoutMask::draw(x.elem_count(), 0.3, [6; 32])?;
        let dense = Tensor::from_vec(mask.of(&[1f64; 90]), x.shape(), x.device())?;
        let correction = frozen_linear(&frozen_linear(&x.mul(&dense)?, &a, None)?, &b, None)?;
        let expected = frozen_linear(&x, &w, None)?.add(&correction.affine(2.0, 0.0)?)?;
        assert_close(&lora_linear(&x, &w, None, &a, &b, 2.0, Some(mask))?, &expected, 1e-12);
        let other = DropoutMask::draw(89, 0.3, [6; 32])?;
        let error = lora_linear(&x, &w, None, &a, &b, 2.0, Some(other)).unwrap_err().to_string();
        assert!(error.contains("89") && error.contains("90"), "{error}");
        Ok(())
    }

    #[test]
    fn zero_b_leaves_the_frozen_projection_bit_for_bit() -> Result<()> {
        let (x, w, a) = (random(&[6, 5], 1), random(&[3, 5], 2), random(&[2, 5], 3));
        let b = Tensor::zeros((3, 2), DType::F64, x.device())?;
        assert_close(&lora_linear(&x, &w, None, &a, &b, 2.0, None)?, &frozen_linear(&x, &w, None)?, 0.0);
        Ok(())
    }

    #[test]
    fn frozen_weight_gets_no_gradient_even_when_it_is_a_variable() -> Result<()> {
        let (x, w) = (random(&[6, 5], 1), Var::from_tensor(&random(&[3, 5], 2))?);
        let (a, b) = (Var::from_tensor(&random(&[2, 5], 3))?, Var::from_tensor(&random(&[3, 2], 4))?);
        let grads = lora_linear(&x, &w, None, &a, &b, 1.0, None)?.sum_all()?.backward()?;
        assert!(grads.get(&w).is_none() && grads.get(&a).is_some() && grads.get(&b).is_some());
        Ok(())
    }

    #[test]
    fn bits_do_not_depend_on_threads() {
        check_threads(|| {
            let single = |shape: &[usize], seed| {
                Var::from_tensor(&random(shape, seed).to_dtype(DType::F32).unwrap()).unwrap()
            };
            let (x, w) = (single(&[300, 130], 1), single(&[140, 130], 2));
            let (a, b) = (single(&[16, 130], 3), single(&[140, 16], 4));
            let out = lora_linear(&x, &w, None, &a, &b, 2.0, None).unwrap();
            let grads = out.sqr().unwrap().sum_all().unwrap().backward().unwrap();
            [&x, &a, &b].iter().map(|v| grads.get(v).unwrap().clone()).chain([out]).collect()
        });
    }

    #[test]
    fn refuses_ranks_that_do_not_fit() {
        let (x, w) = (random(&[6, 5], 1), random(&[3, 5], 2));
        let error = lora_linear(&x, &w, None, &random(&[2, 5], 3), &random(&[3, 4], 4), 1.0, None)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("lora_linear") && error.contains("[2, 5]") && error.contains("[3, 4]"),
            "{error}"
        );
    }
}
