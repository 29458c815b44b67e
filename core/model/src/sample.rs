use std::collections::HashSet;

use codetune_validate::{Field, REPETITION_PENALTY, SEED, TEMPERATURE, TOP_K, TOP_P};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::error::{ModelError, Result};

/// How the next token is chosen from the logits, with the meaning that transformers gives each value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// Logits are divided by it; 0 takes the likeliest token always.
    pub temperature: f64,
    /// Only so many of the likeliest tokens are drawn from.
    pub top_k: Option<usize>,
    /// Only the likeliest tokens whose probabilities reach this sum are drawn from.
    pub top_p: Option<f64>,
    /// Logits of tokens that occurred are divided by it where positive and multiplied where negative; 1 is off.
    pub repetition_penalty: f64,
    /// Draws are the same for the same seed.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        let float = |field: Field| field.default_float().unwrap_or_default();
        Sampling {
            temperature: float(TEMPERATURE),
            top_k: None,
            top_p: None,
            repetition_penalty: float(REPETITION_PENALTY),
            seed: SEED.default_integer().unwrap_or_default().unsigned_abs(),
        }
    }
}

impl Sampling {
    pub(super) fn check(&self) -> Result<()> {
        let check = || {
            TEMPERATURE.check_float(self.temperature)?;
            self.top_k.map_or(Ok(0), |k| TOP_K.check_unsigned(k as u64))?;
            self.top_p.map_or(Ok(0.0), |p| TOP_P.check_float(p))?;
            REPETITION_PENALTY.check_float(self.repetition_penalty)?;
            SEED.check_unsigned(self.seed)
        };
        check().map(drop).map_err(ModelError::out_of_bounds)?;
        match self.temperature == 0.0 && (self.top_k.is_some() || self.top_p.is_some()) {
            true => Err(ModelError::Generation(
                "top_k and top_p change nothing at temperature 0, which takes the likeliest token always; set a \
                 temperature above 0, or leave them out"
                    .into(),
            )),
            false => Ok(()),
        }
    }

    /// Chooses a token; `seen` are those that occurred.
    pub(super) fn choose(&self, logits: &[f32], seen: &HashSet<u32>, rng: &mut ChaCha8Rng) -> Result<u32> {
        let mut scores: Vec<f64> = logits.iter().map(|logit| f64::from(*logit)).collect();
        let damaged = |score: &f64| score.is_nan() || *score == f64::INFINITY;
        if scores.is_empty() || scores.iter().any(damaged) {
            return Err(ModelError::Generation(
                "the model's logits are not numbers; its weights are damaged".into(),
            ));
        }
        for id in seen {
            if let Some(score) = scores.get_mut(*id as usize) {
                *score = if *score > 0.0 {
                    *score / self.repetition_penalty
                } else {
                    *score * self.repetition_penalty
                };
            }
        }
        let scores = (0u32..).zip(scores);
        if self.temperature == 0.0 {
            return Ok(scores.min_by(likelier).unwrap_or_default().0);
        }
        let mut scores: Vec<(u32, f64)> = scores.collect();
        if let Some(last) = self.top_k.map(|k| k.saturating_sub(1)).filter(|last| *last < scores.len()) {
            scores.select_nth_unstable_by(last, likelier);
            scores.truncate(last + 1);
        }
        scores.sort_unstable_by(likelier);
        let likeliest = scores.first().copied().unwrap_or_default();
        let weight = |score: f64| ((score - likeliest.1) / self.temperature).exp();
        let mut weights: Vec<(u32, f64)> =
            scores.into_iter().map(|(id, score)| (id, weight(score))).collect();
        if let Some(top_p) = self.top_p {
            let total: f64 = weights.iter().map(|(_, w)| w).sum();
            let mut before = 0.0;
            weights.retain(|(_, w)| {
                let keep = before < top_p * total;
                before += w;
                keep
            });
        }
        let total: f64 = weights.iter().map(|(_, w)| w).sum();
        let mut draw = rng.random::<f64>() * total;
        for (id, weight) in &weights {
            draw -= weight;
            if draw < 0.0 {
                return Ok(*id);
            }
        }
        Ok(weights.last().map_or(likeliest.0, |(id, _)| *id))
    }
}

/// The likeliest first; among equals the smaller id, so that the choice is the same everywhere.
fn likelier(a: &(u32, f64), b: &(u32, f64)) -> std::cmp::Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn draws(sampling: &Sampling, logits: &[f32], seen: &[u32]) -> HashSet<u32> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let seen = seen.iter().copied().collect();
        (0..500).map(|_| sampling.choose(logits, &seen, &mut rng).unwrap()).collect()
    }

    #[test]
    fn zero_temperature_takes_the_likeliest_and_the_first_of_equals() {
        assert_eq!(draws(&Sampling::default(), &[0.0, 2.0, 2.0], &[]), HashSet::from([1]));
    }

    #[test]
    fn top_k_and_top_p_narrow_the_choice() {
        let warm = Sampling { temperature: 1.0, ..Sampling::default() };
        let logits = [1.0, 1.1, 1.2, 0.9];
        assert_eq!(draws(&warm, &logits, &[]).len(), 4);
        assert_eq!(draws(&Sampling { top_k: Some(2), ..warm.clone() }, &logits, &[]), HashSet::from([1, 2]));
        assert_eq!(draws(&Sampling { top_p: Some(0.2), ..warm }, &logits, &[]), HashSet::from([2]));
    }

    #[test]
    fn repeated_tokens_are_penalised_on_either_side_of_zero() {
        let sampling = Sampling { repetition_penalty: 4.0, ..Sampling::default() };
        assert_eq!(draws(&sampling, &[2.0, 1.0], &[0]), HashSet::from([1]));
        assert_eq!(draws(&sampling, &[-1.0, -2.0], &[0]), HashSet::from([1]));
    }

    #[test]
    fn settings_out_of_bounds_are_refused() {
        let off = Sampling::default();
        for sampling in [
            Sampling { temperature: f64::NAN, ..off.clone() },
            Sampling { temperature: -1.0, ..off.clone() },
            Sampling { top_k: Some(0), temperature: 1.0, ..off.clone() },
            Sampling { temperature: 100.5, ..off.clone() },
            Sampling { top_p: Some(0.0), temperature: 1.0, ..off.clone() },
            Sampling { seed: u64::MAX, ..off.clone() },
            Sampling { repetition_penalty: 0.0, ..off },
        ] {
            assert!(matches!(sampling.check(), Err(ModelError::Generation(_))), "{sampling:?}");
        }
    }

    #[test]
    fn what_narrows_draws_is_refused_where_nothing_is_drawn() {
        for sampling in [
            Sampling { top_k: Some(40), ..Sampling::default() },
            Sampling { top_p: Some(0.9), ..Sampling::default() },
        ] {
            let error = sampling.check().unwrap_err().to_string();
            assert!(error.contains("change nothing at temperature 0"), "{error}");
            Sampling { temperature: 0.7, ..sampling }.check().unwrap();
        }
    }

    #[test]
    fn draws_are_those_of_the_whole_vocabulary_in_order() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        // Many equals, whose order is that of their ids.
        let logits: Vec<f32> = (0..2000).map(|_| (rng.random::<f32>() * 40.0).round() / 8.0).collect();
        let mut ordered: Vec<u32> = (0..2000).collect();
        ordered.sort_by(|a, b| logits[*b as usize].total_cmp(&logits[*a as usize]).then(a.cmp(b)));
        for k in [1, 2, 17, 1999, 2000, 5000] {
            let sampling = Sampling { temperature: 1.0, top_k: Some(k), ..Sampling::default() };
            let allowed: HashSet<u32> = ordered.iter().take(k).copied().collect();
            assert!(draws(&sampling, &logits, &[]).is_subset(&allowed), "{k}");
        }
        assert_eq!(draws(&Sampling::default(), &logits, &[]), HashSet::from([ordered[0]]));
    }
}
