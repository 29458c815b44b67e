//! AdamW updates, gradient norms and clipping.

use std::cell::RefCell;

use candle_core::{CpuStorage, Error, InplaceOp1, InplaceOp2, Layout, Tensor, Var};
use rayon::prelude::*;

use super::error::{Result, setting, shapes};
use super::kernel::{View, by_float, elements};
use super::real::{Real, sum_by};

/// Elements per task of an update or sum; fixed, so that sums do not depend on the number of threads.
const TASK: usize = 16 * 1024;

/// Settings of AdamW (Loshchilov and Hutter, 2019), named as in `torch.optim.AdamW`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the denominator.
    pub eps: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
}

impl Default for AdamW {
    fn default() -> Self {
        AdamW { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.01 }
    }
}

/// The moments of a parameter, updated in place by [`adamw_step`].
#[derive(Debug)]
pub struct Moments {
    first: Tensor,
    second: Tensor,
}

impl Moments {
    /// Zero moments for `parameter`.
    pub fn zeros(parameter: &Tensor) -> Result<Self> {
        Ok(Moments { first: parameter.zeros_like()?, second: parameter.zeros_like()? })
    }

    /// Moments from a checkpoint; the tensors are copied.
    pub fn from_tensors(first: &Tensor, second: &Tensor) -> Result<Self> {
        if first.dims() != second.dims() || first.dtype() != second.dtype() {
            return Err(shapes("adamw moments", first, second, "equal shapes and types"));
        }
        // The in-place update locks each storage, so each must be unique.
        Ok(Moments { first: own(first)?, second: own(second)? })
    }

    /// The first moment, `exp_avg` in torch. It changes with the next step; copy it to keep it.
    pub fn first(&self) -> &Tensor {
        &self.first
    }

    /// The second moment, `exp_avg_sq` in torch. It changes with the next step; copy it to keep it.
    pub fn second(&self) -> &Tensor {
        &self.second
    }
}

fn own(tensor: &Tensor) -> Result<Tensor> {
    Ok(tensor.detach().contiguous()?.copy()?)
}

/// Updates `parameter` and its moments in place, with the same rounding as `torch.optim.AdamW` on the CPU.
///
/// `step` counts from 1. All tensors have the shape and type of the parameter.
pub fn adamw_step(
    parameter: &Var,
    grad: &Tensor,
    moments: &mut Moments,
    settings: &AdamW,
    step: u64,
) -> Result<()> {
    if parameter.dims() != grad.dims() {
        return Err(shapes("adamw", parameter, grad, "a gradient of the parameter's shape"));
    }
    if parameter.dims() != moments.first.dims() {
        return Err(shapes("adamw", parameter, &moments.first, "moments of the parameter's shape"));
    }
    if parameter.dtype() != moments.first.dtype() || parameter.dtype() != grad.dtype() {
        let (a, b, c) = (parameter.dtype(), grad.dtype(), moments.first.dtype());
        let message = format!("parameter {a:?}, gradient {b:?} and moments {c:?} have to be of one type");
        return Err(setting("adamw", message));
    }
    if step == 0 {
        return Err(setting("adamw", "step is 0; steps count from 1"));
    }
    let grad = grad.contiguous()?;
    Ok(parameter.inplace_op2(&grad, &Update { moments, rates: Rates::new(settings, step) })?)
}

/// Euclidean norm over all gradients, in `f64` and in an order that only depends on the shapes.
pub fn global_norm(grads: &[Tensor]) -> Result<f64> {
    let mut total = 0f64;
    for grad in grads {
        let grad = grad.contiguous()?;
        let view = View::of(&grad);
        total +=
            by_float!(grad.dtype(), "global_norm", T => Ok(squares(view.elements::<T>("global_norm")?)))?;
    }
    Ok(total.sqrt())
}

/// Sum of squares.
fn squares<T: Real>(values: &[T]) -> f64 {
    let part = |part: &[T]| {
        pulp::Arch::new().dispatch(|| sum_by(part.len(), |i| part[i].to_f64() * part[i].to_f64()))
    };
    let parts: Vec<f64> = values.par_chunks(TASK).map(part).collect();
    parts.iter().sum()
}

/// Clips the gradients to a norm of at most `max_norm`, and returns their original norm.
///
/// As `torch.nn.utils.clip_grad_norm_`, the factor is `max_norm / (norm + 1e-6)`, at most 1. A norm that is not finite
/// is an error.
pub fn clip(grads: &mut [Tensor], max_norm: f64) -> Result<f64> {
    if !(max_norm.is_finite() && max_norm > 0.0) {
        return Err(setting("clip", format!("max_norm is {max_norm}; it has to be a finite number above 0")));
    }
    let norm = global_norm(grads)?;
    if !norm.is_finite() {
        let message = format!(
            "the norm of the gradients is {norm}; lower the learning rate or look at the data of this step"
        );
        return Err(setting("clip", message));
    }
    let factor = max_norm / (norm + 1e-6);
    if factor < 1.0 {
        for grad in grads {
            *grad = grad.affine(factor, 0.0)?;
        }
    }
    Ok(norm)
}

/// Derived settings of a step, computed in `f64` like torch's Python code, then rounded once.
struct Rates {
    keep: f64,
    first: f64,
    second_keep: f64,
    second: f64,
    step_size: f64,
    root_correction: f64,
    eps: f64,
}

impl Rates {
    fn new(settings: &AdamW, step: u64) -> Self {
        let correction = |beta: f64| 1.0 - beta.powf(step as f64);
        Rates {
            keep: 1.0 - settings.lr * settings.weight_decay,
            first: 1.0 - settings.beta1,
            second_keep: settings.beta2,
            second: 1.0 - settings.beta2,
            step_size: -(settings.lr / correction(settings.beta1)),
            root_correction: correction(settings.beta2).sqrt(),
            eps: settings.eps,
        }
    }

    /// `mul_`, `lerp_`, `mul_` and `addcmul_`, `sqrt`, `div`, `add_`, `addcdiv_`, in torch's order.
    #[inline(always)]
    fn apply<T: Real>(&self, parameter: &mut [T], grad: &[T], first: &mut [T], second: &mut [T]) {
        let of = T::from_f64;
        let (keep, rate1, keep2, rate2) =
            (of(self.keep), of(self.first), of(self.second_keep), of(self.second));
        let (step, root, eps) = (of(self.step_size), of(self.root_correction), of(self.eps));
        for (((p, &g), m), v) in parameter.iter_mut().zip(grad).zip(first).zip(second) {
            *p *= keep;
            // torch's lerp starts from the other end if the weight is at least one half.
            *m = if self.first < 0.5 { *m + rate1 * (g - *m) } else { g - (g - *m) * (T::one() - rate1) };
            *v = *v * keep2 + rate2 * g * g;
            let denominator = v.square_root() / root + eps;
            *p += step * *m / denominator;
        }
    }
}

struct Update<'a> {
    moments: &'a Moments,
    rates: Rates,
}

impl InplaceOp2 for Update<'_> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(
        &self,
        parameter: &mut CpuStorage,
        parameter_layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> candle_core::Result<()> {
        let dtype = self.moments.first.dtype();
        by_float!(dtype, "adamw", T => {
            let parameter = range::<T>(parameter, parameter_layout)?;
            let grad = elements::<T>(grad, grad_layout, "adamw")?;
            writing(&self.moments.first, &mut |first: &mut [T]| {
                writing(&self.moments.second, &mut |second: &mut [T]| {
                    parameter
                        .par_chunks_mut(TASK)
                        .zip(grad.par_chunks(TASK))
                        .zip(first.par_chunks_mut(TASK))
                        .zip(second.par_chunks_mut(TASK))
                        .for_each(|(((p, g), m), v)| pulp::Arch::new().dispatch(|| self.rates.apply(p, g, m, v)));
                    Ok(())
                })
            })
        })
    }
}

/// The elements of a contiguous storage, for writing.
fn range<'a, T: Real>(storage: &'a mut CpuStorage, layout: &Layout) -> candle_core::Result<&'a mut [T]> {
    let refused = || Error::RequiresContiguous { op: "adamw" };
    let (start, end) = layout.contiguous_offsets().ok_or_else(refused)?;
    T::elements_mut(storage).and_then(|elements| elements.get_mut(start..end)).ok_or_else(refused)
}

/// An action on the elements of a tensor.
type Action<'a, T> = &'a mut dyn FnMut(&mut [T]) -> candle_core::Result<()>;

/// Calls `action` with the elements of `tensor`, for writing.
fn writing<T: Real>(tensor: &Tensor, action: Action<'_, T>) -> candle_core::Result<()> {
    tensor.inplace_op1(&Writing(RefCell::new(action)))
}

struct Writing<'a, T>(RefCell<Action<'a, T>>);

impl<T: Real> InplaceOp1 for Writing<'_, T> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        (self.0.borrow_mut())(range::<T>(storage, layout)?)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;
    use crate::finite_difference::{assert_close, check_threads, random, values};

    /// torch's formula, one number in `f64`.
    fn reference(p: &mut f64, g: f64, m: &mut f64, v: &mut f64, s: &AdamW, step: i32) {
        *p *= 1.0 - s.lr * s.weight_decay;
        *m = s.beta1 * *m + (1.0 - s.beta1) * g;
        *v = s.beta2 * *v + (1.0 - s.beta2) * g * g;
        let m_hat = *m / (1.0 - s.beta1.powi(step));
        let v_hat = *v / (1.0 - s.beta2.powi(step));
        *p -= s.lr * m_hat / (v_hat.sqrt() + s.eps);
    }

    #[test]
    fn steps_follow_the_reference() -> Result<()> {
        let settings = AdamW { lr: 0.01, beta1: 0.8, beta2: 0.99, eps: 1e-8, weight_decay: 0.1 };
        for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 1e-6)] {
            let start = random(&[3, 7], 1);
            let parameter = Var::from_tensor(&start.to_dtype(dtype)?)?;
            let mut moments = Moments::zeros(&parameter)?;
            let (mut p, mut m, mut v) = (values(&start), vec![0.0; 21], vec![0.0; 21]);
            for step in 1..=5 {
                let grad = random(&[3, 7], 10 + step);
                adamw_step(&parameter, &grad.to_dtype(dtype)?, &mut moments, &settings, step)?;
                for (i, g) in values(&grad).into_iter().enumerate() {
                    reference(&mut p[i], g, &mut m[i], &mut v[i], &settings, step as i32);
                }
            }
            assert_close(&parameter, &Tensor::from_vec(p, (3, 7), &Device::Cpu)?, tolerance);
            assert_close(moments.first(), &Tensor::from_vec(m, (3, 7), &Device::Cpu)?, tolerance);
            assert_close(moments.second(), &Tensor::from_vec(v, (3, 7), &Device::Cpu)?, tolerance);
        }
        Ok(())
    }

    #[test]
    fn moments_restored_from_a_checkpoint_go_on_bit_for_bit() -> Result<()> {
        let start = random(&[40], 1).to_dtype(DType::F32)?;
        let grad = |step: u64| random(&[40], 5 + step).to_dtype(DType::F32).unwrap();
        let (settings, whole) = (AdamW::default(), Var::from_tensor(&start.copy()?)?);
        let mut moments = Moments::zeros(&whole)?;
        adamw_step(&whole, &grad(1), &mut moments, &settings, 1)?;
        let resumed = Var::from_tensor(&whole.copy()?)?;
        let mut restored = Moments::from_tensors(moments.first(), moments.second())?;
        adamw_step(&whole, &grad(2), &mut moments, &settings, 2)?;
        adamw_step(&resumed, &grad(2), &mut restored, &settings, 2)?;
        assert_eq!(whole.to_vec1::<f32>()?, resumed.to_vec1::<f32>()?);
        Ok(())
    }

    #[test]
    fn clipping_limits_the_norm_as_torch_does() -> Result<()> {
        let mut grads = [Tensor::new(&[3f64], &Device::Cpu)?, Tensor::new(&[0f64, 4.0], &Device::Cpu)?];
        assert_eq!(clip(&mut grads, 10.0)?, 5.0);
        assert_eq!(values(&grads[1]), [0.0, 4.0]);
        assert_eq!(clip(&mut grads, 1.0)?, 5.0);
        assert!((values(&grads[0])[0] - 3.0 / 5.000001).abs() < 1e-15);
        Ok(())
    }

    #[test]
    fn a_norm_that_is_not_finite_is_refused() -> Result<()> {
        let mut grads = [Tensor::new(&[f32::NAN], &Device::Cpu)?];
        assert!(clip(&mut grads, 1.0).unwrap_err().to_string().contains("NaN"));
        Ok(())
    }

    #[test]
    fn bits_do_not_depend_on_threads() {
        check_threads(|| {
            let parameter = Var::from_tensor(&random(&[40_000], 1).to_dtype(DType::F32).unwrap()).unwrap();
            let grad = random(&[40_000], 2).to_dtype(DType::F32).unwrap();
            let mut moments = Moments::zeros(&parameter).unwrap();
            adamw_step(&parameter, &grad, &mut moments, &AdamW::default(), 1).unwrap();
            let norm = global_norm(&[grad]).unwrap();
            vec![parameter.as_tensor().clone(), Tensor::new(norm, &Device::Cpu).unwrap()]
        });
    }

    #[test]
    fn refuses_step_zero_and_shapes_that_do_not_fit() -> Result<()> {
        let parameter = Var::from_tensor(&random(&[2], 1))?;
        let mut moments = Moments::zeros(&parameter)?;
        assert!(adamw_step(&parameter, &random(&[2], 1), &mut moments, &AdamW::default(), 0).is_err());
        assert!(adamw_step(&parameter, &random(&[3], 1), &mut moments, &AdamW::default(), 1).is_err());
        Ok(())
    }
}
