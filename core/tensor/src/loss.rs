//! Cross entropy of next-token predictions.

use std::sync::OnceLock;

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, DType, Layout, Shape, Tensor};

use super::error::{Result, TensorError, setting, shape, shapes};
use super::kernel::{View, by_float, elements, for_rows, store, tensor};
use super::real::{Real, largest, sum_by};

/// The target of a position without a label.
pub const IGNORE: u32 = u32::MAX;

/// Cross entropy over the labels of a micro-batch.
#[derive(Clone, Debug)]
pub struct CrossEntropy {
    /// Sum of the losses of all labels, in nats; a scalar of the logits' type.
    pub sum: Tensor,
    /// Number of labels.
    pub labels: usize,
}

/// Sums `-log softmax(logits)[target]` over the rows of `logits [n, vocab]` whose target (`u32`, `[n]`) is not
/// [`IGNORE`].
///
/// A target outside of the vocabulary is an error. The backward pass allocates nothing of the logits' size except the
/// gradient.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<CrossEntropy> {
    let &[rows, vocabulary] = logits.dims() else {
        return Err(shape("cross_entropy", logits, "logits [n, vocab]"));
    };
    if targets.dims() != [rows] || vocabulary == 0 {
        return Err(shapes("cross_entropy", logits, targets, "logits [n, vocab] and targets [n]"));
    }
    if targets.dtype() != DType::U32 {
        return Err(setting(
            "cross_entropy",
            format!("targets are {:?}; they have to be U32", targets.dtype()),
        ));
    }
    let targets: Vec<u32> = targets.to_vec1()?;
    let outside = |&(_, &target): &(usize, &u32)| target != IGNORE && target as usize >= vocabulary;
    if let Some((position, &target)) = targets.iter().enumerate().find(outside) {
        return Err(TensorError::Index {
            op: "cross_entropy",
            index: u64::from(target),
            position,
            size: vocabulary,
        });
    }
    let labels = targets.iter().filter(|&&target| target != IGNORE).count();
    let sum = logits.contiguous()?.apply_op1(Loss { targets, statistics: OnceLock::new() })?;
    Ok(CrossEntropy { sum, labels })
}

struct Loss {
    targets: Vec<u32>,
    /// For each row, the largest logit and the sum of exponentials relative to it, both kept for the backward pass.
    statistics: OnceLock<CpuStorage>,
}

impl Loss {
    fn forward<T: Real>(&self, logits: &[T], vocabulary: usize) -> T {
        let mut statistics = vec![T::zero(); 2 * self.targets.len()];
        // A few rows per task: a row of logits is long.
        const ROWS: usize = 4;
        for_long_rows(&mut statistics, 2 * ROWS, |task, pairs| {
            for (i, pair) in pairs.chunks_mut(2).enumerate() {
                let row_index = task * ROWS + i;
                if self.targets[row_index] == IGNORE {
                    continue;
                }
                let row = &logits[row_index * vocabulary..(row_index + 1) * vocabulary];
                let top = largest(row);
                pair[0] = top;
                pair[1] = sum_by(row.len(), |j| (row[j] - top).exponential());
            }
        });
        let mut sum = 0f64;
        for (i, &target) in self.targets.iter().enumerate() {
            if target != IGNORE {
                let label = logits[i * vocabulary + target as usize];
                sum += (statistics[2 * i] - label + statistics[2 * i + 1].logarithm()).to_f64();
            }
        }
        // It can only be set already if the same operation ran on the same arguments.
        let _ = self.statistics.set(store(statistics));
        T::from_f64(sum)
    }

    /// dlogits = grad (softmax(logits) - onehot(target)), and zero without a label.
    fn backward<T: Real>(&self, logits: &[T], vocabulary: usize, grad: T, statistics: &[T]) -> Vec<T> {
        let mut out = vec![T::zero(); logits.len()];
        for_rows(&mut out, vocabulary, |i, out| {
            if self.targets[i] == IGNORE {
                return;
            }
            let (top, factor) = (statistics[2 * i], grad / statistics[2 * i + 1]);
            for (out, &logit) in out.iter_mut().zip(&logits[i * vocabulary..]) {
                *out = (logit - top).exponential() * factor;
            }
            out[self.targets[i] as usize] -= grad;
        });
        out
    }
}

/// Calls `work(task, part)` for parts of `out` that each take much work.
fn for_long_rows<T: Real>(out: &mut [T], part: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    use rayon::prelude::*;
    out.par_chunks_mut(part)
        .enumerate()
        .for_each(|(task, part)| pulp::Arch::new().dispatch(|| work(task, part)));
}

impl CustomOp1 for Loss {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (_, vocabulary) = layout.shape().dims2()?;
        by_float!(storage.dtype(), self.name(), T => {
            let sum = self.forward(elements::<T>(storage, layout, self.name())?, vocabulary);
            Ok((store(vec![sum]), Shape::from(())))
        })
    }

    fn bwd(&self, logits: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let (_, vocabulary) = logits.dims2()?;
        let Some(statistics) = self.statistics.get() else {
            return Err(candle_core::Error::BackwardNotSupported { op: self.name() });
        };
        let view = View::of(logits);
        by_float!(logits.dtype(), self.name(), T => {
            let grad = grad.to_scalar::<T>()?;
            let values = view.elements::<T>(self.name())?;
            Ok(Some(tensor(self.backward(values, vocabulary, grad, statistics.as_slice::<T>()?), logits.shape())?))
        })
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::finite_difference::{check, check_threads, random};

    fn ids(values: &[u32]) -> Tensor {
        Tensor::new(values, &Device::Cpu).unwrap()
    }

    #[test]
    fn backward_agrees_with_finite_differences_with_ignored_targets() {
        for (targets, vocabulary) in [(vec![0u32], 3), (vec![4, IGNORE, 0, 32], 33), (vec![IGNORE; 2], 5)] {
            let logits = random(&[targets.len(), vocabulary], 1);
            check(&[&logits], |a| Ok(cross_entropy(&a[0], &ids(&targets))?.sum));
        }
    }

    #[test]
    fn equals_the_plain_formula_and_counts_labels() -> Result<()> {
        let logits = random(&[3, 70], 1).to_dtype(DType::F32)?;
        let got = cross_entropy(&logits, &ids(&[69, IGNORE, 2]))?;
        let rows: Vec<Vec<f32>> = logits.to_vec2()?;
        let plain = |row: &[f32], t: usize| {
            row.iter().map(|&x| f64::from(x).exp()).sum::<f64>().ln() - f64::from(row[t])
        };
        let expected = plain(&rows[0], 69) + plain(&rows[2], 2);
        assert_eq!(got.labels, 2);
        assert!((f64::from(got.sum.to_scalar::<f32>()?) - expected).abs() < 2e-6 * expected);
        Ok(())
    }

    #[test]
    fn huge_logits_stay_finite() -> Result<()> {
        let logits = Var::from_tensor(&Tensor::new(&[[1e4f32, -1e4, 0.0]], &Device::Cpu)?)?;
        let loss = cross_entropy(&logits, &ids(&[1]))?;
        assert_eq!(loss.sum.to_scalar::<f32>()?, 2e4);
        let grads = loss.sum.backward()?;
        assert_eq!(grads.get(&logits).unwrap().to_vec2::<f32>()?, [[1.0, -1.0, 0.0]]);
        Ok(())
    }

    #[test]
    fn bits_do_not_depend_on_threads() {
        check_threads(|| {
            let logits = Var::from_tensor(&random(&[50, 701], 1).to_dtype(DType::F32).unwrap()).unwrap();
            let targets: Vec<u32> = (0..50).map(|i| if i % 7 == 0 { IGNORE } else { i * 13 }).collect();
            let loss = cross_entropy(&logits, &ids(&targets)).unwrap().sum;
            let grads = loss.backward().unwrap();
            vec![loss, grads.get(&logits).unwrap().clone()]
        });
    }

    #[test]
    fn refuses_targets_outside_of_the_vocabulary_and_other_lengths() {
        let logits = random(&[2, 3], 1);
        let error = cross_entropy(&logits, &ids(&[0, 3])).unwrap_err();
        assert!(matches!(error, TensorError::Index { index: 3, position: 1, size: 3, .. }), "{error}");
        assert!(cross_entropy(&logits, &ids(&[0])).unwrap_err().to_string().contains("[1]"));
    }
}
