//! Limits of parses and queries.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use thiserror::Error;

/// Limits of one parse or one query.
///
/// `work` is the effective limit: it is the same on every machine, so results can be cached and compared. `time` is a
/// safety net for very slow machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkBudget {
    /// Units of work: a hundred parser operations, a thousand query steps, or 16 KiB of text examined by a predicate.
    pub work: u64,
    /// Elapsed time.
    pub time: Duration,
}

impl WorkBudget {
    /// The budget to parse a file. One MiB of source takes 5,000 to 17,000 units of about 40 µs, so this is thirty
    /// times what the densest file within the default size limit takes.
    pub const PARSE: Self = Self { work: 500_000, time: Duration::from_secs(60) };

    /// The budget of a query over a file. Traversing the tree of one MiB takes 500 to 1,500 units of about 200 µs.
    /// Patterns with thousands of open matches make units slower, which `time` then limits.
    pub const QUERY: Self = Self { work: 50_000, time: Duration::from_secs(10) };
}

/// An exhausted budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Exhausted {
    /// Too much work.
    #[error("it took more than {0} units of work")]
    Work(u64),
    /// Too much time.
    #[error("it took more than {} s", .0.as_secs())]
    Time(Duration),
    /// The user asked to stop.
    #[error("it was stopped as asked")]
    Stopped,
}

/// Tracks a budget within callbacks.
pub(super) struct Meter<'a> {
    budget: WorkBudget,
    stop: &'a AtomicBool,
    started: Instant,
    spent: Cell<u64>,
    exhausted: Cell<Option<Exhausted>>,
}

impl<'a> Meter<'a> {
    /// Starts with the full budget. Setting `stop` exhausts it.
    pub(super) fn start(budget: WorkBudget, stop: &'a AtomicBool) -> Self {
        Self { budget, stop, started: Instant::now(), spent: Cell::new(0), exhausted: Cell::new(None) }
    }

    /// Charges units of work; breaks once the budget is exhausted.
    pub(super) fn spend(&self, units: u64) -> ControlFlow<()> {
        let spent = self.spent.get().saturating_add(units);
        self.spent.set(spent);
        if self.exhausted.get().is_none() {
            if self.stop.load(Ordering::Relaxed) {
                self.exhausted.set(Some(Exhausted::Stopped));
            } else if spent > self.budget.work {
                self.exhausted.set(Some(Exhausted::Work(self.budget.work)));
            } else if self.started.elapsed() > self.budget.time {
                self.exhausted.set(Some(Exhausted::Time(self.budget.time)));
            }
        }
        if self.exhausted.get().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    pub(super) fn exhausted(&self) -> Option<Exhausted> {
        self.exhausted.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static NEVER: AtomicBool = AtomicBool::new(false);

    #[test]
    fn a_stop_exhausts_any_budget() {
        let stop = AtomicBool::new(false);
        let meter = Meter::start(WorkBudget::PARSE, &stop);
        assert!(meter.spend(1).is_continue());
        stop.store(true, Ordering::Relaxed);
        assert!(meter.spend(1).is_break());
        assert_eq!(meter.exhausted(), Some(Exhausted::Stopped));
    }

    #[test]
    fn work_is_exhausted_once_and_for_all() {
        let meter = Meter::start(WorkBudget { work: 3, time: Duration::from_secs(3600) }, &NEVER);
        assert!(meter.spend(3).is_continue());
        assert!(meter.spend(1).is_break());
        assert!(meter.spend(0).is_break());
        assert_eq!(meter.exhausted(), Some(Exhausted::Work(3)));
    }

    #[test]
    fn no_time_is_exhausted_at_once() {
        let meter = Meter::start(WorkBudget { work: 3, time: Duration::ZERO }, &NEVER);
        assert!(meter.spend(0).is_break());
        assert_eq!(meter.exhausted(), Some(Exhausted::Time(Duration::ZERO)));
    }
}
