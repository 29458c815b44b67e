use std::time::Duration;

/// The interval of the epoch clock, which bounds how late an overlong call is stopped.
pub(super) const TICK: Duration = Duration::from_millis(5);
