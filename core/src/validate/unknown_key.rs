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
