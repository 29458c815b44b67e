use crate::log_level::LogLevel;

/// Writes a line to the host's log under the plugin's name. Outside of a call from the host, it does nothing.
///
/// For each call, the host writes lines up to the plugin's output limit, each counted with its bytes plus 32, and
/// reports how many lines it dropped.
pub fn log(level: LogLevel, message: &str) {
    #[cfg(not(target_family = "wasm"))]
    crate::native::log(level, message);
    #[cfg(target_family = "wasm")]
    crate::wasm::log(level, message);
}
