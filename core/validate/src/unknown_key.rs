//! Errors for unknown keys.

use super::{
    brought_key::{Brought, brought_key},
    nearest::nearest,
    violation::shown_text,
};

/// An unknown key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("unknown key {}{}", shown_text(key), self.hint())]
#[diagnostic(code(validate::unknown_key), help("known keys: {}", known.join(", ")))]
pub struct UnknownKey {
    /// The key.
    pub key: String,
    /// The suggested key: its equivalent of another tool's key, or the most similar known key.
    pub nearest: Option<String>,
    /// Why another tool's key has no equivalent.
    pub reason: Option<&'static str>,
    /// All known keys.
    pub known: Vec<String>,
}

/// Creates the error for an unknown key, with a suggestion.
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
    /// The suggestion, or the reason why there is none.
    fn hint(&self) -> String {
        match (&self.nearest, self.reason) {
            (Some(name), _) => format!(", did you mean \"{name}\"?"),
            (None, Some(reason)) => format!(": {reason}"),
            (None, None) => String::new(),
        }
    }
}

/// The unknown key in a serde error message of a type with `deny_unknown_fields`; `None` for other errors.
///
/// Formats such as TOML only pass on the message, whose format is that of
/// <https://docs.rs/serde/1/serde/de/trait.Error.html#method.unknown_field>.
pub fn unknown_key_in(message: &str) -> Option<UnknownKey> {
    let (key, expected) = message.strip_prefix("unknown field `")?.rsplit_once("`, expected ")?;
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    Some(unknown_key(key, &known))
}
