//! Learning rate schedules: linear warm-up, then decay.

use serde::Serialize;

/// The shape of the schedule after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleKind {
    /// Linear decay to 0.
    Linear,
    /// Cosine decay to 0.
    Cosine,
    /// Constant.
    Constant,
}

impl ScheduleKind {
    pub(super) const WORDS: [(&'static str, Self); 3] =
        [("linear", Self::Linear), ("cosine", Self::Cosine), ("constant", Self::Constant)];
}

/// The length of the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub enum Warmup {
    /// In steps.
    #[serde(rename = "warmup_steps")]
    Steps(u64),
    /// As a fraction of all steps, rounded up.
    #[serde(rename = "warmup_ratio")]
    Ratio(f64),
}

impl Warmup {
    /// The warm-up steps in a run of `total` steps, as in `TrainingArguments.get_warmup_steps` of transformers.
    pub fn steps(self, total: u64) -> u64 {
        match self {
            Self::Steps(steps) => steps,
            Self::Ratio(ratio) => (total as f64 * ratio).ceil() as u64,
        }
    }
}

/// The learning rate at each step, as in `get_linear_schedule_with_warmup`, `get_cosine_schedule_with_warmup`
/// and `get_constant_schedule_with_warmup` of transformers' `optimization.py`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// The shape after warm-up.
    pub kind: ScheduleKind,
    /// The peak learning rate.
    pub peak: f64,
    /// Steps of warm-up.
    pub warmup: u64,
    /// Total number of steps.
    pub total: u64,
}

impl Schedule {
    /// The learning rate of the update after `done` steps; 0 for the first.
    ///
    /// With `s` steps done, `w` warm-up steps and `t` total steps, the peak is multiplied by `s / max(1, w)` while `s <
    /// w`, then by 1, by `max(0, (t - s) / max(1, t - w))`, or by `max(0, (1 + cos(π p)) / 2)` with `p = (s - w) /
    /// max(1, t - w)`, which is `num_cycles = 0.5`.
    pub fn rate(&self, done: u64) -> f64 {
        if done < self.warmup {
            return self.peak * (done as f64 / self.warmup.max(1) as f64);
        }
        // Signed as in Python: a warm-up longer than the run leaves negative differences.
        let rest = (self.total as f64 - self.warmup as f64).max(1.0);
        self.peak
            * match self.kind {
                ScheduleKind::Constant => 1.0,
                ScheduleKind::Linear => ((self.total as f64 - done as f64) / rest).max(0.0),
                ScheduleKind::Cosine => {
                    let progress = (done as f64 - self.warmup as f64) / rest;
                    (0.5 * (1.0 + (std::f64::consts::PI * 0.5 * 2.0 * progress).cos())).max(0.0)
                }
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `optimizer.param_groups[0]["lr"]` holds before steps 0, 1, 2, … in transformers.
    fn rates(kind: ScheduleKind, warmup: u64, total: u64) -> Vec<f64> {
        let schedule = Schedule { kind, peak: 10.0, warmup, total };
        (0..total).map(|done| schedule.rate(done)).collect()
    }

    fn assert_close(given: &[f64], expected: &[f64]) {
        assert_eq!(given.len(), expected.len());
        for (given, expected) in given.iter().zip(expected) {
            assert!((given - expected).abs() < 1e-3, "{given} is not {expected}");
        }
    }

    // The expected values are those of transformers' own tests/optimization/test_optimization.py.

    #[test]
    fn linear_agrees_with_transformers() {
        let expected = [0.0, 5.0, 10.0, 8.75, 7.5, 6.25, 5.0, 3.75, 2.5, 1.25];
        assert_close(&rates(ScheduleKind::Linear, 2, 10), &expected);
    }

    #[test]
    fn cosine_agrees_with_transformers() {
        let expected = [0.0, 5.0, 10.0, 9.61, 8.53, 6.91, 5.0, 3.08, 1.46, 0.38];
        let given = rates(ScheduleKind::Cosine, 2, 10);
        for (given, expected) in given.iter().zip(expected) {
            assert!((given - expected).abs() < 1e-2, "{given} is not {expected}");
        }
    }

    #[test]
    fn constant_agrees_with_transformers() {
        let expected = [0.0, 2.5, 5.0, 7.5, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0];
        assert_close(&rates(ScheduleKind::Constant, 4, 10), &expected);
        assert_close(&rates(ScheduleKind::Constant, 0, 3), &[10.0; 3]);
    }

    #[test]
    fn a_ratio_of_the_steps_is_rounded_up() {
        // `math.ceil(num_training_steps * warmup_ratio)` in Python.
        for (ratio, total, steps) in [(0.0, 60, 0), (0.1, 60, 6), (0.03, 60, 2), (0.1, 61, 7), (1.0, 60, 60)]
        {
            assert_eq!(Warmup::Ratio(ratio).steps(total), steps, "{ratio} of {total}");
        }
        assert_eq!(Warmup::Steps(100).steps(60), 100);
    }

    #[test]
    fn a_warm_up_longer_than_the_run_never_reaches_the_peak() {
        assert_close(&rates(ScheduleKind::Linear, 100, 3), &[0.0, 0.1, 0.2]);
        assert_eq!(Schedule { kind: ScheduleKind::Linear, peak: 1.0, warmup: 2, total: 4 }.rate(9), 0.0);
    }
}
