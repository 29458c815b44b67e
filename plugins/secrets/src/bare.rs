//! Values without quotes of their own.

use std::ops::Range;

use crate::literal::literal;
use crate::span::{blank, forward_within, is_at};

/// The longest such value, in bytes. It may hold the name of the next, which would pass the same bytes again.
const LONGEST: usize = 300;

/// The longest password of a connection string that may hold blanks, in bytes.
const LONGEST_PASSWORD: usize = 64;

/// The longest name of the part after one in a list of parts, in bytes.
const LONGEST_PART: usize = 24;

/// The value from `at` to the end of its line, less a comment and the parts after it: `a; B=c`, `a&b=c`, `a, b: c`.
pub(crate) fn line(text: &str, at: usize) -> Option<Range<usize>> {
    let end = forward_within(text, at, LONGEST + 1, |byte| byte != b'\n' && byte != b'\r');
    if end - at > LONGEST {
        return word(text, at);
    }
    let bytes = text.as_bytes();
    let mut depth = 0i32;
    let cut = (at..end).find(|&here| {
        let before = here.checked_sub(1).and_then(|before| bytes.get(before));
        match bytes.get(here) {
            Some(b'{' | b'[' | b'(') => depth += 1,
            Some(b'}' | b']' | b')') => depth -= 1,
            _ => {}
        }
        match bytes.get(here) {
            // At the start of a value there is no comment without a blank after its sign.
            Some(b'#' | b';') if before.is_some_and(|byte| blank(*byte)) => {
                here > at || is_at(text, here + 1, |byte| blank(byte) || byte == b'\n')
            }
            Some(b';') => {
                here + 1 == end || begins_part(text, here + 1) || is_at(text, here + 1, |b| b == b'"')
            }
            Some(b'&') => begins_part(text, here + 1),
            Some(b',') => here + 1 == end || is_at(text, here + 1, blank) && begins_part(text, here + 1),
            Some(b'}') => depth < 0,
            Some(b'"' | b'\'') => {
                here + 1 == end
                    || text.as_bytes().get(here + 1).is_some_and(|byte| b",]});: \\".contains(byte))
            }
            _ => false,
        }
    });
    let value = text.get(at..cut.unwrap_or(end))?.trim_end();
    // The anchor or tag of a node.
    let node = value.starts_with(['&', '!']).then(|| value.find(' ')).flatten().map_or(0, |blank| blank + 1);
    (!value.is_empty()).then_some(at + node..at + value.len())
}

/// The values on the lines after the one that ends at `at`: of a list, or the first of a block.
pub(crate) fn block(text: &str, at: usize) -> Option<Vec<Range<usize>>> {
    /// The most lines that are looked at.
    const MOST: usize = 8;
    let scalar = matches!(text.as_bytes().get(at), Some(b'|' | b'>'));
    let mut end = forward_within(text, at, 3, |byte| b"|>-+".contains(&byte));
    let mut values = Vec::new();
    for _ in 0..if scalar { 1 } else { MOST } {
        let next = forward_within(text, end, 2, |byte| byte == b'\r' || byte == b'\n');
        let start = forward_within(text, next, LONGEST, blank);
        let item = text.get(start..)?.strip_prefix("- ");
        if next == end || start == next && item.is_none() || !scalar && item.is_none() {
            break;
        }
        let start = if item.is_some() { start + 2 } else { start };
        let value = literal(text, start, false).or_else(|| line(text, start))?;
        end = forward_within(text, value.end, LONGEST, |byte| byte != b'\n' && byte != b'\r');
        values.push(value);
    }
    (!values.is_empty()).then_some(values)
}

/// The word that begins at `at`, as a shell, a query of a URL or a connection string may hold it.
pub(crate) fn word(text: &str, at: usize) -> Option<Range<usize>> {
    let mut ends = false;
    let mut here = at;
    let end = forward_within(text, at, LONGEST + 1, |byte| {
        let part = match byte {
            b'"' | b'\'' | b'`' | b';' | b',' | b'<' | b'|' | b'\\' => true,
            b'&' => begins_part(text, here + 1),
            _ => byte.is_ascii_whitespace() || byte.is_ascii_control(),
        };
        here += 1;
        ends |= part;
        !ends
    });
    if end - at > LONGEST {
        return None;
    }
    let value = text.get(at..end)?;
    // What closes something before the value is none of it.
    let mut open = 0i32;
    let closes = value.bytes().position(|byte| {
        open += i32::from(b"([{".contains(&byte)) - i32::from(b")]}".contains(&byte));
        open < 0
    });
    let kept = value.get(..closes.unwrap_or(value.len()))?.trim_end_matches(['.', ':', '!', '?']);
    (!kept.is_empty()).then_some(at..at + kept.len())
}

/// The part of a connection string that begins at `at`, up to its semicolon, which may hold what ends a word.
pub(crate) fn part(text: &str, at: usize) -> Option<Range<usize>> {
    let end = forward_within(text, at, LONGEST_PASSWORD, |byte| !b";\"'`\n\r=".contains(&byte));
    let more = is_at(text, end, |byte| byte == b';')
        && (begins_part(text, end + 1) || is_at(text, end + 1, |byte| byte == b'"' || byte == b'\''));
    (more && end > at).then_some(at..end)
}

/// Whether a name and `=` or `:` follow, or an escaped quote: what is before is a part of its own.
fn begins_part(text: &str, at: usize) -> bool {
    let start = forward_within(text, at, LONGEST_PART, blank);
    let end = forward_within(text, start, LONGEST_PART, |byte| {
        byte.is_ascii_alphanumeric() || b"_- ".contains(&byte)
    });
    text.get(start..)
        .is_some_and(|rest| ["quot;", "amp;", "lt;"].iter().any(|escape| rest.starts_with(escape)))
        || end > start && is_at(text, end, |byte| byte == b'=' || byte == b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_before_its_comment_and_the_next_part() {
        for (text, value) in [
            ("a1", "a1"),
            ("a1 # c", "a1"),
            ("#a1", "#a1"),
            ("a1 ; c", "a1"),
            ("a b1\r\n", "a b1"),
            ("a#b;c&d", "a#b;c&d"),
            ("a1;Timeout=3", "a1"),
            ("a1; User Id=3", "a1"),
            ("a1;", "a1"),
            ("a1&user=b", "a1"),
            ("a1, user: b}", "a1"),
            ("a1}", "a1"),
            ("a{1}", "a{1}"),
            ("a1\", \"b\"]", "a1"),
            ("a1\"", "a1"),
            ("a\"b", "a\"b"),
        ] {
            assert_eq!(line(text, 0).and_then(|value| text.get(value)), Some(value), "{text}");
        }
        assert_eq!(line("", 0), None);
        assert_eq!(line(" # c", 0), None);
    }

    #[test]
    fn a_word_ends_where_something_else_begins() {
        for (text, value) in [
            ("a1 b", "a1"),
            ("a1;b", "a1"),
            ("a1&b=c", "a1"),
            ("a1&amp;b", "a1"),
            ("a1&b", "a1&b"),
            ("a1\"", "a1"),
            ("a1\\n", "a1"),
            ("a(1)b)", "a(1)b"),
            ("a1).", "a1"),
            ("é1", "é1"),
        ] {
            assert_eq!(word(text, 0).and_then(|value| text.get(value)), Some(value), "{text}");
        }
        for (text, value) in
            [("a 1<b>;C=d", Some("a 1<b>")), ("a 1;\"", Some("a 1")), ("a 1; b", None), ("a 1", None)]
        {
            assert_eq!(part(text, 0).and_then(|value| text.get(value)), value, "{text}");
        }
        assert_eq!(word("", 0), None);
        assert_eq!(word(&"a".repeat(LONGEST + 1), 0), None);
    }
}
