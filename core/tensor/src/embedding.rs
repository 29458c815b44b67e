//! Embedding lookup.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, DType, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::error::{Result, TensorError, setting, shape};
use super::kernel::{View, by_float, elements, for_rows, store, tensor};

/// Rows `ids` (`u32`, `[batch, seq]` or any other shape) of `weight [vocab, hidden]`, as `[batch, seq, hidden]`.
///
/// An id outside of the vocabulary is an error. Gradient to `weight` when it is trainable.
pub fn embedding(weight: &Tensor, ids: &Tensor) -> Result<Tensor> {
    let &[vocabulary, hidden] = weight.dims() else {
        return Err(shape("embedding", weight, "a weight [vocab, hidden]"));
    };
    if ids.dtype() != DType::U32 {
        return Err(setting("embedding", format!("ids are {:?}; they have to be U32", ids.dtype())));
    }
    let rows: Vec<u32> = ids.flatten_all()?.to_vec1()?;
    if let Some((position, &id)) = rows.iter().enumerate().find(|&(_, &id)| id as usize >= vocabulary) {
        return Err(TensorError::Index { op: "embedding", index: u64::from(id), position, size: vocabulary });
    }
    let mut shape = ids.dims().to_vec();
    shape.push(hidden);
    Ok(weight.contiguous()?.apply_op1(Embedding { rows, hidden, shape: Shape::from(shape) })?)
}

struct Embedding {
    rows: Vec<u32>,
    hidden: usize,
    shape: Shape,
}

impl CustomOp1 for Embedding {
    fn name(&self) -> &'static str {
        "embedding"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let hidden = self.hidden;
        by_float!(storage.dtype(), self.name(), T => {
            let weight = elements::<T>(storage, layout, self.name())?;
            let mut out = vec![0 as T; self.rows.len() * hidden];
            for_rows(&mut out, hidden, |i, row| {
                let at = self.rows[i] as usize * hidden;
                row.copy_from_slice(&weight[at..at + hidden]);
            });
            Ok((store(out), self.shape.clone()))
        })
    }

    /// Each task owns a range of the vocabulary, so every row is summed in the order of the tokens.
    fn bwd(&self, weight: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        const RANGES: usize = 16;
        let hidden = self.hidden;
        let grad = grad.contiguous()?;
        let view = View::of(&grad);
        by_float!(weight.dtype(), self.name(), T => {
            let grads = view.elements::<T>(self.name())?;
            let mut out = vec![0 as T; weight.elem_count()];
            let range = (weight.elem_count() / hidden.max(1)).div_ceil(RANGES).max(1);
            out.par_chunks_mut((range * hidden).max(1)).enumerate().for_each(|(task, out)| {
                let first = task * range;
                for (position, &id) in self.rows.iter().enumerate() {
                    let row = id as usize;
                    if row < first || row >= first + range {
                        continue;
                    }
                    let sums = &mut out[(row - first) * hidden..(row - first + 1) * hidden];
                    for (sum, &g) in sums.iter_mut().zip(&grads[position * hidden..]) {
                        *sum += g;
                    }
                }
            });
            Ok(Some(tensor(out, weight.shape())?))
        })
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::finite_difference::{assert_close, check, random};

    #[test]
    fn backward_agrees_with_finite_differences_when_ids_repeat() -> Result<()> {
        let ids = Tensor::new(&[[0u32, 4, 4], [16, 4, 0]], &Device::Cpu)?;
        check(&[&random(&[17, 3], 1)], |a| embedding(&a[0], &ids));
        Ok(())
    }

    #[test]
    fn agrees_with_index_select() -> Result<()> {
        let weight = random(&[9, 5], 1).to_dtype(DType::F32)?;
        let ids = Tensor::new(&[[8u32, 0], [3, 3]], &Device::Cpu)?;
        let expected = weight.index_select(&ids.flatten_all()?, 0)?.reshape((2, 2, 5))?;
        assert_close(&embedding(&weight, &ids)?, &expected, 0.0);
        Ok(())
    }

    #[test]
    fn an_id_outside_of_the_vocabulary_is_named() -> Result<()> {
        let ids = Tensor::new(&[[1u32, 9]], &Device::Cpu)?;
        let error = embedding(&random(&[9, 2], 1), &ids).unwrap_err();
        assert!(matches!(error, TensorError::Index { index: 9, position: 1, size: 9, .. }), "{error}");
        Ok(())
    }
}
