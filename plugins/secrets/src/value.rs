use std::ops::Range;

use crate::literal::{LONGEST, literal, quote};
use crate::span::{blank, find, forward, forward_within, url_safe};

/// The longest call around a value, in bytes.
const LONGEST_CALL: usize = 48;

/// The longest closing tag of an element, in bytes.
const LONGEST_TAG: usize = 120;

/// The most values of a list that are looked at, which bounds what a list costs.
const MOST_ELEMENTS: usize = 8;

/// The last words of calls that only change the type of a literal: `[]byte("…")`, `String::from("…")`.
const CALLS: [&str; 14] = [
    "byte",
    "bytes",
    "string",
    "str",
    "text",
    "from",
    "new",
    "some",
    "borrowed",
    "secretstring",
    "encode",
    "securestring",
    "secretstr",
    "list",
];

/// The value in quotes at `at`, also with a prefix as in `b"…"`, in a call that only changes its type, or in a list.
pub(crate) fn quoted(text: &str, at: usize) -> Option<Vec<Range<usize>>> {
    if let Some(value) = prefixed(text, at).or_else(|| percent(text, at)) {
        return Some(vec![value]);
    }
    let bytes = text.as_bytes();
    if matches!(bytes.get(at), Some(b'[' | b'(' | b'{')) && bytes.get(at + 1) != Some(&b']') {
        let first = forward_within(text, at + 1, LONGEST_CALL, |b| blank(b) || b == b'\n' || b == b'\r');
        return elements(text, first);
    }
    let open = forward_within(text, at, LONGEST_CALL, |b| url_safe(b) || b":.<>[]&*@({ ".contains(&b));
    quote(text, open)?;
    let (calls, before) = text.get(at..open)?.rsplit_once(['(', '{'])?;
    if !before.bytes().all(prefix) || !calls.split(['(', '{']).all(changes_type) {
        return None;
    }
    let value = literal(text, open, false)?;
    // A key of a map is no value.
    (bytes.get(value.end + 1) != Some(&b':')).then(|| vec![value])
}

/// The argument behind so many others of a call whose arguments begin at `at`, where each is a literal.
pub(crate) fn argument(text: &str, at: usize, before: usize) -> Option<Range<usize>> {
    let mut at = skip_blank(text, at);
    for _ in 0..before {
        let literal = prefixed(text, at)?;
        let closed = quote(text, literal.end)?.end;
        let comma = skip_blank(text, closed);
        text.get(comma..)?.strip_prefix(',')?;
        at = forward_within(text, comma + 1, LONGEST_CALL, |b| b.is_ascii_whitespace());
    }
    quoted(text, at)?.into_iter().next()
}

/// A literal with or without a prefix.
fn prefixed(text: &str, at: usize) -> Option<Range<usize>> {
    if quote(text, at).is_some() {
        return literal(text, at, false);
    }
    let open = forward_within(text, at, 3, prefix);
    let before = text.get(at..open)?;
    if before.len() > 2 {
        return None;
    }
    let raw = before.contains(['r', 'R', '@']);
    // Rust's `r#"…"#`.
    let open = if raw { forward_within(text, open, 4, |byte| byte == b'#') } else { open };
    literal(text, open, raw)
}

/// Ruby's `%q(…)`.
fn percent(text: &str, at: usize) -> Option<Range<usize>> {
    let start = at
        + ["%q(", "%Q("]
            .iter()
            .find(|open| text.get(at..).is_some_and(|rest| rest.starts_with(**open)))?
            .len();
    let end = forward_within(text, start, LONGEST, |byte| byte != b')' && byte != b'\n');
    (text.as_bytes().get(end) == Some(&b')')).then_some(start..end)
}

/// The values of a list, each with quotes of its own, parted by commas.
fn elements(text: &str, first: usize) -> Option<Vec<Range<usize>>> {
    let mut values = Vec::new();
    let mut at = first;
    while let Some(value) = prefixed(text, at) {
        let closed = quote(text, value.end).map_or(value.end + 1, |quote| quote.end);
        values.push(value);
        let after = forward_within(text, closed, LONGEST_CALL, blank);
        if values.len() == MOST_ELEMENTS || at - first > LONGEST {
            break;
        }
        match text.as_bytes().get(after) {
            Some(b',') => {
                at = forward_within(text, after + 1, LONGEST_CALL, |b| blank(b) || b == b'\n' || b == b'\r');
            }
            // A key of a map is no value.
            Some(b':') => return None,
            Some(b'=') => return None,
            _ => break,
        }
    }
    (!values.is_empty()).then_some(values)
}

/// Whether a call to what this names gives the text that it takes as another type.
fn changes_type(call: &str) -> bool {
    let word = call.rsplit(|c: char| !c.is_ascii_alphanumeric()).find(|word| !word.is_empty());
    word.is_some_and(|word| CALLS.iter().any(|call| word.eq_ignore_ascii_case(call)))
}

/// The text of the element whose start tag ends at `at`: `<name>value</name>`, where its name ends with `name`.
pub(crate) fn element(text: &str, at: usize, name: &str) -> Option<Range<usize>> {
    let start = at + 1;
    let end = forward_within(text, start, LONGEST, |b| !matches!(b, b'<' | b'\n'));
    let tag = text.get(end..)?.strip_prefix("</").map(|_| end + 2)?;
    let close = forward_within(text, tag, LONGEST_TAG, |b| url_safe(b) || matches!(b, b'.' | b':'));
    let closes = close > tag && text.get(tag..close)?.ends_with(name);
    (closes && text.as_bytes().get(close) == Some(&b'>')).then_some(start..end)
}

/// The element after one that closes at `at`: `<key>name</key><string>value</string>`.
pub(crate) fn next_element(text: &str, at: usize) -> Option<Range<usize>> {
    let close = find(text, at, LONGEST_TAG, ">")?;
    let open = forward_within(text, close + 1, LONGEST_TAG, |b| b.is_ascii_whitespace());
    if text.as_bytes().get(open) != Some(&b'<') {
        return None;
    }
    element(text, find(text, open, LONGEST_TAG, ">")?, "")
}

/// The default within a value that is taken from elsewhere first: `${NAME:-default}`; the value itself else.
pub(crate) fn default_within(text: &str, value: Range<usize>) -> Range<usize> {
    let default = || {
        let inner = text.get(value.clone())?.strip_prefix("${")?.strip_suffix('}')?;
        let name = inner.find(|c: char| !c.is_ascii_alphanumeric() && !"_.".contains(c))?;
        let operator = inner.get(name..)?;
        let length = [":-", ":=", ":+", ":", "-", "="].iter().find(|o| operator.starts_with(**o))?.len();
        let start = value.start + "${".len() + name + length;
        Some(unquoted(text, start..value.end - 1))
    };
    default().unwrap_or(value)
}

/// A value without the quotes around it.
pub(crate) fn unquoted(text: &str, value: Range<usize>) -> Range<usize> {
    let inner = text.get(value.clone()).and_then(|value| {
        let quotes = ['"', '\'']
            .into_iter()
            .find(|quote| value.len() > 1 && value.starts_with(*quote) && value.ends_with(*quote));
        quotes.map(|_| ())
    });
    inner.map_or(value.clone(), |()| value.start + 1..value.end - 1)
}

/// Steps over blanks.
pub(crate) fn skip_blank(text: &str, at: usize) -> usize {
    forward(text, at, blank)
}

/// Of what may stand before a quote in some language.
fn prefix(byte: u8) -> bool {
    matches!(byte, b'*' | b'&' | b'r' | b'R' | b'b' | b'B' | b'f' | b'u' | b'L' | b'N' | b'E' | b'@' | b'$')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<&str> {
        let values = quoted(text, 0).unwrap_or_default();
        values.into_iter().filter_map(|value| text.get(value)).collect()
    }

    #[test]
    fn reads_literals_with_prefixes() {
        for text in ["\"a1\"", "rb'a1'", "@\"a1\"", "r#\"a1\"#", "N'a1'", "\\\"a1\\\"", "\"\"\"a1\"\"\""] {
            assert_eq!(values(text), ["a1"], "{text}");
        }
        for text in ["rbu'a1'", "x'a1'", "a1", ""] {
            assert_eq!(values(text), [""; 0], "{text}");
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
            assert_eq!(values(text), ["a1"], "{text}");
        }
        for text in [
            "get(\"a1\")",
            "os.environ[\"a1\"]",
            "env!(\"a1\")",
            "String::from(get(\"a1\"))",
            "map[string]string{\"a1\": b}",
        ] {
            assert_eq!(values(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn reads_lists_but_no_maps() {
        assert_eq!(values("[\"a1\", 'b2',\n  \"c3\"]"), ["a1", "b2", "c3"]);
        assert_eq!(values("(\"a1\")"), ["a1"]);
        for text in ["{\"a1\": \"b2\"}", "{'a' => 'b'}", "[a, \"b1\"]"] {
            assert_eq!(values(text), [""; 0], "{text}");
        }
        assert_eq!(values(&format!("[{}]", "'a1', ".repeat(100))).len(), MOST_ELEMENTS);
    }

    #[test]
    fn reads_elements() {
        let value = |text: &'static str| text.get(element(text, 2, "a")?);
        assert_eq!(value("<a>b1</a>"), Some("b1"));
        assert_eq!(value("<a>b1</x:a>"), Some("b1"));
        for text in ["<a>b1</b>", "<a>b1<b></a>", "<a>\n</a>", "<a>b1</a", "<a>b1"] {
            assert_eq!(value(text), None, "{text}");
        }
        let text = "<key>a</key>\n  <string>b1</string>";
        assert_eq!(next_element(text, 6).and_then(|value| text.get(value)), Some("b1"));
    }

    #[test]
    fn a_default_is_the_value_of_what_is_looked_up() {
        for (text, default) in [
            ("${A:-b1}", "b1"),
            ("${A-b1}", "b1"),
            ("${A:=b1}", "b1"),
            ("${a.b:b1}", "b1"),
            ("${A:-'b1'}", "b1"),
            ("${A:-b{1}}", "b{1}"),
            ("${A}", "${A}"),
            ("${A:-b1}c", "${A:-b1}c"),
            ("b1", "b1"),
        ] {
            assert_eq!(text.get(default_within(text, 0..text.len())), Some(default), "{text}");
        }
    }
}
