//! Access to tensors as slices, and parallel loops over rows with vector instructions.

use candle_core::{CpuStorage, Error, Layout, Result, Shape, Storage, StorageRef, Tensor};
use rayon::prelude::*;

use super::real::Real;

/// Elements per task of a parallel loop: large compared with the cost of a task, small compared with a cache.
const TASK: usize = 16 * 1024;

/// Rows per partial sum of gradients; fixed, so that sums do not depend on the number of threads.
const PARTIAL_ROWS: usize = 64;

/// Runs `$body` with `$t` as the number type of `$dtype`, or rejects the type in the name of `$op`.
macro_rules! by_float {
    ($dtype:expr, $op:expr, $t:ident => $body:expr) => {
        match $dtype {
            candle_core::DType::F32 => {
                type $t = f32;
                $body
            }
            candle_core::DType::F64 => {
                type $t = f64;
                $body
            }
            other => Err(candle_core::Error::UnsupportedDTypeForOp(other, $op).bt()),
        }
    };
}
pub(super) use by_float;

/// The elements of a contiguous tensor's storage.
pub(super) fn elements<'a, T: Real>(
    storage: &'a CpuStorage,
    layout: &Layout,
    op: &'static str,
) -> Result<&'a [T]> {
    let (start, end) = layout.contiguous_offsets().ok_or(Error::RequiresContiguous { op })?;
    storage.as_slice::<T>()?.get(start..end).ok_or(Error::RequiresContiguous { op })
}

/// A tensor locked for reading.
pub(super) struct View<'a> {
    storage: StorageRef<'a>,
    layout: &'a Layout,
}

impl<'a> View<'a> {
    /// Locks `tensor` for reading.
    pub(super) fn of(tensor: &'a Tensor) -> Self {
        let (storage, layout) = tensor.storage_and_layout();
        View { storage, layout }
    }

    /// The storage, which must be on the CPU, and the layout.
    pub(super) fn storage(&self, op: &'static str) -> Result<(&CpuStorage, &'a Layout)> {
        match &*self.storage {
            Storage::Cpu(storage) => Ok((storage, self.layout)),
            _ => Err(Error::Msg(format!("{op}: only CPU tensors are supported; move the tensor to the CPU"))),
        }
    }

    /// The elements of a contiguous tensor.
    pub(super) fn elements<T: Real>(&self, op: &'static str) -> Result<&[T]> {
        let (storage, layout) = self.storage(op)?;
        elements(storage, layout, op)
    }
}

/// A new tensor on the CPU.
pub(super) fn tensor<T: Real>(values: Vec<T>, shape: impl Into<Shape>) -> Result<Tensor> {
    Tensor::from_vec(values, shape.into(), &candle_core::Device::Cpu)
}

/// The storage of a result.
pub(super) fn store<T: Real>(values: Vec<T>) -> CpuStorage {
    T::to_cpu_storage_owned(values)
}

/// Calls `work(index, row)` for each row of `out`; rows have `width` elements, the last may have fewer.
pub(super) fn for_rows<T: Real>(out: &mut [T], width: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    if out.is_empty() {
        return;
    }
    let per_task = (TASK / width).max(1);
    let run = |task: usize, rows: &mut [T]| {
        pulp::Arch::new().dispatch(|| {
            for (i, row) in rows.chunks_mut(width).enumerate() {
                work(task * per_task + i, row);
            }
        });
    };
    if out.len() <= TASK {
        run(0, out);
    } else {
        out.par_chunks_mut(per_task * width).enumerate().for_each(|(task, rows)| run(task, rows));
    }
}

/// Like [`for_rows`], with two outputs of the same shape.
pub(super) fn for_row_pairs<T: Real>(
    first: &mut [T],
    second: &mut [T],
    width: usize,
    work: impl Fn(usize, &mut [T], &mut [T]) + Sync,
) {
    if first.is_empty() {
        return;
    }
    let per_task = (TASK / width).max(1);
    first.par_chunks_mut(per_task * width).zip(second.par_chunks_mut(per_task * width)).enumerate().for_each(
        |(task, (a, b))| {
            pulp::Arch::new().dispatch(|| {
                for (i, (a, b)) in a.chunks_mut(width).zip(b.chunks_mut(width)).enumerate() {
                    work(task * per_task + i, a, b);
                }
            });
        },
    );
}

/// Calls `work(offset, part)` for consecutive parts of `out`.
pub(super) fn for_parts<T: Real>(out: &mut [T], work: impl Fn(usize, &mut [T]) + Sync) {
    const PART: usize = 4096;
    for_rows(out, PART, |index, part| work(index * PART, part));
}

/// Sums over `rows` rows what `work(row, sums)` adds to `width` sums, in an order that only depends on `rows`.
pub(super) fn sum_rows<T: Real>(rows: usize, width: usize, work: impl Fn(usize, &mut [T]) + Sync) -> Vec<T> {
    let partials: Vec<Vec<T>> = (0..rows.div_ceil(PARTIAL_ROWS))
        .into_par_iter()
        .map(|part| {
            let mut sums = vec![T::zero(); width];
            pulp::Arch::new().dispatch(|| {
                for row in part * PARTIAL_ROWS..rows.min((part + 1) * PARTIAL_ROWS) {
                    work(row, &mut sums);
                }
            });
            sums
        })
        .collect();
    let mut total = vec![T::zero(); width];
    for partial in partials {
        for (sum, value) in total.iter_mut().zip(partial) {
            *sum += value;
        }
    }
    total
}
