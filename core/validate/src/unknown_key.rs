//! Keys that nobody knows: an error that names the nearest known one.

use super::{
    brought_key::{Brought, brought_key},
    nearest::nearest,
    violation::shown_text,
};

/// A key that is not known where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown key {}{}; known keys: {}", shown_text(key), self.hint(), known.join(", "))]
pub struct UnknownKey {
    /// The key as it was given.
    pub key: String,
    /// The known key that was meant: one that other tools call so, or else the one most like it.
    pub nearest: Option<String>,
    /// Why there is no such key, where other tools have one.
    pub reason: Option<&'static str>,
    /// Every known key.
    pub known: Vec<String>,
}

/// Builds the error for an unknown key, with the known one that was meant.
pub fn unknown_key(key: &str, known: &[&str]) -> UnknownKey {
    let (meant, reason) = match brought_key(key) {
        Some(Brought::Keys(ours)) => {
            let last = ours.iter().map(|ours| ours.rsplit('.').next().unwrap_or(ours));
            (last.into_iter().find(|last| known.contains(last)), None)
        }
        Some(Brought::Nothing(reason)) => (None, Some(reason)),
        None => (None, None),
    };
    let nearest = match reason {
        None => meant.or_else(|| nearest(key, known.iter().copied())),
        Some(_) => None,
    };
    UnknownKey {
        key: key.to_owned(),
        nearest: nearest.map(str::to_owned),
        reason,
        known: known.iter().map(|name| (*name).to_owned()).collect(),
    }
}

impl UnknownKey {
    /// What follows the key in a message: the key that was meant, or why there is none.
    fn hint(&self) -> String {
        match (&self.nearest, self.reason) {
            (Some(name), _) => format!(", did you mean \"{name}\"?"),
            (None, Some(reason)) => format!(": {reason}"),
            (None, None) => String::new(),
        }
    }
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
