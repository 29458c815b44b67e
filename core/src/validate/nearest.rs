//! The known name that a mistyped one was meant to be.

/// Below this a suggestion misleads more than it helps: `epoch`/`seed` lies under it, `lr`/`learning_rate` too.
const ALIKE: f64 = 0.5;

/// The known name that is most like `name`, the first of equals; none where no name is alike, which is then
/// better told by listing what is known.
///
/// Case and the difference of `-` and `_` do not count.
///
/// ```
/// use codetune_core::validate::nearest;
///
/// assert_eq!(nearest("pyton", ["rust", "python"]), Some("python"));
/// assert_eq!(nearest("cobol", ["rust", "python"]), None);
/// ```
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = folded(name);
    known
        .into_iter()
        .map(|candidate| (likeness(&name, &folded(candidate)), candidate))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        // The first of equals wins, so that the answer does not depend on a sort.
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, candidate)| candidate)
}

fn folded(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

/// From 0 to 1.
fn likeness(given: &str, known: &str) -> f64 {
    // Edit distance finds slips of the finger; the common start finds `batch` for `batch_size`. It takes time by
    // the product of the lengths, and names of which one is twice as long as the other are never alike enough.
    let (one, other) = (given.chars().count(), known.chars().count());
    let far = one > 2 * other || other > 2 * one;
    let edits = if far { 0.0 } else { strsim::normalized_damerau_levenshtein(given, known) };
    if given.len() >= 3 && known.starts_with(given) { edits.max(0.9) } else { edits }
}
