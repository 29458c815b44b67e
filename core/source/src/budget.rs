//! How much a parse or a query may do before it is given up.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use thiserror::Error;

/// Limits of one parse or one query.
///
/// `work` is what decides: it counts the same on every machine, so that results can be cached and compared.
/// `time` is a net below it, for a machine that has all but stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkBudget {
    /// Units of work: a hundred parser operations, a thousand steps of a query, or 16 KiB of text that a
    /// predicate looks at.
    pub work: u64,
    /// Time on the clock.
    pub time: Duration,
}

impl WorkBudget {
    /// For parsing a file. A mebibyte of source takes 5 000 to 17 000 units of some 40 µs, so this is thirty
    /// times what the densest file takes that the size limit lets through by default.
    pub const PARSE: Self = Self { work: 500_000, time: Duration::from_secs(60) };

    /// For one query over one file. Going through the tree of a mebibyte takes 500 to 1 500 units of some
    /// 200 µs. Patterns that keep thousands of matches open make a unit slower, which the time then bounds.
    pub const QUERY: Self = Self { work: 50_000, time: Duration::from_secs(10) };
}

/// A budget that was not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Exhausted {
    /// More work than allowed.
    #[error("it took more than {0} units of work")]
    Work(u64),
    /// More time than allowed.
    #[error("it took more than {} s", .0.as_secs())]
    Time(Duration),
    /// The user wants no answer any more.
    #[error("it was stopped as asked")]
    Stopped,
}

/// Spends a budget from within callbacks.
pub(super) struct Meter<'a> {
    budget: WorkBudget,
    stop: &'a AtomicBool,
    started: Instant,
    spent: Cell<u64>,
    exhausted: Cell<Option<Exhausted>>,
}

impl<'a> Meter<'a> {
    /// Begins with the whole budget. Setting `stop` exhausts it.
    pub(super) fn start(budget: WorkBudget, stop: &'a AtomicBool) -> Self {
        Self { budget, stop, started: Instant::now(), spent: Cell::new(0), exhausted: Cell::new(None) }
    }

    /// Charges units of work; breaks once the budget is exhausted, and from then on.
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
