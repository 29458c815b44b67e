//! Runs of bytes of a class, from a place in the text. Where a class is ASCII, its runs lie on character
//! boundaries.
//!
//! Anchors may follow one another through a whole text, and what they cost together must not grow faster than
//! the text. So where a run may hold the next anchor of its kind, which would pass the same bytes again, it is
//! scanned within a limit.

use std::ops::Range;

use crate::surprise::surprise;
use crate::work::examined;

/// One past the last byte from `at` on that is of the class, for runs that cannot hold the anchor that they
/// follow or are remembered.
pub(crate) fn forward(text: &str, at: usize, class: impl Fn(u8) -> bool) -> usize {
    forward_within(text, at, usize::MAX, class)
}

/// The same, of at most `limit` bytes.
pub(crate) fn forward_within(
    text: &str,
    at: usize,
    limit: usize,
    mut class: impl FnMut(u8) -> bool,
) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    let rest = rest.get(..limit).unwrap_or(rest);
    let length = rest.iter().position(|&byte| !class(byte)).unwrap_or(rest.len());
    examined(length + 1);
    at + length
}

/// The first byte of the run of the class that ends at `at`, for runs that cannot hold the anchor that they
/// precede.
pub(crate) fn backward(text: &str, at: usize, class: impl Fn(u8) -> bool) -> usize {
    backward_within(text, at, usize::MAX, class)
}

/// The same, of at most `limit` bytes.
pub(crate) fn backward_within(text: &str, at: usize, limit: usize, class: impl Fn(u8) -> bool) -> usize {
    let first = at.saturating_sub(limit);
    let before = text.as_bytes().get(first..at).unwrap_or_default();
    let start = before.iter().rposition(|&byte| !class(byte)).map_or(first, |last| first + last + 1);
    examined(at - start + 1);
    start
}

/// Where `what` lies first within `limit` bytes from `at` on.
pub(crate) fn find(text: &str, at: usize, limit: usize, what: &str) -> Option<usize> {
    let rest = text.get(at..text.floor_char_boundary(at.saturating_add(limit)))?;
    let found = rest.find(what);
    examined(found.unwrap_or(rest.len()) + 1);
    found.map(|length| at + length)
}

/// Whether a short text holds a part: quicker there than the search of the standard library, which prepares itself.
pub(crate) fn holds(text: &str, part: &str) -> bool {
    let Some((first, rest)) = part.as_bytes().split_first() else { return true };
    let begins =
        |window: &[u8]| window.split_first().is_some_and(|(byte, after)| byte == first && after == rest);
    text.as_bytes().windows(part.len()).any(begins)
}

/// Whether the byte at `at`, if there is one, is of the class.
pub(crate) fn is_at(text: &str, at: usize, class: fn(u8) -> bool) -> bool {
    text.as_bytes().get(at).is_some_and(|&byte| class(byte))
}

pub(crate) fn alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// Of words: letters, digits and `_`.
pub(crate) fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Of base64url and identifiers with hyphens.
pub(crate) fn url_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

pub(crate) fn base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

pub(crate) fn blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Of names: identifiers with hyphens, in any language.
pub(crate) fn name(byte: u8) -> bool {
    url_safe(byte) || !byte.is_ascii()
}

/// Whether something that starts at `at` is no part of a longer word. An escape before it is none: `\\n` of a
/// literal, `%3D` of a URL.
pub(crate) fn begins_word(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let before = |back: usize| at.checked_sub(back).and_then(|at| bytes.get(at).copied());
    let Some(last) = before(1).filter(|&byte| word(byte)) else { return true };
    let hex = |back| before(back).is_some_and(|byte: u8| byte.is_ascii_hexdigit());
    before(2) == Some(b'\\') && b"nrtbfv0".contains(&last)
        || before(3) == Some(b'%') && hex(2) && hex(1)
        || before(6) == Some(b'\\') && before(5) == Some(b'u') && (1..=4).all(hex)
        || before(4) == Some(b'\\') && before(3) == Some(b'x') && hex(2) && hex(1)
}

/// Whether a key at `at` lies in the middle of a longer text in base64, of an image or an archive: what seems a key
/// there is chance.
pub(crate) fn in_base64(text: &str, at: &Range<usize>) -> bool {
    /// How far around the key is looked, in bytes.
    const AROUND: usize = 64;
    let bytes = text.as_bytes();
    let joins = |byte: Option<&u8>| matches!(byte, Some(b'+' | b'/'));
    let before = at.start.checked_sub(1);
    if !joins(before.and_then(|before| bytes.get(before))) && !joins(bytes.get(at.end)) {
        return false;
    }
    let start = backward_within(text, at.start, AROUND, base64);
    let end = forward_within(text, at.end, AROUND, base64);
    let around = [text.get(start..at.start), text.get(at.end..end)];
    around.into_iter().flatten().any(|part| part.len() >= 24 && surprise(part) > 6.0)
}
