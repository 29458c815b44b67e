//! Detection of unclosed angle brackets.

use super::language::Language;
use super::prepare::tokens::{script_tokens, tokens};

/// Maximum number of open angle brackets in a text to parse. If many are never closed, the parser's memory grows
/// quadratically, in a single step that no budget can interrupt: Java takes 24 MiB for 1,000 brackets and 8 GiB for
/// 20,000 (40 KB of text).
pub(super) const MOST: usize = 1000;

/// Whether more angle brackets are open at once than the parser can handle, for the grammars that need this check.
pub(super) fn too_many_open(language: Language, text: &str) -> bool {
    let tokens = match language {
        Language::Java => tokens,
        Language::TypeScript | Language::Tsx => script_tokens,
        _ => return false,
    };
    let bytes = text.as_bytes();
    // Skip the tokenizer for most texts; in the others, comments and strings may have been counted.
    most_open(bytes, 0..bytes.len()) > MOST
        && most_open(
            bytes,
            tokens(text).into_iter().filter(|token| token.span.len() == 1).map(|token| token.span.start),
        ) > MOST
}

/// The maximum number of brackets open at once at these offsets. Statements and blocks reset the count, since `<` was a
/// comparison there.
fn most_open(bytes: &[u8], places: impl Iterator<Item = usize>) -> usize {
    let at = |index: usize| bytes.get(index).copied().unwrap_or_default();
    let (mut open, mut most) = (0_usize, 0);
    for place in places {
        let before = at(place.wrapping_sub(1));
        match at(place) {
            b'<' if before != b'<' && !matches!(at(place + 1), b'<' | b'=') => {
                open += 1;
                most = most.max(open);
            }
            // Not the one in an arrow.
            b'>' if !matches!(before, b'-' | b'=') => open = open.saturating_sub(1),
            b';' | b'{' | b'}' => open = 0,
            _ => {}
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_that_stay_open_are_counted_and_comparisons_are_not() {
        for (text, most) in [
            ("List<Map<A, B<C>>> x; Set<D> y", 3),
            ("a < b; c < d; e < f", 1),
            ("x << y << z <= 3", 0),
            ("A<B<C => D<E, f() -> G<H>", 4),
            ("A<A<A<A<", 4),
        ] {
            assert_eq!(most_open(text.as_bytes(), 0..text.len()), most, "{text}");
        }
    }

    #[test]
    fn only_code_of_languages_with_types_in_brackets_is_refused() {
        let [few, many] = [MOST, MOST + 1].map(|count| "A<".repeat(count));
        for language in [Language::Java, Language::TypeScript, Language::Tsx] {
            assert!(too_many_open(language, &many) && !too_many_open(language, &few), "{language}");
            for text in [format!("/* {many} */ f()"), format!("x = \"{many}\""), format!("// {many}\nf()")] {
                assert!(!too_many_open(language, &text), "{language}");
            }
        }
        assert!(!too_many_open(Language::Python, &"a < b\n".repeat(2 * MOST)));
    }
}
