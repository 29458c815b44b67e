/// Writes a plugin's line to the host's log, with control characters escaped and overlong lines cut.
///
/// Levels are those of the contract: 0 error, 1 warn, 2 info, 3 and up debug.
pub(crate) fn log_line(plugin: &str, level: u32, message: &str) {
    /// A line longer than this says nothing more.
    const MOST_CHARS: usize = 2_000;
    let escaped: String = message.chars().take(MOST_CHARS).flat_map(escape).collect();
    match level {
        0 => tracing::error!(plugin, "{escaped}"),
        1 => tracing::warn!(plugin, "{escaped}"),
        2 => tracing::info!(plugin, "{escaped}"),
        _ => tracing::debug!(plugin, "{escaped}"),
    }
}

fn escape(character: char) -> impl Iterator<Item = char> {
    let (plain, escaped) = match character.is_control() {
        true => (None, Some(character.escape_default())),
        false => (Some(character), None),
    };
    plain.into_iter().chain(escaped.into_iter().flatten())
}
