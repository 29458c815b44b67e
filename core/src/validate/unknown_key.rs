//! Keys that nobody knows: an error that names the nearest known one.

use super::violation::shown_text;

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
    let nearest = known
        .iter()
        .map(|candidate| (likeness(key, candidate), *candidate))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        // The first of equals wins, so that the answer does not depend on the sort.
        .fold(None::<(f64, &str)>, |best, next| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        })
        .map(|(_, name)| name.to_owned());
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

/// Below this a suggestion misleads more than it helps: `epoch`/`seed` lies under it, `lr`/`learning_rate` too.
const ALIKE: f64 = 0.5;

fn likeness(given: &str, known: &str) -> f64 {
    let fold = |text: &str| text.to_lowercase().replace('-', "_");
    let (given, known) = (fold(given), fold(known));
    // Edit distance finds slips of the finger; the common start finds `batch` for `batch_size`.
    let edits = strsim::normalized_damerau_levenshtein(&given, &known);
    if given.len() >= 3 && known.starts_with(&given) { edits.max(0.9) } else { edits }
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!(", did you mean \"{name}\"?")).unwrap_or_default()
}
