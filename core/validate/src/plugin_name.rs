//! The format of plugin names: `namespace/name`.

use super::violation::{Constraint, Violation, shown_text};

/// Maximum characters in each half of a name: the limit of a DNS label, so that names can become package names.
const MAX_HALF: usize = 64;

/// Checks a plugin name: `namespace/name`, each half `[a-z0-9][a-z0-9-]{0,63}`.
///
/// # Errors
///
/// The name has another format.
pub fn check_plugin_name(name: &str) -> Result<&str, Violation> {
    match name.split_once('/') {
        Some((namespace, own)) if is_half(namespace) && is_half(own) => Ok(name),
        _ => Err(Violation::new(
            "plugin name",
            shown_text(name),
            if name.is_empty() { Constraint::Empty } else { Constraint::Format },
            "namespace/name, each 1 to 64 of a-z, 0-9 and -, not starting with -",
        )),
    }
}

fn is_half(half: &str) -> bool {
    (1..=MAX_HALF).contains(&half.len())
        && !half.starts_with('-')
        && half.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
