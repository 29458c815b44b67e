//! Seeded random streams that depend only on names, never on order or threads.

use std::f64::consts::TAU;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A random stream for a use, seed and name.
pub(super) fn stream(usage: &str, seed: u64, name: &str) -> ChaCha8Rng {
    let mut hash = blake3::Hasher::new_derive_key(usage);
    hash.update(&seed.to_le_bytes());
    hash.update(name.as_bytes());
    ChaCha8Rng::from_seed(*hash.finalize().as_bytes())
}

/// Normal numbers with mean 0, in pairs (Box and Muller, 1958).
pub(super) fn normal(rng: &mut ChaCha8Rng, count: usize, deviation: f64) -> Vec<f32> {
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        // The logarithm needs (0, 1], the generator gives [0, 1).
        let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt() * deviation;
        let (sin, cos) = (TAU * rng.random::<f64>()).sin_cos();
        values.extend([(radius * cos) as f32, (radius * sin) as f32]);
    }
    values.truncate(count);
    values
}
