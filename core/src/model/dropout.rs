use candle_core::{DType, Device, Tensor};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::error::Result;
use crate::tensor;

/// Names the random mask of one micro-batch, so that a resumed run, or a block computed again, drops the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DropoutKey {
    /// The run's seed.
    pub seed: u64,
    /// The optimizer step.
    pub step: u64,
    /// The micro-batch within the step.
    pub micro_batch: u64,
}

/// Sets elements of `x` to zero with this `probability` and scales the others so that the mean stays. The mask
/// follows from the key and the module alone.
pub(super) fn dropout(x: &Tensor, probability: f64, key: &DropoutKey, module: &str) -> Result<Tensor> {
    let mut hash = blake3::Hasher::new_derive_key("codetune adapter dropout");
    for part in [key.seed, key.step, key.micro_batch] {
        hash.update(&part.to_le_bytes());
    }
    hash.update(module.as_bytes());
    let mut rng = ChaCha8Rng::from_seed(*hash.finalize().as_bytes());
    let dropped = (probability * f64::from(u32::MAX)) as u32;
    let kept = (1.0 / (1.0 - probability)) as f32;
    let draw = || if rng.random::<u32>() < dropped { 0.0 } else { kept };
    let mask: Vec<f32> = std::iter::repeat_with(draw).take(x.elem_count()).collect();
    let mask = Tensor::from_vec(mask, x.shape(), &Device::Cpu)?;
    let mask = if x.dtype() == DType::F32 { mask } else { mask.to_dtype(x.dtype())? };
    Ok(tensor::mul(x, &mask)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(step: u64, module: &str, probability: f64) -> Vec<f32> {
        let x = Tensor::ones((10, 1000), DType::F32, &Device::Cpu).unwrap();
        let key = DropoutKey { seed: 1, step, micro_batch: 0 };
        dropout(&x, probability, &key, module).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn the_mask_follows_from_step_and_module() {
        assert_eq!(masked(3, "a", 0.1), masked(3, "a", 0.1));
        assert_ne!(masked(3, "a", 0.1), masked(4, "a", 0.1));
        assert_ne!(masked(3, "a", 0.1), masked(3, "b", 0.1));
    }

    #[test]
    fn the_asked_share_is_dropped_and_the_mean_stays() {
        let values = masked(1, "a", 0.25);
        let zeros = values.iter().filter(|v| **v == 0.0).count();
        assert!((2300..2700).contains(&zeros), "{zeros}");
        assert!(values.iter().all(|v| *v == 0.0 || (*v - 1.0 / 0.75).abs() < 1e-6));
    }
}
