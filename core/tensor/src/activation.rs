//! Activation functions, each one pass forward and one pass backward.

use std::marker::PhantomData;

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Shape, Tensor};

use super::error::{Result, shapes};
use super::kernel::{View, by_float, elements, for_parts, for_row_pairs, store, tensor};
use super::real::Real;

/// The variant of the Gaussian error linear unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gelu {
    /// `0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`, Hugging Face's `gelu_pytorch_tanh`.
    Tanh,
    /// `0.5 x (1 + erf(x / sqrt 2))`, Hugging Face's `gelu`.
    Erf,
}

/// `x * sigmoid(x)`, element by element.
pub fn silu(x: &Tensor) -> Result<Tensor> {
    Ok(x.contiguous()?.apply_op1(Unary::<SiluCurve>(PhantomData))?)
}

/// The Gaussian error linear unit, element by element.
pub fn gelu(x: &Tensor, form: Gelu) -> Result<Tensor> {
    let x = x.contiguous()?;
    Ok(match form {
        Gelu::Tanh => x.apply_op1(Unary::<GeluTanhCurve>(PhantomData))?,
        Gelu::Erf => x.apply_op1(Unary::<GeluErfCurve>(PhantomData))?,
    })
}

/// `silu(gate) * up`, element by element over equal shapes; gradients to both (Shazeer, 2020).
pub fn swiglu(gate: &Tensor, up: &Tensor) -> Result<Tensor> {
    if gate.dims() != up.dims() {
        return Err(shapes("swiglu", gate, up, "equal shapes"));
    }
    Ok(gate.contiguous()?.apply_op2(&up.contiguous()?, Swiglu)?)
}

/// A scalar function with its derivative.
trait Curve: Send + Sync + 'static {
    const NAME: &'static str;
    fn value<T: Real>(x: T) -> T;
    fn slope<T: Real>(x: T) -> T;
}

struct SiluCurve;

impl Curve for SiluCurve {
    const NAME: &'static str = "silu";

    #[inline(always)]
    fn value<T: Real>(x: T) -> T {
        x * x.sigmoid()
    }

    #[inline(always)]
    fn slope<T: Real>(x: T) -> T {
        let s = x.sigmoid();
        s * (T::one() + x * (T::one() - s))
    }
}

struct GeluTanhCurve;

/// sqrt(2 / pi)
const ROOT_TWO_OVER_PI: f64 = 0.797_884_560_802_865_4;
const CUBIC: f64 = 0.044715;

impl Curve for GeluTanhCurve {
    const NAME: &'static str = "gelu";

    // 0.5 (1 + tanh u) = sigmoid(2u), which is accurate even if tanh u is close to -1.
    #[inline(always)]
    fn value<T: Real>(x: T) -> T {
        let twice = T::from_f64(2.0 * ROOT_TWO_OVER_PI) * (x + T::from_f64(CUBIC) * x * x * x);
        x * twice.sigmoid()
    }

    #[inline(always)]
    fn slope<T: Real>(x: T) -> T {
        let factor = T::from_f64(2.0 * ROOT_TWO_OVER_PI);
        let s = (factor * (x + T::from_f64(CUBIC) * x * x * x)).sigmoid();
        s + x * s * (T::one() - s) * factor * (T::one() + T::from_f64(3.0 * CUBIC) * x * x)
    }
}

struct GeluErfCurve;

impl Curve for GeluErfCurve {
    const NAME: &'static str = "gelu";

    #[inline(always)]
    fn value<T: Real>(x: T) -> T {
        T::from_f64(0.5)
            * x
            * (T::one() + (x * T::from_f64(std::f64::consts::FRAC_1_SQRT_2)).error_function())
    }

    #[inline(always)]
    fn slope<T: Real>(x: T) -> T {
        let half = T::from_f64(0.5);
        let below = half * (T::one() + (x * T::from_f64(std::f64::consts::FRAC_1_SQRT_2)).error_function());
        let density = T::from_f64(0.5 * ROOT_TWO_OVER_PI) * (-half * x * x).exponential();
        below + x * density
    }
}

struct Unary<C>(PhantomData<C>);

impl<C: Curve> CustomOp1 for Unary<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        by_float!(storage.dtype(), C::NAME, T => {
            let x = elements::<T>(storage, layout, C::NAME)?;
            let mut out = vec![0 as T; x.len()];
            for_parts(&mut out, |at, out| {
                for (out, &x) in out.iter_mut().zip(&x[at..]) {
                    *out = C::value(x);
                }
            });
            Ok((store(out), layout.shape().clone()))
        })
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let grad = grad.contiguous()?;
        let (x_view, grad_view) = (View::of(x), View::of(&grad));
        by_float!(x.dtype(), C::NAME, T => {
            let (xs, gs) = (x_view.elements::<T>(C::NAME)?, grad_view.elements::<T>(C::NAME)?);
            let mut out = vec![0 as T; xs.len()];
            for_parts(&mut out, |at, out| {
                for ((out, &x), &g) in out.iter_mut().zip(&xs[at..]).zip(&gs[at..]) {
                    *out = g * C::slope(x);
                }
            });
            Ok(Some(tensor(out, x.shape())?))
        })
    }
}

struct Swiglu;

impl CustomOp2 for Swiglu {
    fn name(&self) -> &'static str {
        "swiglu"
    }

    fn cpu_fwd(
        &self,
        gate: &CpuStorage,
        gate_layout: &Layout,
        up: &CpuStorage,
        up_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        by_float!(gate.dtype(), self.name(), T => {
            let gate = elements::<T>(gate, gate_layout, self.name())?;
            let up = elements::<T>(up, up_layout, self.name())?;
            let mut out = vec![0 as T; gate.len()];
            for_parts(&mut out, |at, out| {
                for ((out, &gate), &up) in out.iter_mut().zip(&gate[at..]).zip(&up[at..]) {
                    *out = SiluCurve::value(gate) * up;
                }
            });
            Ok((store(out), gate_layout.shape().clone()))
        })
    }

    fn bwd(
        &self,
        gate: &Tensor,
        up: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        const PART: usize = 4096;
        let grad = grad.contiguous()?;
        let (gate_view, up_view, grad_view) = (View::of(gate), View::of(up), View::of(&grad));
        by_float!(gate.dtype(), self.name(), T => {
            let gates = gate_view.elements::<T>(self.name())?;
            let ups = up_view.elements::<T>(self.name())?;
            let grads = grad_view.elements::<T>(self.name())?;
            let mut to_gate = vec![0 as T; gates.len()];
            let mut to_up = vec![0 as T; gates.len()];
            for_row_pairs(&mut to_gate, &mut to_up, PART, |part, to_gate, to_up| {
                let at = part * PART;
                let inputs = gates[at..].iter().zip(&ups[at..]).zip(&grads[at..]);
                for ((to_gate, to_up), ((&gate, &up), &g)) in to_gate.iter_mut().zip(to_up).zip(inputs) {
                    let s = gate.sigmoid();
                    *to_up = g * (gate * s);
                    *to_gate = g * up * (s * (1.0 + gate * (1.0 - s)));
                }
            });
            Ok((Some(tensor(to_gate, gate.shape())?), Some(tensor(to_up, up.shape())?)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finite_difference::{assert_close, check, random};

    #[test]
    fn backward_agrees_with_finite_differences() {
        for shape in [vec![7], vec![2, 3, 5], vec![5000]] {
            let x = random(&shape, 1);
            check(&[&x], |args| silu(&args[0]));
            check(&[&x], |args| gelu(&args[0], Gelu::Tanh));
            check(&[&x], |args| gelu(&args[0], Gelu::Erf));
            check(&[&x, &random(&shape, 2)], |args| swiglu(&args[0], &args[1]));
        }
    }

    #[test]
    fn forward_agrees_with_candle_in_single_precision() -> Result<()> {
        let x = random(&[3, 1001], 3).affine(4.0, 0.0)?.to_dtype(candle_core::DType::F32)?;
        assert_close(&silu(&x)?, &x.silu()?, 1e-6);
        assert_close(&gelu(&x, Gelu::Tanh)?, &x.gelu()?, 2e-5);
        assert_close(&gelu(&x, Gelu::Erf)?, &x.gelu_erf()?, 2e-6);
        assert_close(&swiglu(&x, &x)?, &x.silu()?.mul(&x)?, 1e-5);
        Ok(())
    }

    #[test]
    fn swiglu_reads_transposed_arguments() -> Result<()> {
        let (x, y) = (random(&[4, 6], 1), random(&[6, 4], 2));
        let got = swiglu(&x.t()?, &y)?;
        assert_close(&got, &x.t()?.contiguous()?.silu()?.mul(&y)?, 1e-12);
        Ok(())
    }

    #[test]
    fn swiglu_refuses_unequal_shapes_by_name() {
        let error = swiglu(&random(&[2, 3], 1), &random(&[3, 2], 1)).unwrap_err().to_string();
        assert!(error.contains("swiglu") && error.contains("[2, 3]") && error.contains("[3, 2]"), "{error}");
    }
}
