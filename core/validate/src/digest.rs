//! The format of a digest: BLAKE3, 32 bytes, in lower-case hexadecimal.

use super::violation::{Constraint, Violation, shown_text};

/// Checks a BLAKE3 digest written as 64 lower-case hexadecimal digits; `field` is the name in the error.
///
/// # Errors
///
/// The text has another format.
pub fn check_digest<'text>(field: &str, digest: &'text str) -> Result<&'text str, Violation> {
    if digest.len() == 64 && digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Ok(digest);
    }
    Err(Violation::new(
        field,
        shown_text(digest),
        Constraint::Format,
        "64 lower-case hexadecimal digits of BLAKE3",
    ))
}
