//! Causal grouped-query attention, probabilities recomputed in the backward pass (after Dao et al., 2022).

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::attention_mask::AttentionMask;
use super::error::{Result, setting, shapes};
use super::kernel::{View, by_float, store, tensor};
use super::matrix::{Matrix, Target, multiply};
use super::real::{Real, sum_by};
use super::softmax::normalise;

const OP: &str = "attention";

/// `softmax(scale q kᵀ) v` under `mask`, for `q [b, h, s, d]` and `k`, `v [b, kv, t, d]`, as `[b, h, s, d]`.
///
/// `h` is a multiple of `kv`, and query head `i` uses key head `i / (h / kv)`; keys and values are never repeated in
/// memory. Arguments may be strided views. Gradients to `q`, `k` and `v`.
pub fn attention(q: &Tensor, k: &Tensor, v: &Tensor, mask: &AttentionMask, scale: f64) -> Result<Tensor> {
    let (&[batch, heads, queries, width], &[k_batch, k_heads, keys, k_width]) = (q.dims(), k.dims()) else {
        return Err(shapes(OP, q, k, "q [b, h, s, d] and k [b, kv, t, d]"));
    };
    let divides = k_heads > 0 && heads % k_heads == 0;
    if batch != k_batch || width != k_width || !divides || q.elem_count() == 0 || keys == 0 {
        return Err(shapes(
            OP,
            q,
            k,
            "q [b, h, s, d] and k [b, kv, t, d], not empty, with h a multiple of kv",
        ));
    }
    if k.dims() != v.dims() {
        return Err(shapes(OP, k, v, "k and v of the same shape"));
    }
    if !(scale.is_finite() && scale > 0.0) {
        return Err(setting(OP, format!("scale is {scale}; it has to be a finite number above 0")));
    }
    mask.check(batch, queries, keys)?;
    let sizes = Sizes { batch, heads, groups: k_heads, queries, keys, width };
    Ok(q.apply_op3(k, v, Attention { mask: mask.clone(), scale, sizes })?)
}

#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    heads: usize,
    groups: usize,
    queries: usize,
    keys: usize,
    width: usize,
}

impl Sizes {
    /// Number of query rows processed at once, so that their scores stay in a core's cache. Depends only on the shapes.
    fn block(&self) -> usize {
        (128 * 1024 / self.keys).clamp(16, 64)
    }

    fn heads_per_group(&self) -> usize {
        self.heads / self.groups
    }
}

/// The heads of one argument, with any strides.
struct Heads<'a, T> {
    elements: &'a [T],
    dims: [usize; 4],
    strides: [usize; 4],
}

impl<'a, T: Real> Heads<'a, T> {
    fn new(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<Self> {
        let refused = || candle_core::Error::RequiresContiguous { op: OP };
        Ok(Heads {
            elements: storage.as_slice::<T>()?.get(layout.start_offset()..).ok_or_else(refused)?,
            dims: layout.dims().try_into().map_err(|_| refused())?,
            strides: layout.stride().try_into().map_err(|_| refused())?,
        })
    }

    fn head(&self, batch: usize, head: usize) -> Matrix<'a, T> {
        let ([_, _, rows, columns], [b, h, row, column]) = (self.dims, self.strides);
        Matrix::strided(&self.elements[batch * b + head * h..], rows, columns, row, column)
    }
}

struct Attention {
    mask: AttentionMask,
    scale: f64,
    sizes: Sizes,
}

impl Attention {
    /// Probabilities of the query rows `from..to` over the keys that any of them attends to; returns that range of
    /// keys.
    fn probabilities<T: Real>(
        &self,
        batch: usize,
        (from, to): (usize, usize),
        q: Matrix<'_, T>,
        k: Matrix<'_, T>,
        parallel: bool,
        scores: &mut Vec<T>,
    ) -> (usize, usize) {
        // Documents and windows only move forward, so the first and last rows bound the range.
        let (low, high) = (self.mask.keys(batch, from).0, self.mask.keys(batch, to - 1).1);
        let keys = high - low;
        scores.resize((to - from) * keys, T::zero());
        let (left, right) = (q.row_range(from, to), k.row_range(low, high).transposed());
        multiply(scores, keys, left, right, T::one(), Target::Overwrite, parallel);
        pulp::Arch::new().dispatch(|| {
            for (row, scores) in (from..to).zip(scores.chunks_mut(keys)) {
                let (start, end) = self.mask.keys(batch, row);
                let (before, rest) = scores.split_at_mut(start - low);
                let (seen, after) = rest.split_at_mut(end - start);
                before.fill(T::zero());
                after.fill(T::zero());
                normalise(seen, T::from_f64(self.scale));
            }
        });
        (low, high)
    }

    fn forward<T: Real>(&self, q: &Heads<'_, T>, k: &Heads<'_, T>, v: &Heads<'_, T>) -> Vec<T> {
        let Sizes { batch, heads, queries, width, .. } = self.sizes;
        let block = self.sizes.block();
        let mut out = vec![T::zero(); batch * heads * queries * width];
        let tasks: Vec<(usize, usize, &mut [T])> = out
            .chunks_mut(queries * width)
            .enumerate()
            .flat_map(|(head, rows)| {
                rows.chunks_mut(block * width).enumerate().map(move |(i, rows)| (head, i * block, rows))
            })
            .collect();
        let parallel = tasks.len() < rayon::current_num_threads();
        tasks.into_par_iter().for_each_init(Vec::new, |scores, (index, from, out)| {
            let (batch, head) = (index / heads, index % heads);
            let group = head / self.sizes.heads_per_group();
            let rows = (from, from + out.len() / width);
            let keys = k.head(batch, group);
            let (low, high) = self.probabilities(batch, rows, q.head(batch, head), keys, parallel, scores);
            let left = Matrix::new(scores, rows.1 - rows.0, high - low);
            let values = v.head(batch, group).row_range(low, high);
            multiply(out, width, left, values, T::one(), Target::Overwrite, parallel);
        });
        out
    }

    /// One task per key head, which owns the gradients of its keys, its values and the queries that use them.
    ///
    /// With P the probabilities, O the result and dO its gradient: dV = Pᵀ dO, dP = dO Vᵀ,
    /// dS = scale P (dP - rowsum(dO O)), dQ = dS K, dK = dSᵀ Q.
    fn backward<T: Real>(
        &self,
        [q, k, v]: [&Heads<'_, T>; 3],
        result: &Heads<'_, T>,
        grad: &Heads<'_, T>,
    ) -> [Vec<T>; 3] {
        let Sizes { batch, heads, groups, queries, keys, width } = self.sizes;
        let each = self.sizes.heads_per_group();
        let mut to_q = vec![T::zero(); batch * heads * queries * width];
        let mut to_k = vec![T::zero(); batch * groups * keys * width];
        let mut to_v = vec![T::zero(); batch * groups * keys * width];
        let parallel = batch * groups < rayon::current_num_threads();
        to_q.par_chunks_mut(each * queries * width)
            .zip(to_k.par_chunks_mut(keys * width))
            .zip(to_v.par_chunks_mut(keys * width))
            .enumerate()
            .for_each_init(
                || (Vec::new(), Vec::new()),
                |(scores, errors), (index, ((to_q, to_k), to_v))| {
                    let (batch, group) = (index / groups, index % groups);
                    let (k, v) = (k.head(batch, group), v.head(batch, group));
                    for (i, to_q) in to_q.chunks_mut(queries * width).enumerate() {
                        let head = group * each + i;
                        let one = OneHead {
                            q: q.head(batch, head),
                            k,
                            v,
                            result: result.head(batch, head),
                            grad: grad.head(batch, head),
                        };
                        self.backward_head(batch, &one, parallel, (scores, errors), (to_q, to_k, to_v));
                    }
                },
            );
        [to_q, to_k, to_v]
    }

    fn backward_head<T: Real>(
        &self,
        batch: usize,
        head: &OneHead<'_, T>,
        parallel: bool,
        (scores, errors): (&mut Vec<T>, &mut Vec<T>),
        (to_q, to_k, to_v): (&mut [T], &mut [T], &mut [T]),
    ) {
        let Sizes { queries, width, .. } = self.sizes;
        let (block, scale) = (self.sizes.block(), T::from_f64(self.scale));
        for from in (0..queries).step_by(block) {
            let to = queries.min(from + block);
            let (low, high) = self.probabilities(batch, (from, to), head.q, head.k, parallel, scores);
            let (rows, keys) = (to - from, high - low);
            let (grad, result) = (head.grad.row_range(from, to), head.result.row_range(from, to));
            let (k, v) = (head.k.row_range(low, high), head.v.row_range(low, high));
            let probabilities = Matrix::new(scores, rows, keys).transposed();
            let to_v = &mut to_v[low * width..high * width];
            multiply(to_v, width, probabilities, grad, T::one(), Target::Accumulate, parallel);
            errors.resize(rows * keys, T::zero());
            multiply(errors, keys, grad, v.transposed(), T::one(), Target::Overwrite, parallel);
            pulp::Arch::new().dispatch(|| {
                for (row, (errors, scores)) in errors.chunks_mut(keys).zip(scores.chunks(keys)).enumerate() {
                    let (grad, result) = (grad.row(row), result.row(row));
                    let along = sum_by(width, |i| grad[i] * result[i]);
                    for (error, &probability) in errors.iter_mut().zip(scores) {
                        *error = scale * probability * (*error - along);
                    }
                }
            });
            let error = Matrix::new(errors, rows, keys);
            let to_q = &mut to_q[from * width..to * width];
            multiply(to_q, width, error, k, T::one(), Target::Overwrite, parallel);
            let to_k = &mut to_k[low * width..high * width];
            let q = head.q.row_range(from, to);
            multiply(to_k, width, error.transposed(), q, T::one(), Target::Accumulate, parallel);
        }
    }
}

/// What the backward pass of one query head reads. The result and its gradient are contiguous.
struct OneHead<'a, T> {
    q: Matrix<'a, T>,
    k: Matrix<'a, T>,
    v: Matrix<'a, T>,
    result: Matrix<'a, T>,
    grad: Matrix<'a, T>,
}

impl CustomOp3 for Attention {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(
        &self,
        q: &CpuStorage,
        q_layout: &Layout,
        k: &CpuStorage,
        k_layout: &Layout,
        v: &CpuStorage,
        v_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        by_float!(q.dtype(), OP, T => {
            let (q, k, v) = (Heads::<T>::new(q, q_layout)?, Heads::new(k, k_layout)?, Heads::new(v, v_layout)?);
            Ok((store(self.forward(&q, &k, &v)), q_layout.shape().clone()))
        })
    }

    fn bwd(
        &self,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
        result: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (result, grad) = (result.contiguous()?, grad.contiguous()?);
        let views = [q, k, v, &result, &grad].map(View::of);
        by_float!(q.dtype(), OP, T => {
            let heads = |i: usize| views[i].storage(OP).and_then(|(storage, layout)| Heads::<T>::new(storage, layout));
            let (qs, ks, vs, results, grads) = (heads(0)?, heads(1)?, heads(2)?, heads(3)?, heads(4)?);
            let [to_q, to_k, to_v] = self.backward([&qs, &ks, &vs], &results, &grads);
            let wanted = |argument: &Tensor, values: Vec<T>| match argument.track_op() {
                true => tensor(values, argument.shape()).map(Some),
                false => Ok(None),
            };
            Ok((wanted(q, to_q)?, wanted(k, to_k)?, wanted(v, to_v)?))
        })
    }
}

#[cfg(test)]
mod tests;
