//! Operations with an input and a weight, and an optional bias that is added to every row of the result.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor};

use super::kernel::{View, by_float, elements, store, sum_rows, tensor};
use super::real::Real;

/// Such an operation; candle's side is derived from it.
pub(super) trait Weighted: Send + Sync + 'static {
    /// Its name in errors and graphs.
    fn name(&self) -> &'static str;

    /// The result and its shape, from contiguous slices.
    fn forward<T: Real>(
        &self,
        x: &[T],
        x_layout: &Layout,
        weight: &[T],
        weight_layout: &Layout,
        bias: Option<&[T]>,
    ) -> Result<(Vec<T>, Shape)>;

    /// The gradients to `x` and `weight`, each only if needed.
    fn backward(
        &self,
        x: &Tensor,
        weight: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)>;
}

/// Applies an operation to checked arguments, contiguous or not.
pub(super) fn apply(
    operation: impl Weighted,
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let (x, weight) = (x.contiguous()?, weight.contiguous()?);
    match bias {
        None => x.apply_op2(&weight, Operation(operation)),
        Some(bias) => x.apply_op3(&weight, &bias.contiguous()?, Operation(operation)),
    }
}

struct Operation<W>(W);

impl<W: Weighted> CustomOp2 for Operation<W> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let op = self.0.name();
        by_float!(x.dtype(), op, T => {
            let xs = elements::<T>(x, x_layout, op)?;
            let weights = elements::<T>(weight, weight_layout, op)?;
            let (out, shape) = self.0.forward(xs, x_layout, weights, weight_layout, None)?;
            Ok((store(out), shape))
        })
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        self.0.backward(x, weight, grad)
    }
}

impl<W: Weighted> CustomOp3 for Operation<W> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let op = self.0.name();
        by_float!(x.dtype(), op, T => {
            let xs = elements::<T>(x, x_layout, op)?;
            let weights = elements::<T>(weight, weight_layout, op)?;
            let bias = elements::<T>(bias, bias_layout, op)?;
            let (out, shape) = self.0.forward(xs, x_layout, weights, weight_layout, Some(bias))?;
            Ok((store(out), shape))
        })
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (to_x, to_weight) = self.0.backward(x, weight, grad)?;
        let to_bias = if bias.track_op() { Some(column_sums(grad, bias.shape())?) } else { None };
        Ok((to_x, to_weight, to_bias))
    }
}

/// Sums `grad [..., width]` over all dimensions except the last.
fn column_sums(grad: &Tensor, shape: &Shape) -> Result<Tensor> {
    let width = shape.elem_count();
    let grad = grad.contiguous()?;
    let view = View::of(&grad);
    by_float!(grad.dtype(), "column sums", T => {
        let grads = view.elements::<T>("column sums")?;
        let rows = grads.len().checked_div(width).unwrap_or(0);
        let sums = sum_rows(rows, width, |row, sums: &mut [T]| {
            for (sum, &g) in sums.iter_mut().zip(&grads[row * width..]) {
                *sum += g;
            }
        });
        tensor(sums, shape)
    })
}
