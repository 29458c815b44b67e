use std::time::Duration;

/// How often the clock that ends overlong calls ticks: how late such a call may be stopped.
pub(super) const TICK: Duration = Duration::from_millis(5);
