use std::ops::Range;

use crate::span::{find, forward_within};
use crate::work::examined;

/// The longest value in quotes, in bytes.
pub(crate) const LONGEST: usize = 511;

/// How deep a quote may be escaped, as in JSON within a string.
const DEEPEST: usize = 3;

/// An opening quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quote<'a> {
    /// How it is spelt, escapes included: `"`, `\"`, `&quot;`.
    pub spelling: &'a str,
    /// Where what it quotes begins.
    pub end: usize,
}

/// The quote at `at`, plain or escaped.
pub(crate) fn quote(text: &str, at: usize) -> Option<Quote<'_>> {
    let rest = text.get(at..)?;
    let plain = |byte: Option<&u8>| matches!(byte, Some(b'"' | b'\'' | b'`'));
    let escapes = rest.bytes().take(DEEPEST + 1).take_while(|byte| *byte == b'\\').count();
    let length = if escapes <= DEEPEST && plain(rest.as_bytes().get(escapes)) {
        escapes + 1
    } else {
        ["&quot;", "&#34;", "&#39;", "&apos;", "\\u0022", "%22"]
            .iter()
            .find(|quote| rest.starts_with(**quote))?
            .len()
    };
    Some(Quote { spelling: rest.get(..length)?, end: at + length })
}

/// What the quote at `at` quotes, on its line: up to its like, once or three times. `raw` says that a backslash is
/// one.
pub(crate) fn literal(text: &str, at: usize, raw: bool) -> Option<Range<usize>> {
    let Quote { spelling, end: start } = quote(text, at)?;
    let &[mark] = spelling.as_bytes() else {
        let end = find(text, start, LONGEST + spelling.len(), spelling)?;
        let line = !text.get(start..end)?.contains('\n');
        // What is escaped within is deeper: `\\\"`.
        let deeper = text.get(..end)?.ends_with('\\') && spelling.starts_with('\\');
        return (line && !deeper).then_some(start..end);
    };
    let three = text.as_bytes().get(at..at + 3).is_some_and(|three| three.iter().all(|byte| *byte == mark));
    let start = if three { at + 3 } else { start };
    let bytes = text.as_bytes();
    let mut escaped = false;
    let mut here = start;
    let end = forward_within(text, start, LONGEST, |byte| {
        // `''` is a quote within single ones in YAML and SQL.
        let twice = !three
            && mark == b'\''
            && here > start
            && bytes.get(here + 1) == Some(&mark)
            && !escaped
            && byte == mark;
        let ends = !escaped && !twice && byte == mark || byte == b'\n';
        escaped = twice || !raw && !escaped && byte == b'\\';
        here += 1;
        !ends
    });
    (bytes.get(end) == Some(&mark)).then_some(start..end)
}

/// The text that a literal stands for: escapes replaced by what they mean, and those of control characters left out.
pub(crate) fn unescaped(literal: &str) -> String {
    examined(literal.len());
    let mut text = String::with_capacity(literal.len());
    let mut rest = literal;
    while let Some((before, escape)) = rest.split_once('\\') {
        text.push_str(before);
        let (meaning, length) = escape_at(escape);
        text.extend(meaning.filter(|meaning| !meaning.is_control()));
        rest = escape.get(length..).unwrap_or_default();
    }
    text + rest
}

/// What an escape means, and how many bytes follow its backslash.
fn escape_at(escape: &str) -> (Option<char>, usize) {
    let number = |from: usize, most: usize, radix: u32| {
        let digits = escape.get(from..).unwrap_or_default().chars().take(most);
        let length = digits.take_while(|c| c.is_digit(radix)).count();
        let value = u32::from_str_radix(escape.get(from..from + length).unwrap_or_default(), radix).ok();
        (value.and_then(char::from_u32), from + length)
    };
    match escape.chars().next() {
        None => (Some('\\'), 0),
        Some('x') => number(1, 2, 16),
        Some('u') if escape.starts_with("u{") => {
            let (meaning, length) = number(2, 6, 16);
            (meaning, length + usize::from(escape.get(length..).is_some_and(|rest| rest.starts_with('}'))))
        }
        Some('u') => number(1, 4, 16),
        Some('U') => number(1, 8, 16),
        Some('0'..='7') => number(0, 3, 8),
        Some('n' | 'r' | 't' | 'b' | 'f' | 'v' | 'a' | 'e') => (None, 1),
        Some(other) => (Some(other), other.len_utf8()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<&str> {
        text.get(literal(text, 0, false)?)
    }

    #[test]
    fn ends_at_its_own_quote() {
        for text in [
            "\"a1\"",
            "'a1'",
            "`a1`",
            "\"\"\"a1\"\"\"",
            "'''a1'''",
            "\\\"a1\\\"",
            "\\\\\\\"a1\\\\\\\"",
            "&quot;a1&quot;",
        ] {
            assert_eq!(of(text), Some("a1"), "{text}");
        }
        assert_eq!(of(r#""a\"b'c" + "d""#), Some(r#"a\"b'c"#));
        for text in ["\"a1", "'a1\"", "'a1\n'", "a1", "", "\\\"a1\"", "\"a1\\\""] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(literal("'a\\' b", 0, true), Some(1..3));
    }

    #[test]
    fn escapes_mean_what_they_say() {
        for (literal, text) in [
            (r"userPassword\0", "userPassword"),
            (r"a\r\n", "a"),
            (r"line\x41b", "lineAb"),
            (r"\u0041\u{42}\U00000043", "ABC"),
            (r#"a\"\\b\/"#, r#"a"\b/"#),
            (r"\xff\x00\101\x1", "ÿA"),
            ("é\\é", "éé"),
            ("a\\", "a\\"),
            ("plain", "plain"),
        ] {
            assert_eq!(unescaped(literal), text, "{literal}");
        }
    }
}
