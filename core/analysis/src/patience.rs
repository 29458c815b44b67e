use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// The number of timeouts after which an analyzer is aborted, plus one for each [`ANSWERS_PER_TIMEOUT`] files analyzed.
const TIMEOUTS: usize = 8;

/// Tolerates one slow file in a hundred.
const ANSWERS_PER_TIMEOUT: usize = 100;

/// The minimum time lost to timeouts before an analyzer is aborted for spending more time on timeouts than on results.
const LOST: Duration = Duration::from_secs(60);

/// Tracks the timeouts of an analyzer in a run, so that one that loops costs seconds or minutes instead of hours.
#[derive(Debug, Default)]
pub(super) struct Patience {
    answers: AtomicUsize,
    timeouts: AtomicUsize,
    /// Milliseconds in successful calls and in timeouts.
    spent: AtomicU64,
    lost: AtomicU64,
}

impl Patience {
    /// Whether any call was successful.
    pub(super) fn has_answered(&self) -> bool {
        self.answers.load(Ordering::Relaxed) > 0
    }

    /// Counts a successful call for a number of files.
    pub(super) fn answered(&self, files: usize, took: Duration) {
        self.answers.fetch_add(files, Ordering::Relaxed);
        self.spent.fetch_add(millis(took), Ordering::Relaxed);
    }

    /// Counts a timeout, of a single file (`alone`) or a batch. Returns the lost time if the analyzer must be aborted.
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
