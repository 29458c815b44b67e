//! Seeded random streams that depend only on names, never on order or threads.
//!
//! Based on blake3's extendable output, so draws never change with versions of random number crates.

/// A random stream for a purpose, seed and name.
pub(super) struct Draws(blake3::OutputReader);

impl Draws {
    /// Opens a stream; `purpose` separates uses of the same seed.
    pub(super) fn new(purpose: &str, seed: u64, name: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(purpose);
        hasher.update(&seed.to_le_bytes()).update(name);
        Self(hasher.finalize_xof())
    }

    /// The next 64 bits.
    pub(super) fn bits(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// Uniform in `[0, 1)`, with 53 bits.
    pub(super) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `0..=max`; the bias of the multiplication is below 2^-64 per value.
    pub(super) fn up_to(&mut self, max: usize) -> usize {
        ((u128::from(self.bits()) * (max as u128 + 1)) >> 64) as usize
    }
}
