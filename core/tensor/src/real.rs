//! The number types of kernels and their elementary functions.

use candle_core::{CpuStorage, WithDType};

/// A floating point type for kernels.
///
/// The `f32` functions are written so that compilers vectorize loops over them.
pub(super) trait Real: WithDType + std::ops::Neg<Output = Self> {
    /// Exponential; in `f32` within a relative error of 1e-7, or the spacing of subnormal results.
    fn exponential(self) -> Self;
    /// Square root, correctly rounded.
    fn square_root(self) -> Self;
    /// Natural logarithm.
    fn logarithm(self) -> Self;
    /// The error function.
    fn error_function(self) -> Self;
    /// The elements of a storage of this type.
    fn elements_mut(storage: &mut CpuStorage) -> Option<&mut [Self]>;

    /// The maximum; ignores NaN if one of them is.
    #[inline(always)]
    fn larger(self, other: Self) -> Self {
        if self > other { self } else { other }
    }

    /// 1 / (1 + e^-x)
    #[inline(always)]
    fn sigmoid(self) -> Self {
        Self::one() / (Self::one() + (-self).exponential())
    }
}

impl Real for f32 {
    /// Cody and Waite's reduction by ln 2 in two parts, then the polynomial of Cephes' `expf`.
    #[inline(always)]
    #[allow(clippy::excessive_precision)]
    fn exponential(self) -> f32 {
        // Adding this leaves the nearest integer in the low bits of the mantissa.
        const ROUND: f32 = 12_582_912.0;
        const LN2_HIGH: f32 = 0.693_359_375;
        const LN2_LOW: f32 = -2.121_944_40e-4;
        let x = if self < -104.0 { -104.0 } else { self };
        let x = if x > 89.0 { 89.0 } else { x };
        let shifted = x * std::f32::consts::LOG2_E + ROUND;
        let power = shifted - ROUND;
        let exponent = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
        let r = x - power * LN2_HIGH - power * LN2_LOW;
        let mut p = 1.987_569_150_0e-4f32;
        p = p * r + 1.398_199_950_7e-3;
        p = p * r + 8.333_451_907_3e-3;
        p = p * r + 4.166_579_589_4e-2;
        p = p * r + 1.666_666_545_9e-1;
        p = p * r + 5.000_000_120_1e-1;
        let y = p * (r * r) + r + 1.0;
        // Two factors, since neither 2^128 nor 2^-149 is a normal number.
        let half = exponent >> 1;
        let first = f32::from_bits((half.wrapping_add(127) as u32) << 23);
        let second = f32::from_bits((exponent.wrapping_sub(half).wrapping_add(127) as u32) << 23);
        y * first * second
    }

    #[inline(always)]
    fn square_root(self) -> f32 {
        self.sqrt()
    }

    #[inline(always)]
    fn logarithm(self) -> f32 {
        self.ln()
    }

    #[inline(always)]
    fn error_function(self) -> f32 {
        candle_core::cpu::erf::erf_f64(f64::from(self)) as f32
    }

    fn elements_mut(storage: &mut CpuStorage) -> Option<&mut [f32]> {
        match storage {
            CpuStorage::F32(elements) => Some(elements),
            _ => None,
        }
    }
}

impl Real for f64 {
    #[inline(always)]
    fn exponential(self) -> f64 {
        self.exp()
    }

    #[inline(always)]
    fn square_root(self) -> f64 {
        self.sqrt()
    }

    #[inline(always)]
    fn logarithm(self) -> f64 {
        self.ln()
    }

    #[inline(always)]
    fn error_function(self) -> f64 {
        candle_core::cpu::erf::erf_f64(self)
    }

    fn elements_mut(storage: &mut CpuStorage) -> Option<&mut [f64]> {
        match storage {
            CpuStorage::F64(elements) => Some(elements),
            _ => None,
        }
    }
}

/// Number of partial sums in a reduction: two AVX-512 registers of `f32`, so that additions overlap.
const LANES: usize = 32;

/// Reduces `lanes` to one number, always in the same order.
#[inline(always)]
fn fold<T: Real>(mut lanes: [T; LANES]) -> T {
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// Sum of `f(i)` for `i` in `0..length`, with a fixed order of additions.
#[inline(always)]
pub(super) fn sum_by<T: Real>(length: usize, f: impl Fn(usize) -> T) -> T {
    let mut lanes = [T::zero(); LANES];
    let whole = length / LANES * LANES;
    let mut at = 0;
    while at < whole {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += f(at + lane);
        }
        at += LANES;
    }
    for (lane, i) in (whole..length).enumerate() {
        lanes[lane] += f(i);
    }
    fold(lanes)
}

/// Largest element; negative infinity for an empty slice. NaNs are ignored.
#[inline(always)]
pub(super) fn largest<T: Real>(values: &[T]) -> T {
    let mut lanes = [T::from_f64(f64::NEG_INFINITY); LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane = value.larger(*lane);
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(rest) {
        *lane = value.larger(*lane);
    }
    lanes.iter().fold(T::from_f64(f64::NEG_INFINITY), |best, &lane| lane.larger(best))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_is_within_1e_7_of_the_exact_value() {
        let mut worst = 0f64;
        for i in -870_000..=887_000 {
            let x = i as f32 * 1e-4 + 3e-6;
            let exact = f64::from(x).exp();
            worst = worst.max(((f64::from(x.exponential()) - exact) / exact).abs());
        }
        assert!(worst < 1e-7, "worst relative error {worst:e}");
    }

    #[test]
    fn exponential_keeps_the_limits() {
        assert_eq!(0f32.exponential(), 1.0);
        assert_eq!(f32::NEG_INFINITY.exponential(), 0.0);
        assert_eq!((-200f32).exponential(), 0.0);
        assert_eq!(100f32.exponential(), f32::INFINITY);
        assert_eq!(f32::INFINITY.exponential(), f32::INFINITY);
        assert!(f32::NAN.exponential().is_nan());
    }

    #[test]
    fn sums_and_maxima_cover_remainders() {
        for n in [0usize, 1, 31, 32, 33, 100] {
            let values: Vec<f64> = (0..n).map(|i| i as f64).collect();
            assert_eq!(sum_by(n, |i| values[i]), (0..n).sum::<usize>() as f64);
            let expected = if n == 0 { f64::NEG_INFINITY } else { (n - 1) as f64 };
            assert_eq!(largest(&values), expected);
        }
    }
}
