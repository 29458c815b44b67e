use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tracing::Level;

use crate::plugin::shorten;
use crate::validate::escape_control;

/// The most bytes of lines that one plugin may have in the log of one process: some ten thousand lines, and
/// more than anyone reads.
const MOST_BYTES: usize = 1 << 20;

/// Bytes in the log by plugin.
static LOGGED: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

/// Writes a plugin's line to the host's log, with control characters escaped and overlong lines cut. Of a
/// plugin that writes more than [`MOST_BYTES`], the log says so once and has no more.
///
/// Levels are those of the contract: 0 error, 1 warn, 2 info, 3 and up debug.
pub(crate) fn log_line(plugin: &str, level: u32, message: &str) {
    // Lines that no one asked to see cost nothing and do not count.
    let wanted = match level {
        0 => tracing::enabled!(Level::ERROR),
        1 => tracing::enabled!(Level::WARN),
        2 => tracing::enabled!(Level::INFO),
        _ => tracing::enabled!(Level::DEBUG),
    };
    if !wanted {
        return;
    }
    let message = shorten(message);
    let escaped = escape_control(&message);
    match account(plugin, escaped.len()) {
        Account::Fits => {}
        Account::JustPast => {
            tracing::warn!(
                plugin,
                "has written {} KiB to the log: its further lines are left out",
                MOST_BYTES >> 10
            );
            return;
        }
        Account::Past => return,
    }
    match level {
        0 => tracing::error!(plugin, "{escaped}"),
        1 => tracing::warn!(plugin, "{escaped}"),
        2 => tracing::info!(plugin, "{escaped}"),
        _ => tracing::debug!(plugin, "{escaped}"),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Account {
    Fits,
    JustPast,
    Past,
}

/// Counts a line of so many bytes.
fn account(plugin: &str, bytes: usize) -> Account {
    let mut logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner);
    let before = match logged.get_mut(plugin) {
        Some(before) => before,
        None => logged.entry(plugin.to_owned()).or_default(),
    };
    let was_past = *before > MOST_BYTES;
    // A line of no characters is a line as well.
    *before = before.saturating_add(bytes.max(16));
    match (was_past, *before > MOST_BYTES) {
        (false, false) => Account::Fits,
        (false, true) => Account::JustPast,
        (true, _) => Account::Past,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_that_floods_the_log_is_cut_off_once_and_alone() {
        let lines = (0..).take_while(|_| account("test/flood", 1_000) == Account::Fits).count();
        assert_eq!(lines, MOST_BYTES / 1_000);
        assert_eq!(account("test/flood", 1), Account::Past);
        assert_eq!(account("test/calm", 1), Account::Fits);
        let empty = (0..).take_while(|_| account("test/empty", 0) == Account::Fits).count();
        assert!(empty < MOST_BYTES, "{empty}");
    }
}
