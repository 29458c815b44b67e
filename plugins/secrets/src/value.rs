use std::ops::Range;

use crate::bare_word::BareWord;
use crate::span::{forward_within, url_safe};

/// The longest value in quotes, in bytes.
const LONGEST: usize = 511;

/// The longest call around a value, in bytes.
const LONGEST_CALL: usize = 48;

/// The longest closing tag of an element, in bytes.
const LONGEST_TAG: usize = 120;

/// The last words of calls that only change the type of a literal: `[]byte("…")`, `String::from("…")`.
const CALLS: [&str; 9] = ["byte", "bytes", "string", "str", "text", "from", "new", "some", "borrowed"];

/// The value in quotes at `at`, also with a prefix as in `b"…"` or in a call that only changes its type.
pub(crate) fn quoted(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let open = forward_within(text, at, 3, prefix);
    if open - at < 3 && is_quote(bytes.get(open)) {
        return literal(text, open);
    }
    let open = forward_within(text, at, LONGEST_CALL, |b| url_safe(b) || b":.<>[]&*@({ ".contains(&b));
    if !is_quote(bytes.get(open)) {
        return None;
    }
    let (calls, before) = text.get(at..open)?.rsplit_once(['(', '{'])?;
    if !before.bytes().all(prefix) || !calls.split(['(', '{']).all(changes_type) {
        return None;
    }
    let value = literal(text, open)?;
    // A key of a map is no value.
    (bytes.get(value.end + 1) != Some(&b':')).then_some(value)
}

/// What is between the quote at `open`, one or three, and its like on the line.
fn literal(text: &str, open: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let quote = *bytes.get(open)?;
    let triple = bytes.get(open..open + 3).is_some_and(|three| three.iter().all(|b| *b == quote));
    let start = open + if triple { 3 } else { 1 };
    let end = forward_within(text, start, LONGEST, |b| b != quote && b != b'\n');
    (bytes.get(end) == Some(&quote)).then_some(start..end)
}

/// Whether a call to what this names gives the text that it takes as another type.
fn changes_type(call: &str) -> bool {
    let word = call.rsplit(|c: char| !c.is_ascii_alphanumeric()).find(|word| !word.is_empty());
    word.is_some_and(|word| CALLS.iter().any(|call| word.eq_ignore_ascii_case(call)))
}

/// The value without quotes at `at`, where a file holds settings or a shell is told to `export` the name before.
pub(crate) fn bare(
    text: &str,
    name: &Range<usize>,
    at: usize,
    settings: bool,
    word: &mut BareWord,
) -> Option<Range<usize>> {
    let exported =
        || at == name.end + 1 && text.get(..name.start).is_some_and(|before| before.ends_with("export "));
    if settings || exported() { word.value(text, at) } else { None }
}

/// The text of the element whose start tag ends at `at` with a name: `<name>value</name>`.
pub(crate) fn element(text: &str, name: &Range<usize>, at: usize) -> Option<Range<usize>> {
    let start = at + 1;
    let end = forward_within(text, start, LONGEST, |b| !matches!(b, b'<' | b'>' | b'\n'));
    let tag = text.get(end..)?.strip_prefix("</").map(|_| end + 2)?;
    let close = forward_within(text, tag, LONGEST_TAG, |b| url_safe(b) || matches!(b, b'.' | b':'));
    let closes = text.get(tag..close)?.ends_with(text.get(name.clone())?);
    (closes && text.as_bytes().get(close) == Some(&b'>')).then_some(start..end)
}

fn is_quote(byte: Option<&u8>) -> bool {
    matches!(byte, Some(b'"' | b'\'' | b'`'))
}

/// Of what may stand before a quote in some language.
fn prefix(byte: u8) -> bool {
    matches!(byte, b'r' | b'b' | b'f' | b'u' | b'L' | b'@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<&str> {
        text.get(quoted(text, 0)?)
    }

    #[test]
    fn reads_literals() {
        for text in ["\"a1\"", "'a1'", "`a1`", "rb'a1'", "@\"a1\"", "\"\"\"a1\"\"\"", "'''a1'''"] {
            assert_eq!(value(text), Some("a1"), "{text}");
        }
        for text in ["\"a1", "'a1\"", "'a1\n'", "rbu'a1'", "a1", "", "x'a1'"] {
            assert_eq!(value(text), None, "{text}");
        }
    }

    #[test]
    fn reads_through_calls_that_change_the_type_alone() {
        for text in [
            "[]byte(\"a1\")",
            "String::from(\"a1\")",
            "Some(String::from(\"a1\"))",
            "std::string{L\"a1\"}",
            "new String(\"a1\".toCharArray())",
            "bytes('a1', 'ascii')",
        ] {
            assert_eq!(value(text), Some("a1"), "{text}");
        }
        for text in [
            "get(\"a1\")",
            "os.environ[\"a1\"]",
            "env!(\"a1\")",
            "String::from(get(\"a1\"))",
            "(\"a1\")",
            "map[string]string{\"a1\": b}",
        ] {
            assert_eq!(value(text), None, "{text}");
        }
    }

    #[test]
    fn reads_elements() {
        let value = |text: &'static str| text.get(element(text, &(1..2), 2)?);
        assert_eq!(value("<a>b1</a>"), Some("b1"));
        assert_eq!(value("<a>b1</x:a>"), Some("b1"));
        for text in ["<a>b1</b>", "<a>b1<b></a>", "<a>\n</a>", "<a>b1</a", "<a>b1"] {
            assert_eq!(value(text), None, "{text}");
        }
    }
}
