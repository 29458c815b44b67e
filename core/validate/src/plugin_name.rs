//! The format of a plugin's name: `namespace/name`.

use super::violation::{Rule, Violation, shown_text};

/// Characters in each half of a name: a DNS label's limit, so that names can become package names anywhere.
const MAX_HALF: usize = 64;

/// Checks a plugin's name: `namespace/name`, each half `[a-z0-9][a-z0-9-]{0,63}`.
///
/// # Errors
///
/// A name of another format, with the format as what is expected.
pub fn check_plugin_name(name: &str) -> Result<&str, Violation> {
    match name.split_once('/') {
        Some((namespace, own)) if is_half(namespace) && is_half(own) => Ok(name),
        _ => Err(Violation::new(
            "plugin name",
            shown_text(name),
            if name.is_empty() { Rule::Empty } else { Rule::Format },
            "namespace/name, each 1 to 64 of a-z, 0-9 and -, not starting with -",
        )),
    }
}

fn is_half(half: &str) -> bool {
    (1..=MAX_HALF).contains(&half.len())
        && !half.starts_with('-')
        && half.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
