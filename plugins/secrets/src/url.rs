use std::ops::Range;

use crate::guess::may_be_password;
use crate::span::{backward, backward_within, forward, forward_within};

/// The longest name of a data source up to its host, in bytes.
const LONGEST: usize = 160;

/// Finds the password of a URL, `scheme://user:password@host`, whose `://` lies at `at`.
pub(crate) fn password(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    let scheme = backward(text, at.start, |b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if scheme == at.start {
        return None;
    }
    // Of the authority (RFC 3986, 3.2): what a user and a password hold, and what people leave without escapes.
    let user = at.end..forward(text, at.end, |b| b.is_ascii_alphanumeric() || b"-._~%!$&*+,;=".contains(&b));
    if text.as_bytes().get(user.end)? != &b':' {
        return None;
    }
    let start = user.end + 1;
    let end = forward(text, start, |b| {
        !b.is_ascii_whitespace() && !b.is_ascii_control() && !b"/\"'`\\".contains(&b)
    });
    // The last `@` is that of the host.
    let value = text.get(start..end)?.rsplit_once('@')?.0;
    let host_at = start + value.len() + 1;
    let host =
        text.get(host_at..forward(text, host_at, |b| b.is_ascii_alphanumeric() || b"-._[".contains(&b)))?;
    // `docker://image:tag@sha256:…`
    let digest = host.strip_prefix("sha").is_some_and(|length| length.parse::<u16>().is_ok());
    let sample_host = host.is_empty() || host.starts_with("example.") || host.contains(".example");
    let port = value
        .find(['?', '#'])
        .is_some_and(|at| value.get(..at).is_some_and(|port| port.parse::<u16>().is_ok()));
    let fits = !digest && !sample_host && !port && !value.contains("://");
    (fits && may_be_password(&percent_decoded(value)) && text.get(user) != Some(value))
        .then_some(start..start + value.len())
}

/// Finds the password of `user:password@tcp(host)`, whose `@tcp(` lies at `at`.
pub(crate) fn data_source(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    let start =
        backward_within(text, at.start, LONGEST, |b| !b.is_ascii_whitespace() && !b"/\"'`".contains(&b));
    let user = text.get(start..at.start)?.find(':')?;
    let password = start + user + 1..at.start;
    may_be_password(text.get(password.clone())?).then_some(password)
}

/// Finds the password of `jdbc:oracle:thin:user/password@host`, whose `jdbc:oracle:` lies at `at`.
pub(crate) fn oracle(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    let end = forward_within(text, at.end, LONGEST, |b| !b.is_ascii_whitespace() && !b"\"'`".contains(&b));
    let (login, _) = text.get(at.end..end)?.split_once('@')?;
    let (user, password) = login.split_once('/')?;
    let start = at.end + user.len() + 1;
    (user.contains(':') && may_be_password(password)).then_some(start..start + password.len())
}

/// What the escapes of a URL stand for (RFC 3986, 2.1).
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = (byte == b'%')
            .then(|| u8::from_str_radix(std::str::from_utf8(after.get(..2)?).ok()?, 16).ok())
            .flatten();
        bytes.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
