use crate::validate::escape_control;

/// Writes a plugin's line to the host's log, with control characters escaped and overlong lines cut.
///
/// Levels are those of the contract: 0 error, 1 warn, 2 info, 3 and up debug.
pub(crate) fn log_line(plugin: &str, level: u32, message: &str) {
    /// A line longer than this says nothing more.
    const MOST_CHARS: usize = 2_000;
    let end = message.char_indices().nth(MOST_CHARS).map_or(message.len(), |(at, _)| at);
    let escaped = escape_control(&message[..end]);
    match level {
        0 => tracing::error!(plugin, "{escaped}"),
        1 => tracing::warn!(plugin, "{escaped}"),
        2 => tracing::info!(plugin, "{escaped}"),
        _ => tracing::debug!(plugin, "{escaped}"),
    }
}
