//! Rotary position embedding (Su et al., 2021), in Hugging Face's non-interleaved form.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, DType, Device, Layout, Shape, Tensor};

use super::error::{Result, setting, shapes};
use super::kernel::{View, by_float, elements, for_rows, store, tensor};
use super::real::Real;

/// Rotates the pairs (`x[i]`, `x[i + head_dim/2]`) of `x [batch, heads, seq, head_dim]`.
///
/// `cos` and `sin` are `[batch or 1, seq, head_dim/2]`, from [`rope_table`]; they are constants. The gradient to `x` is
/// the rotation by the opposite angle.
pub fn rope(x: &Tensor, cos: &Tensor, sin: &Tensor) -> Result<Tensor> {
    let fits = match (x.dims(), cos.dims()) {
        (&[batch, _, seq, width], &[batches, positions, half]) => {
            (batches == batch || batches == 1) && positions == seq && half * 2 == width
        }
        _ => false,
    };
    if !fits {
        return Err(shapes(
            "rope",
            x,
            cos,
            "x [batch, heads, seq, head_dim] and cos [batch or 1, seq, head_dim/2]",
        ));
    }
    if cos.dims() != sin.dims() {
        return Err(shapes("rope", cos, sin, "cos and sin of the same shape"));
    }
    if x.dtype() != cos.dtype() || x.dtype() != sin.dtype() {
        return Err(setting(
            "rope",
            format!("x is {:?} and the table is {:?}; they have to agree", x.dtype(), cos.dtype()),
        ));
    }
    let rotation = Rotation { cos: cos.detach().contiguous()?, sin: sin.detach().contiguous()? };
    Ok(x.contiguous()?.apply_op1(rotation)?)
}

/// Cosines and sines, each `[batch, seq, inverse_frequencies]`, of position times inverse frequency.
///
/// `positions` has `batch * seq` numbers. For `f32`, angles are rounded as in Hugging Face's rotary embedding, whose
/// inverse frequencies and angles are `f32`; for `f64`, nothing is rounded.
pub fn rope_table(
    positions: &[u32],
    batch: usize,
    seq: usize,
    inverse_frequencies: &[f64],
    dtype: DType,
) -> Result<(Tensor, Tensor)> {
    if batch.checked_mul(seq) != Some(positions.len()) {
        let message = format!("{} positions do not make [{batch}, {seq}]", positions.len());
        return Err(setting("rope_table", message));
    }
    let angles = positions.iter().flat_map(|&position| {
        inverse_frequencies.iter().map(move |&frequency| match dtype {
            DType::F32 => f64::from(frequency as f32 * position as f32),
            _ => frequency * f64::from(position),
        })
    });
    let (cos, sin): (Vec<f64>, Vec<f64>) = angles.map(|angle| (angle.cos(), angle.sin())).unzip();
    let shape = (batch, seq, inverse_frequencies.len());
    let table = |values| Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(dtype);
    Ok((table(cos)?, table(sin)?))
}

struct Rotation {
    cos: Tensor,
    sin: Tensor,
}

impl Rotation {
    /// Rotates by the angles of the table times `direction`, which is 1 or -1.
    fn rotate<T: Real>(&self, x: &[T], dims: &[usize], direction: T) -> candle_core::Result<Vec<T>> {
        let &[_, heads, seq, width] = dims else {
            return Err(candle_core::Error::RequiresContiguous { op: "rope" });
        };
        let (cos_view, sin_view) = (View::of(&self.cos), View::of(&self.sin));
        let (cos, sin) = (cos_view.elements::<T>("rope")?, sin_view.elements::<T>("rope")?);
        let half = width / 2;
        let shared = self.cos.dims().first() == Some(&1);
        let mut out = vec![T::zero(); x.len()];
        for_rows(&mut out, width, |i, out| {
            let batch = if shared { 0 } else { i / (heads * seq) };
            let at = (batch * seq + i % seq) * half;
            let (cos, sin) = (&cos[at..at + half], &sin[at..at + half]);
            let (low, high) = x[i * width..(i + 1) * width].split_at(half);
            let (out_low, out_high) = out.split_at_mut(half);
            for j in 0..half {
                let sin = sin[j] * direction;
                out_low[j] = low[j] * cos[j] - high[j] * sin;
                out_high[j] = high[j] * cos[j] + low[j] * sin;
            }
        });
        Ok(out)
    }
}

impl CustomOp1 for Rotation {
    fn name(&self) -> &'static str {
        "rope"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        by_float!(storage.dtype(), self.name(), T => {
            let x = elements::<T>(storage, layout, self.name())?;
            Ok((store(self.rotate(x, layout.dims(), 1.0)?), layout.shape().clone()))
        })
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let grad = grad.contiguous()?;
        let view = View::of(&grad);
        by_float!(x.dtype(), self.name(), T => {
            let grads = view.elements::<T>(self.name())?;
            Ok(Some(tensor(self.rotate(grads, x.dims(), -1.0)?, x.shape())?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finite_difference::{assert_close, check, random};

    fn table(positions: &[u32], batch: usize, half: usize, dtype: DType) -> (Tensor, Tensor) {
        let frequencies: Vec<f64> = (0..half).map(|i| 10_000f64.powf(-(i as f64) / half as f64)).collect();
        rope_table(positions, batch, positions.len() / batch, &frequencies, dtype).unwrap()
    }

    #[test]
    fn backward_agrees_with_finite_differences() {
        let (cos, sin) = table(&[0, 1, 2, 0, 1, 0, 5, 6, 7, 8], 2, 3, DType::F64);
        check(&[&random(&[2, 3, 5, 6], 1)], |a| rope(&a[0], &cos, &sin));
        let (cos, sin) = table(&[0, 1, 2, 3], 1, 1, DType::F64);
        check(&[&random(&[3, 1, 4, 2], 1)], |a| rope(&a[0], &cos, &sin));
    }

    #[test]
    fn agrees_with_rotate_half_in_single_precision() -> Result<()> {
        let positions: Vec<u32> = (0..9).chain(0..4).collect();
        let (cos, sin) = table(&positions, 1, 8, DType::F32);
        let x = random(&[2, 3, 13, 16], 1).to_dtype(DType::F32)?;
        let turned = Tensor::cat(&[x.narrow(3, 8, 8)?.neg()?, x.narrow(3, 0, 8)?], 3)?;
        let wide = |t: &Tensor| Tensor::cat(&[t, t], 2)?.unsqueeze(1);
        let expected = (x.broadcast_mul(&wide(&cos)?)? + turned.broadcast_mul(&wide(&sin)?)?)?;
        assert_close(&rope(&x, &cos, &sin)?, &expected, 1e-7);
        Ok(())
    }

    #[test]
    fn position_zero_is_the_identity_wherever_a_document_starts() -> Result<()> {
        let (cos, sin) = table(&[0, 1, 0], 1, 2, DType::F64);
        let x = random(&[1, 2, 3, 4], 1);
        let out = rope(&x, &cos, &sin)?;
        for start in [0, 2] {
            assert_close(&out.narrow(2, start, 1)?, &x.narrow(2, start, 1)?, 0.0);
        }
        Ok(())
    }

    #[test]
    fn refuses_tables_that_do_not_fit() {
        let (cos, sin) = table(&[0, 1], 1, 2, DType::F64);
        assert!(rope(&random(&[1, 1, 3, 4], 1), &cos, &sin).unwrap_err().to_string().contains("rope"));
        assert!(rope(&random(&[1, 1, 2, 5], 1), &cos, &sin).is_err());
        assert!(rope_table(&[0, 1, 2], 2, 2, &[1.0], DType::F32).is_err());
    }
}
