//! Suggestions for mistyped names.

/// Suggestions below this similarity mislead more than they help: `packing` and `backend` have 0.57.
const ALIKE: f64 = 0.6;

/// The similarity of a typo in a name of usual length.
const NEARLY_SAME: f64 = 0.8;

/// Shorter names are similar by chance, such as `lr` and `r`.
const SHORT: usize = 3;

/// The known name most similar to `name`, the first among equals, or `None` if no name is similar.
///
/// Case and the difference between `-` and `_` are ignored.
///
/// ```
/// use codetune_validate::nearest;
///
/// assert_eq!(nearest("pyton", ["rust", "python"]), Some("python"));
/// assert_eq!(nearest("cobol", ["rust", "python"]), None);
/// ```
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    alike(name, known, ALIKE)
}

/// As [`nearest`], but only for names that differ by a letter or two: for large sets of known names.
pub fn nearly_same<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    alike(name, known, NEARLY_SAME)
}

fn alike<'a>(name: &str, known: impl IntoIterator<Item = &'a str>, least: f64) -> Option<&'a str> {
    let name = folded(name);
    known
        .into_iter()
        .map(|candidate| (likeness(&name, &folded(candidate)), candidate))
        .filter(|(likeness, _)| *likeness >= least)
        // Prefer the first among equals, so that the result does not depend on the sort.
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, candidate)| candidate)
}

fn folded(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

/// Similarity from 0 to 1.
fn likeness(given: &str, known: &str) -> f64 {
    if given != known && given.chars().count().min(known.chars().count()) < SHORT {
        return 0.0;
    }
    // Edit distance finds typos; the common prefix finds `batch` for `batch_size`. Skip it if one name is twice as long
    // as the other: it takes time proportional to the product of the lengths, and such names are never similar enough.
    let (one, other) = (given.chars().count(), known.chars().count());
    let far = one > 2 * other || other > 2 * one;
    let edits = if far { 0.0 } else { strsim::normalized_damerau_levenshtein(given, known) };
    if given.len() >= 3 && known.starts_with(given) { edits.max(0.9) } else { edits }
}
