use std::ops::Range;

use crate::placeholder::is_placeholder;
use crate::span::{backward, forward};

/// Finds the password of a URL, `scheme://user:password@host`, whose `://` lies at `at`.
pub(crate) fn password(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    let scheme = backward(text, at.start, |b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if scheme == at.start {
        return None;
    }
    // Of the authority (RFC 3986, 3.2): what a user and a password may hold, less what ends a literal.
    let name = |b: u8| b.is_ascii_alphanumeric() || b"-._~%!$&*+,;=".contains(&b);
    let user = at.end..forward(text, at.end, name);
    let colon = text.as_bytes().get(user.end)?;
    let password =
        user.end + 1..forward(text, user.end + 1, |b| b.is_ascii_graphic() && !b"/@:\"'`<>\\)".contains(&b));
    let close = text.as_bytes().get(password.end)?;
    let host = password.end + 1..forward(text, password.end + 1, |b| {
        b.is_ascii_alphanumeric() || b"-._[".contains(&b)
    });
    let (value, host) = (text.get(password.clone())?, text.get(host)?);
    // `docker://image:tag@sha256:…`
    let digest = host.strip_prefix("sha").is_some_and(|length| length.parse::<u16>().is_ok());
    let sample_host = host.is_empty() || host.starts_with("example.") || host.contains(".example");
    let fits = *colon == b':' && *close == b'@' && value.len() >= 4 && !sample_host && !digest;
    (fits && !is_placeholder(value) && text.get(user) != Some(value)).then_some(password)
}
