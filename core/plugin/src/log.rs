use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use codetune_redact::escape_control;

use crate::shorten::shorten;

/// Maximum bytes that a plugin may log in a process, over all calls and instances.
const MOST_BYTES: usize = 1 << 20;

/// Logged bytes by plugin.
static LOGGED: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

/// Overhead per line: the time, the level and the plugin's name.
const LINE_BYTES: usize = 32;

/// The log of an instance. For each call, lines up to the output limit are written; further lines are dropped and
/// counted.
#[derive(Debug)]
pub(crate) struct PluginLog {
    plugin: String,
    /// Bytes that the current call may still write.
    limit: usize,
    written: usize,
    dropped: u64,
}

impl PluginLog {
    /// Creates the log of a plugin's instance, which drops everything before [`PluginLog::begin`].
    pub(crate) fn new(plugin: &str) -> Self {
        PluginLog { plugin: plugin.to_owned(), limit: 0, written: 0, dropped: 0 }
    }

    /// Starts a call that may write this many bytes.
    pub(crate) fn begin(&mut self, limit: usize) {
        self.end();
        (self.limit, self.written) = (limit, 0);
    }

    /// Writes a line, escaped and truncated, or drops it.
    ///
    /// Levels are those of the contract: 0 error, 1 warn, 2 info, 3 and above debug.
    pub(crate) fn line(&mut self, level: u32, message: &str) {
        let written = self.written.saturating_add(message.len()).saturating_add(LINE_BYTES);
        if written > self.limit {
            // Drop shorter lines that follow as well, so that the log has no gaps.
            self.written = self.limit;
            self.dropped += 1;
            return;
        }
        self.written = written;
        let plugin = self.plugin.as_str();
        let wanted = match level {
            0 => tracing::enabled!(tracing::Level::ERROR),
            1 => tracing::enabled!(tracing::Level::WARN),
            2 => tracing::enabled!(tracing::Level::INFO),
            _ => tracing::enabled!(tracing::Level::DEBUG),
        };
        // Filtered lines do not count.
        if !wanted {
            return;
        }
        let message = shorten(message);
        let line = escape_control(&message);
        match account(plugin, line.len()) {
            Account::Fits => {}
            Account::JustPast => {
                let most = MOST_BYTES >> 10;
                tracing::warn!(plugin, "has written {most} KiB to the log: its further lines are left out");
                return;
            }
            Account::Past => return,
        }
        match level {
            0 => tracing::error!(plugin, "{line}"),
            1 => tracing::warn!(plugin, "{line}"),
            2 => tracing::info!(plugin, "{line}"),
            _ => tracing::debug!(plugin, "{line}"),
        }
    }

    /// Ends a call and reports the number of dropped lines.
    pub(crate) fn end(&mut self) {
        let dropped = std::mem::take(&mut self.dropped);
        if dropped > 0 {
            let (plugin, limit) = (self.plugin.as_str(), self.limit >> 10);
            tracing::warn!(
                plugin,
                "{dropped} lines of its log were dropped, past its limit of {limit} KiB for a call"
            );
        }
    }
}

impl Drop for PluginLog {
    fn drop(&mut self) {
        self.end();
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Account {
    Fits,
    JustPast,
    Past,
}

/// Counts a line of this many bytes.
fn account(plugin: &str, bytes: usize) -> Account {
    let mut logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner);
    let before = match logged.get_mut(plugin) {
        Some(before) => before,
        None => logged.entry(plugin.to_owned()).or_default(),
    };
    let was_past = *before > MOST_BYTES;
    *before = before.saturating_add(bytes).saturating_add(LINE_BYTES);
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
        assert_eq!(lines, MOST_BYTES / (1_000 + LINE_BYTES));
        assert_eq!(account("test/flood", 1), Account::Past);
        assert_eq!(account("test/calm", 1), Account::Fits);
        let empty = (0..).take_while(|_| account("test/empty", 0) == Account::Fits).count();
        assert!(empty < MOST_BYTES, "{empty}");
    }
}
