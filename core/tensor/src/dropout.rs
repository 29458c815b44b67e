use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::error::{Result, setting};
use super::kernel::for_parts;
use super::real::Real;

/// Elements per word of a mask.
const WORD: usize = 64;

/// Words drawn from one random stream, so that masks can be drawn in parallel, independent of the number of cores.
const STREAM: usize = 64;

/// A dropout mask: which elements are set to zero, and the scale of the others that preserves the mean (Srivastava et
/// al., 2014, scaled during training as in PyTorch). It takes one bit per element.
#[derive(Debug, Clone, PartialEq)]
pub struct DropoutMask {
    /// A set bit keeps its element; the lowest bit of the first word is the first element.
    words: Vec<u64>,
    elements: usize,
    kept: f64,
}

impl DropoutMask {
    /// Drops each element with `probability`. The same key gives the same mask on all machines.
    ///
    /// # Errors
    /// The probability is not in `[0, 1)`.
    pub fn draw(elements: usize, probability: f64, key: [u8; 32]) -> Result<Self> {
        if !(0.0..1.0).contains(&probability) {
            return Err(setting(
                "dropout",
                format!("the probability is {probability}; it has to be from 0 to below 1"),
            ));
        }
        let dropped = (probability * 2f64.powi(32)) as u32;
        let mut words = vec![0u64; elements.div_ceil(WORD)];
        words.par_chunks_mut(STREAM).enumerate().for_each(|(stream, words)| {
            let mut random = ChaCha8Rng::from_seed(key);
            random.set_stream(stream as u64);
            let mut draws = [0u32; WORD];
            for word in words {
                random.fill(&mut draws);
                *word = draws.iter().rev().fold(0, |bits, draw| bits << 1 | u64::from(*draw >= dropped));
            }
        });
        Ok(DropoutMask { words, elements, kept: 1.0 / (1.0 - probability) })
    }

    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// `values` with the mask applied. Both have as many elements as the mask.
    pub(super) fn of<T: Real>(&self, values: &[T]) -> Vec<T> {
        let mut out = vec![T::zero(); values.len()];
        self.each(&mut out, values, |_, masked| masked);
        out
    }

    /// Adds `values` with the mask applied to `out`.
    pub(super) fn accumulate<T: Real>(&self, out: &mut [T], values: &[T]) {
        self.each(out, values, |before, masked| before + masked);
    }

    fn each<T: Real>(&self, out: &mut [T], values: &[T], combine: impl Fn(T, T) -> T + Sync) {
        let kept = T::from_f64(self.kept);
        for_parts(out, |offset, part| {
            // Parts start at multiples of a word's elements.
            let words = self.words.iter().skip(offset / WORD);
            let values = values.get(offset..).unwrap_or_default();
            for ((out, values), word) in part.chunks_mut(WORD).zip(values.chunks(WORD)).zip(words) {
                for (i, (out, value)) in out.iter_mut().zip(values).enumerate() {
                    let masked = if word >> i & 1 == 1 { *value * kept } else { T::zero() };
                    *out = combine(*out, masked);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finite_difference::check_threads;
    use candle_core::{Device, Tensor};

    fn masked(elements: usize, probability: f64, key: u8) -> Vec<f64> {
        DropoutMask::draw(elements, probability, [key; 32]).unwrap().of(&vec![1.0; elements])
    }

    #[test]
    fn the_asked_share_is_dropped_and_the_mean_stays() {
        let values = masked(100_001, 0.25, 1);
        let zeros = values.iter().filter(|v| **v == 0.0).count();
        // Five standard deviations of the binomial distribution.
        assert!((24_315..=25_685).contains(&zeros), "{zeros}");
        assert!(values.iter().all(|v| *v == 0.0 || (*v - 1.0 / 0.75).abs() < 1e-12));
        assert!(masked(1000, 0.0, 1).iter().all(|v| *v == 1.0));
    }

    #[test]
    fn neither_places_nor_keys_repeat_each_other() {
        let values = masked(3 * STREAM * WORD, 0.5, 1);
        for length in [WORD, STREAM * WORD] {
            let parts: Vec<&[f64]> = values.chunks(length).collect();
            assert!(parts.iter().enumerate().all(|(i, part)| !parts[..i].contains(part)), "{length}");
        }
        assert_ne!(values, masked(3 * STREAM * WORD, 0.5, 2));
    }

    #[test]
    fn bits_do_not_depend_on_threads() {
        check_threads(|| {
            let values = masked(100_000, 0.1, 3);
            let length = values.len();
            vec![Tensor::from_vec(values, length, &Device::Cpu).unwrap()]
        });
    }

    #[test]
    fn a_dropped_element_that_is_no_number_is_zero() {
        let values = DropoutMask::draw(1000, 0.5, [1; 32]).unwrap().of(&[f64::NAN; 1000]);
        assert!(values.contains(&0.0));
    }

    #[test]
    fn refuses_what_is_no_probability() {
        for probability in [-0.1, 1.0, f64::NAN] {
            let error = DropoutMask::draw(1, probability, [0; 32]).unwrap_err().to_string();
            assert!(error.contains("from 0 to below 1"), "{error}");
        }
    }
}
