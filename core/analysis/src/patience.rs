use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// An analyzer may run out of time on so many files, and on one more for each [`ANSWERS_PER_TIMEOUT`] that it
/// answered for.
const TIMEOUTS: usize = 8;

/// A file in a hundred may be too much for an analyzer that is worth waiting for.
const ANSWERS_PER_TIMEOUT: usize = 100;

/// What may be lost to time-outs at least. Beyond it an analyzer must have spent more time on answers.
const LOST: Duration = Duration::from_secs(60);

/// How long an analyzer is waited for in a run: one that loops, from the start or after some answers, costs
/// seconds or minutes and not hours.
#[derive(Debug, Default)]
pub(super) struct Patience {
    answers: AtomicUsize,
    timeouts: AtomicUsize,
    /// Milliseconds in calls that gave answers, and in calls that ran out of time.
    spent: AtomicU64,
    lost: AtomicU64,
}

impl Patience {
    /// Whether there was any answer yet.
    pub(super) fn has_answered(&self) -> bool {
        self.answers.load(Ordering::Relaxed) > 0
    }

    /// Counts a call that answered for so many files.
    pub(super) fn answered(&self, files: usize, took: Duration) {
        self.answers.fetch_add(files, Ordering::Relaxed);
        self.spent.fetch_add(millis(took), Ordering::Relaxed);
    }

    /// Counts a call that ran out of time, for one file `alone` or for a batch. Gives what was lost by now where
    /// that was too much.
    pub(super) fn timed_out(&self, took: Duration, alone: bool) -> Option<Duration> {
        let lost = self.lost.fetch_add(millis(took), Ordering::Relaxed).saturating_add(millis(took));
        let timeouts = self.timeouts.fetch_add(usize::from(alone), Ordering::Relaxed) + usize::from(alone);
        let allowed = TIMEOUTS + self.answers.load(Ordering::Relaxed) / ANSWERS_PER_TIMEOUT;
        let too_long = lost > millis(LOST) && lost > self.spent.load(Ordering::Relaxed);
        (timeouts >= allowed || (alone && too_long)).then(|| Duration::from_millis(lost))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn timeouts_until_given_up(patience: &Patience, took: Duration) -> usize {
        (1..1_000).find(|_| patience.timed_out(took, true).is_some()).unwrap()
    }

    #[test]
    fn one_answer_does_not_buy_endless_patience() {
        assert_eq!(timeouts_until_given_up(&Patience::default(), SECOND), 8);
        let patience = Patience::default();
        patience.answered(1, SECOND);
        assert_eq!(timeouts_until_given_up(&patience, SECOND), 8);
    }

    #[test]
    fn many_answers_buy_some_more() {
        let patience = Patience::default();
        patience.answered(2_000, 100 * SECOND);
        assert_eq!(timeouts_until_given_up(&patience, SECOND), 28);
    }

    #[test]
    fn time_lost_counts_as_well_as_files() {
        assert_eq!(timeouts_until_given_up(&Patience::default(), 600 * SECOND), 1);
        let patience = Patience::default();
        patience.answered(10_000, 1_000 * SECOND);
        assert_eq!(patience.timed_out(900 * SECOND, true), None);
        assert_eq!(patience.timed_out(200 * SECOND, false), None, "its files are asked about one by one");
        assert_eq!(patience.timed_out(SECOND, true), Some(1_101 * SECOND));
    }
}
