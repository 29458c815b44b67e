use crate::validate::escape_control;

/// A line longer than this says nothing more.
const MOST_CHARS: usize = 2_000;

/// What a line costs beside its own bytes: its time, its level and the plugin's name are written too.
const LINE_BYTES: usize = 32;

/// What one instance writes to the host's log. Of each call as much is written as its answer may hold; what is past
/// that is dropped and counted.
#[derive(Debug)]
pub(crate) struct PluginLog {
    plugin: String,
    /// Bytes that the call under way may write.
    limit: usize,
    written: usize,
    dropped: u64,
}

impl PluginLog {
    /// The log of an instance of this plugin, which takes nothing before [`PluginLog::begin`].
    pub(crate) fn new(plugin: &str) -> Self {
        PluginLog { plugin: plugin.to_owned(), limit: 0, written: 0, dropped: 0 }
    }

    /// Starts a call that may write so many bytes.
    pub(crate) fn begin(&mut self, limit: usize) {
        self.end();
        (self.limit, self.written) = (limit, 0);
    }

    /// Writes a line, with control characters escaped and overlong ones cut, or drops it.
    ///
    /// Levels are those of the contract: 0 error, 1 warn, 2 info, 3 and up debug.
    pub(crate) fn line(&mut self, level: u32, message: &str) {
        let written = self.written.saturating_add(message.len()).saturating_add(LINE_BYTES);
        if written > self.limit {
            // Whatever is shorter and comes later is dropped too: what is there has no holes.
            self.written = self.limit;
            self.dropped += 1;
            return;
        }
        self.written = written;
        let plugin = self.plugin.as_str();
        let end = message.char_indices().nth(MOST_CHARS).map_or(message.len(), |(at, _)| at);
        let line = escape_control(message.get(..end).unwrap_or(message));
        match level {
            0 => tracing::error!(plugin, "{line}"),
            1 => tracing::warn!(plugin, "{line}"),
            2 => tracing::info!(plugin, "{line}"),
            _ => tracing::debug!(plugin, "{line}"),
        }
    }

    /// Ends a call, and says how many of its lines were dropped.
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
