//! Runs of bytes of a class, from a place in the text. Where a class is ASCII, its runs lie on character
//! boundaries.
//!
//! Anchors may follow one another through a whole text, and what they cost together must not grow faster than
//! the text. So where a run may hold the next anchor of its kind, which would pass the same bytes again, it is
//! scanned within a limit.

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

/// Whether the byte at `at`, if there is one, is of the class.
pub(crate) fn is_at(text: &str, at: usize, class: fn(u8) -> bool) -> bool {
    text.as_bytes().get(at).is_some_and(|&byte| class(byte))
}

pub(crate) fn alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// Of base64url and identifiers with hyphens.
pub(crate) fn url_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

pub(crate) fn base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

pub(crate) fn base32(byte: u8) -> bool {
    byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte)
}

pub(crate) fn lower_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

pub(crate) fn capital_or_digit(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

pub(crate) fn blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}
