use codetune_tensor::{self as tensor, DropoutMask};

/// Identifies the dropout mask of a micro-batch, so that a resumed run or a recomputed block drops the same elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DropoutKey {
    /// The run's seed.
    pub seed: u64,
    /// The optimizer step.
    pub step: u64,
    /// The micro-batch within the step.
    pub micro_batch: u64,
}

impl DropoutKey {
    /// The mask of a module's adapter, with this many elements; determined by the key and the module.
    pub(super) fn mask(
        &self,
        module: &str,
        elements: usize,
        probability: f64,
    ) -> tensor::Result<DropoutMask> {
        let mut hash = blake3::Hasher::new_derive_key("codetune adapter dropout");
        for part in [self.seed, self.step, self.micro_batch] {
            hash.update(&part.to_le_bytes());
        }
        hash.update(module.as_bytes());
        DropoutMask::draw(elements, probability, *hash.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_follows_from_seed_step_batch_and_module() {
        let key = DropoutKey { seed: 1, step: 3, micro_batch: 0 };
        let mask = |key: DropoutKey, module| key.mask(module, 1000, 0.1).unwrap();
        assert_eq!(mask(key, "a"), mask(key, "a"));
        let others = [
            mask(DropoutKey { seed: 2, ..key }, "a"),
            mask(DropoutKey { step: 4, ..key }, "a"),
            mask(DropoutKey { micro_batch: 1, ..key }, "a"),
            mask(key, "b"),
        ];
        assert!(others.iter().all(|other| *other != mask(key, "a")));
    }
}
