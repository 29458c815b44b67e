use std::ops::Range;

use crate::span::{backward, blank, forward, url_safe};

/// Words of names whose values are not the secret itself.
const HARMLESS: [&str; 22] = [
    "hash", "digest", "sha", "md5", "checksum", "file", "path", "url", "uri", "endpoint", "field", "label",
    "prefix", "header", "regex", "pattern", "type", "name", "message", "public", "test", "mock",
];

/// Words of a line that say that hexadecimal digits are a digest.
const DIGESTS: [&str; 10] =
    ["sha1", "sha-1", "sha2", "sha-2", "sha5", "md5", "digest", "checksum", "commit", "integrity"];

/// A value that is assigned to a name that suggests a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub name: Range<usize>,
    pub value: Range<usize>,
}

/// Finds the value assigned to the name around a keyword that lies at `at`: `name = "value"`, `"name": "value"`,
/// `name: Type = "value"`, `#define NAME "value"`; where `unquoted` also a bare word to the end of the line.
pub(crate) fn assignment(text: &str, at: Range<usize>, unquoted: bool) -> Option<Assignment> {
    let bytes = text.as_bytes();
    let name = backward(text, at.start, url_safe)..forward(text, at.end, url_safe);
    if !is_word(text.get(name.clone())?, at.start - name.start..at.end - name.start) {
        return None;
    }
    let closed = forward(text, name.end, |b| matches!(b, b'"' | b'\'' | b'`' | b']'));
    let mut at = forward(text, closed, blank);
    match bytes.get(at)? {
        b'=' | b':' => {}
        b'"' if at > closed => {
            let line = text.get(..name.start)?.rsplit('\n').next()?;
            if !line.trim_start().starts_with("#define") {
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
    let prefix = forward(text, at, |b| matches!(b, b'r' | b'b' | b'f' | b'u' | b'L' | b'@'));
    let quote = bytes.get(prefix).copied().filter(|b| matches!(b, b'"' | b'\'' | b'`') && prefix - at < 3);
    let value = match quote {
        Some(quote) => {
            let rest = text.get(prefix + 1..)?;
            let length = rest.bytes().take(512).position(|b| b == quote || b == b'\n')?;
            (rest.as_bytes().get(length) == Some(&quote)).then_some(prefix + 1..prefix + 1 + length)?
        }
        None if unquoted => {
            let end = forward(text, at, |b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'`'));
            let rest = forward(text, end, |b| blank(b) || b == b'\r');
            let closes = bytes.get(rest).is_none_or(|&b| b == b'\n' || b == b'#' && rest > end);
            closes.then_some(at..end)?
        }
        None => return None,
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
            let end = forward(text, start, is_type);
            match bytes.get(end) {
                Some(b'=') if end - start <= 48 && bytes.get(end + 1) != Some(&b'=') => after(end + 1),
                _ if *first == b':' => after(start),
                _ => None,
            }
        }
    }
}

/// Whether a keyword is a word of its own in `name`.
fn is_word(name: &str, keyword: Range<usize>) -> bool {
    let bytes = name.as_bytes();
    let next = bytes.get(keyword.end);
    let small = bytes.get(keyword.end.wrapping_sub(1)).is_some_and(u8::is_ascii_lowercase);
    let goes_on = next.is_some_and(|b| if small { b.is_ascii_lowercase() } else { b.is_ascii_uppercase() });
    name.len() <= 80 && !goes_on
}

/// Whether no word of `name` says that its value is harmless.
fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    !HARMLESS.iter().any(|word| lower.contains(word))
}

/// Whether hexadecimal digits that start at `at` are called a digest on their line.
pub(crate) fn is_digest(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
    let lower = before.to_ascii_lowercase();
    DIGESTS.iter().any(|word| lower.contains(word))
}
