//! Keys that nobody knows: an error that names the nearest known one.

use super::{nearest::nearest, violation::shown_text};

/// A key that is not known where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown key {}{}; known keys: {}", shown_text(key), suggestion(nearest), known.join(", "))]
pub struct UnknownKey {
    /// The key as it was given.
    pub key: String,
    /// The known key that is most like it, when one is alike at all.
    pub nearest: Option<String>,
    /// Every known key.
    pub known: Vec<String>,
}

/// Builds the error for an unknown key, with the nearest known one.
pub fn unknown_key(key: &str, known: &[&str]) -> UnknownKey {
    let nearest = nearest(key, known.iter().copied()).map(str::to_owned);
    UnknownKey { key: key.to_owned(), nearest, known: known.iter().map(|name| (*name).to_owned()).collect() }
}

/// The key that serde does not know in a type with `deny_unknown_fields`, from the message of its error; `None` for
/// an error of another kind.
///
/// The message is all that formats such as TOML hand on; serde writes it in
/// <https://docs.rs/serde/1/serde/de/trait.Error.html#method.unknown_field>.
pub fn unknown_key_in(message: &str) -> Option<UnknownKey> {
    let (key, expected) = message.strip_prefix("unknown field `")?.rsplit_once("`, expected ")?;
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    Some(unknown_key(key, &known))
}

/// Refuses the first key that is not known.
///
/// # Errors
///
/// The unknown key with the nearest known one.
pub fn refuse_unknown_keys<'key>(
    keys: impl IntoIterator<Item = &'key str>,
    known: &[&str],
) -> Result<(), UnknownKey> {
    match keys.into_iter().find(|key| !known.contains(key)) {
        Some(key) => Err(unknown_key(key, known)),
        None => Ok(()),
    }
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!(", did you mean \"{name}\"?")).unwrap_or_default()
}
