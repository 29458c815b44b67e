//! The known name that a mistyped one was meant to be.

/// Below this a suggestion misleads more than it helps: `packing`/`backend` lies under it, at 0.57.
const ALIKE: f64 = 0.6;

/// What a slip of the finger leaves alike, in names of usual length.
const NEARLY_SAME: f64 = 0.8;

/// Names with fewer characters are alike by chance, as `lr` and `r` are.
const SHORT: usize = 3;

/// The known name that is most like `name`, the first of equals; none where no name is alike, which is then
/// better told by listing what is known.
///
/// Case and the difference of `-` and `_` do not count.
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

/// As [`nearest`], of names with a letter or two of difference: for where many names are known, and one of them is
/// alike by chance.
pub fn nearly_same<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    alike(name, known, NEARLY_SAME)
}

fn alike<'a>(name: &str, known: impl IntoIterator<Item = &'a str>, least: f64) -> Option<&'a str> {
    let name = folded(name);
    known
        .into_iter()
        .map(|candidate| (likeness(&name, &folded(candidate)), candidate))
        .filter(|(likeness, _)| *likeness >= least)
        // The first of equals wins, so that the answer does not depend on a sort.
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, candidate)| candidate)
}

fn folded(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

/// From 0 to 1.
fn likeness(given: &str, known: &str) -> f64 {
    if given != known && given.chars().count().min(known.chars().count()) < SHORT {
        return 0.0;
    }
    // Edit distance finds slips of the finger; the common start finds `batch` for `batch_size`. It takes time by
    // the product of the lengths, and names of which one is twice as long as the other are never alike enough.
    let (one, other) = (given.chars().count(), known.chars().count());
    let far = one > 2 * other || other > 2 * one;
    let edits = if far { 0.0 } else { strsim::normalized_damerau_levenshtein(given, known) };
    if given.len() >= 3 && known.starts_with(given) { edits.max(0.9) } else { edits }
}
