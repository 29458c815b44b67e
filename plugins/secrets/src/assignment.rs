use std::ops::Range;

use crate::bare_word::BareWord;
use crate::span::{backward_within, blank, forward, forward_within, url_safe};

/// Words of names whose values are not the secret itself.
const HARMLESS: [&str; 22] = [
    "hash", "digest", "sha", "md5", "checksum", "file", "path", "url", "uri", "endpoint", "field", "label",
    "prefix", "header", "regex", "pattern", "type", "name", "message", "public", "test", "mock",
];

/// The longest name, in bytes.
const LONGEST_NAME: usize = 80;

/// The longest type between a name and its value, in bytes.
const LONGEST_TYPE: usize = 48;

/// The longest value in quotes, in bytes.
const LONGEST_VALUE: usize = 511;

/// How far from the start of its line a name is looked for `#define`, in bytes.
const LONGEST_DEFINE: usize = 256;

/// A value that is assigned to a name that suggests a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub name: Range<usize>,
    pub value: Range<usize>,
}

/// Finds the value assigned to the name around a keyword that lies at `at`: `name = "value"`, `"name": "value"`,
/// `name: Type = "value"`, `#define NAME "value"`; where there are bare words also one to the end of the line.
pub(crate) fn assignment(text: &str, at: Range<usize>, bare: Option<&mut BareWord>) -> Option<Assignment> {
    let bytes = text.as_bytes();
    if !is_word(bytes, &at) {
        return None;
    }
    let name = backward_within(text, at.start, LONGEST_NAME, url_safe)
        ..forward_within(text, at.end, LONGEST_NAME, url_safe);
    if name.len() > LONGEST_NAME {
        return None;
    }
    let closed = forward(text, name.end, |b| matches!(b, b'"' | b'\'' | b'`' | b']'));
    let mut at = forward(text, closed, blank);
    match bytes.get(at)? {
        b'=' | b':' => {}
        b'"' if at > closed => {
            if !is_defined(text, name.start) {
                return None;
            }
        }
        // Go's `var name string = …`.
        b'a'..=b'z' if at > closed => {}
        _ => return None,
    }
    if bytes.get(at) != Some(&b'"') {
        at = operator(text, at)?;
    }
    let prefix = forward_within(text, at, 3, |b| matches!(b, b'r' | b'b' | b'f' | b'u' | b'L' | b'@'));
    let quote = bytes.get(prefix).copied().filter(|b| matches!(b, b'"' | b'\'' | b'`') && prefix - at < 3);
    let value = match quote {
        Some(quote) => {
            let start = prefix + 1;
            let end = forward_within(text, start, LONGEST_VALUE, |b| b != quote && b != b'\n');
            (bytes.get(end) == Some(&quote)).then_some(start..end)?
        }
        None => bare?.value(text, at)?,
    };
    // Last, because most names that are found are assigned nothing.
    is_secret(text.get(name.clone())?).then_some(Assignment { name, value })
}

/// Steps over `=`, `:`, `:=`, `=>` or a type and `=`, and what is blank after it.
fn operator(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let after = |at: usize| Some(forward(text, at, blank));
    match (bytes.get(at)?, bytes.get(at + 1)) {
        (b'=', Some(b'=')) => None,
        (b'=', Some(b'>')) | (b':', Some(b'=')) => after(at + 2),
        (b'=', _) => after(at + 1),
        (first, _) => {
            let start = at + usize::from(*first == b':');
            let is_type = |b: u8| b.is_ascii_alphanumeric() || b"_&<>[]'.?| \t".contains(&b);
            let end = forward_within(text, start, LONGEST_TYPE + 1, is_type);
            match bytes.get(end) {
                Some(b'=') if end - start <= LONGEST_TYPE && bytes.get(end + 1) != Some(&b'=') => {
                    after(end + 1)
                }
                _ if *first == b':' => after(start),
                _ => None,
            }
        }
    }
}

/// Whether the line of a name that starts at `at` begins with `#define`.
fn is_defined(text: &str, at: usize) -> bool {
    let start = backward_within(text, at, LONGEST_DEFINE, |b| b != b'\n');
    let whole = start.checked_sub(1).is_none_or(|before| text.as_bytes().get(before) == Some(&b'\n'));
    whole && text.get(start..at).is_some_and(|line| line.trim_start().starts_with("#define"))
}

/// Whether a keyword is a word of its own, or the end of one.
fn is_word(bytes: &[u8], keyword: &Range<usize>) -> bool {
    let next = bytes.get(keyword.end);
    let small = bytes.get(keyword.end.wrapping_sub(1)).is_some_and(u8::is_ascii_lowercase);
    let goes_on = next.is_some_and(|b| if small { b.is_ascii_lowercase() } else { b.is_ascii_uppercase() });
    !goes_on
}

/// Whether no word of `name` says that its value is harmless.
fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    !HARMLESS.iter().any(|word| lower.contains(word))
}
