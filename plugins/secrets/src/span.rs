//! Runs of bytes of a class, from a place in the text. All classes are ASCII, so that what they bound lies on
//! character boundaries.

/// One past the last byte from `at` on that is of the class.
pub(crate) fn forward(text: &str, at: usize, class: fn(u8) -> bool) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    at + rest.iter().position(|&byte| !class(byte)).unwrap_or(rest.len())
}

/// The first byte of the run of the class that ends at `at`.
pub(crate) fn backward(text: &str, at: usize, class: fn(u8) -> bool) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    before.iter().rposition(|&byte| !class(byte)).map_or(0, |last| last + 1)
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
