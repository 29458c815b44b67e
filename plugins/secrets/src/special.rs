use std::ops::Range;

use crate::encoding::{base64, base64url, object};
use crate::entropy::entropy;
use crate::family::{Class, Special};
use crate::placeholder::{EMULATOR, is_sample};
use crate::random::random;
use crate::span::{
    alphanumeric, backward_within, base64 as base64_byte, begins_word, find as find_text, forward_within,
    is_at, url_safe,
};

/// Finds a key of a form that parts alone do not describe.
pub(crate) fn find(special: Special, text: &str, at: Range<usize>) -> Option<Range<usize>> {
    match special {
        Special::GitHubStateless => github_stateless(text, at),
        Special::GitLab => gitlab(text, at),
        Special::Slack => slack(text, at),
        Special::SlackWebhook => slack_webhook(text, at),
        Special::OpenAi => openai(text, at),
        Special::PyPi => pypi(text, at),
        Special::JsonWebToken => {
            begins_word(text, at.start).then(|| json_web_token(text, at.start)).flatten()
        }
        Special::PrivateKey => private_key(text, at),
        Special::PuttyKey => putty_key(text, at),
        Special::AzureStorage => azure_storage(text, at),
    }
}

/// `ghs_APPID_JWT`: GitHub's installation tokens since 2026.
fn github_stateless(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    let end = forward_within(text, at.end, 20, |byte| byte.is_ascii_digit());
    if end == at.end || !is_at(text, end, |byte| byte == b'_') || !begins_word(text, at.start) {
        return None;
    }
    json_web_token(text, end + 1).map(|token| at.start..token.end)
}

/// What GitLab gives out: 20 characters or more, 40 hexadecimal digits for triggers, and a payload with the length
/// and checksum behind a full stop where the token is routable. Names of instances may come before it.
fn gitlab(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    if !begins_word(text, at.start) {
        return None;
    }
    let end = forward_within(text, at.end, 301, |byte| url_safe(byte) || byte == b'.');
    // A full stop after a key is the sentence's.
    let body = text.get(at.end..end)?.trim_end_matches('.');
    let (payload, routing) = body.split_once('.').map_or((body, None), |(body, rest)| (body, Some(rest)));
    let routed = routing.is_none_or(|routing| {
        let digits = routing.bytes().filter(|byte| *byte != b'.');
        matches!(digits.clone().count(), 9 | 11)
            && digits.clone().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    });
    let kept = if routed { body } else { payload };
    let lengths = (20..=300).contains(&payload.len());
    (lengths && random(payload)).then_some(at.start..at.end + kept.len())
}

/// Parts of letters and digits, parted by hyphens; the newest end in a long part, which may be escaped for a URL.
fn slack(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    if !begins_word(text, at.start) {
        return None;
    }
    let end = forward_within(text, at.end, 301, |byte| alphanumeric(byte) || b"-%_".contains(&byte));
    let body = text.get(at.end..end)?;
    let cookie = text.get(at.clone())? == "xoxd-";
    let parts = || body.split('-');
    let last = parts().next_back()?;
    let fits = (20..=300).contains(&body.len())
        && (cookie || parts().count() > 1 || body.len() >= 40)
        && (last.len() >= 8 || cookie)
        && body.bytes().any(|byte| byte.is_ascii_digit())
        && random(body);
    fits.then_some(at.start..end)
}

/// The path behind the host: `T…/B…/` and 24 characters, or what workflows and triggers have.
fn slack_webhook(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    let end = forward_within(text, at.end, 120, |byte| alphanumeric(byte) || byte == b'/');
    let body = text.get(at.end..end)?.trim_end_matches('/');
    let mut parts = body.split('/');
    let (team, secret) = (parts.next()?, parts.next_back()?);
    let id = |part: &str| part.len() >= 8 && part.bytes().all(|byte| Class::Capital.has(byte));
    let fits = id(team)
        && team.starts_with(['T', 'E'])
        && parts.next().is_some()
        && secret.len() >= 20
        && random(secret);
    // The scheme is no secret, and the path alone is enough to post.
    fits.then_some(at.start..at.end + body.len())
}

/// Every key holds `OpenAI` in base64 between two halves.
fn openai(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    /// Those seen have at most 82 bytes on either side.
    const LONGEST: usize = 200;
    let start = backward_within(text, at.start, LONGEST + 1, url_safe);
    // A word with a hyphen may come before it.
    let start = start + text.get(start..at.start)?.find("sk-")?;
    let left = at.start - start;
    if !(23..=LONGEST).contains(&left) || !begins_word(text, start) {
        return None;
    }
    let end = forward_within(text, at.end, LONGEST + 1, url_safe);
    let key = text.get(start + "sk-".len()..end)?;
    ((20..=LONGEST).contains(&(end - at.end)) && random(key)).then_some(start..end)
}

/// A macaroon, version 2, whose first field is the site's name.
fn pypi(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    /// Several times what the site gives out.
    const LONGEST: usize = 1 << 10;
    let body = at.start + "pypi-".len();
    let head = base64url(text.get(body..body + 24)?)?;
    let site = head.get(3..)?;
    if !site.starts_with(b"pypi.org") && !site.starts_with(b"test.pypi.org") {
        return None;
    }
    let end = forward_within(text, body, LONGEST + 1, url_safe);
    let macaroon = base64url(text.get(body..end)?)?;
    (end - body <= LONGEST && macaroon.len() > 60).then_some(at.start..end)
}

/// A header that decodes to an object with an algorithm, a claim set, and a signature.
fn json_web_token(text: &str, start: usize) -> Option<Range<usize>> {
    /// Of each part. Servers take less in a header of a request.
    const LONGEST: usize = 16 << 10;
    // Part by part: each is at most once a header, once a claim set and once a signature.
    let part = |start: usize| {
        let end = forward_within(text, start, LONGEST + 1, url_safe);
        text.get(start..end).filter(|part| part.len() <= LONGEST).map(|part| (part, end))
    };
    let after_dot = |end: usize| is_at(text, end, |b| b == b'.').then_some(end + 1);
    let (header, end) = part(start)?;
    let claims_at = after_dot(end)?;
    object(header)?.get("alg")?.as_str()?;
    let (claims, end) = part(claims_at)?;
    let signature_at = after_dot(end)?;
    object(claims)?;
    let (signature, end) = part(signature_at)?;
    (signature.len() >= 20 && random(signature)).then_some(start..end)
}

/// RFC 7468 and its predecessors, on lines or escaped in a string.
fn private_key(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    /// An RSA key of 16384 bits takes 12 KiB.
    const LONGEST: usize = 16 << 10;
    const LONGEST_LABEL: usize = 39;
    let (dashes, end_mark, label_limit) = ("-----", "-----END ", LONGEST_LABEL + 5);
    let label_end = find_text(text, at.end, label_limit, dashes)?;
    let label = text.get(at.end..label_end)?;
    if !label.ends_with("PRIVATE KEY") && !label.ends_with("PRIVATE KEY BLOCK") {
        return None;
    }
    let body = label_end + dashes.len();
    // A block that does not end before the next begins has no end.
    let limit = LONGEST + end_mark.len() - 1;
    let limit = find_text(text, body, limit, "-----BEGIN ").map_or(limit, |next| next - body);
    let close = find_text(text, body, limit, end_mark)?;
    let digits: String =
        text.get(body..close)?.chars().filter(|&c| c.is_ascii() && base64_byte(c as u8)).collect();
    let end = find_text(text, close + end_mark.len(), label_limit, dashes)? + dashes.len();
    (digits.len() >= 64 && entropy(&digits) > 4.0 && !is_sample(&digits)).then_some(at.start..end)
}

/// From the first line of PuTTY's format to the end of its private half.
fn putty_key(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    /// As of a key in PEM.
    const LONGEST: usize = 16 << 10;
    let limit =
        find_text(text, at.end, LONGEST, "PuTTY-User-Key-File-").map_or(LONGEST, |next| next - at.end);
    let count = find_text(text, at.end, limit, "Private-Lines:")?;
    let body = find_text(text, count, 32, "\n")? + 1;
    let count = text.get(count..body)?.trim_start_matches("Private-Lines:").trim().parse::<usize>().ok()?;
    let end =
        forward_within(text, body, LONGEST, |byte| Class::Padded.has(byte) || matches!(byte, b'\r' | b'\n'));
    let lines: usize = text.get(body..end)?.split_inclusive('\n').take(count).map(str::len).sum();
    let key = text.get(body..body + lines)?.trim_end();
    (key.len() >= 32 && entropy(key) > 3.5).then_some(at.start..body + key.len())
}

/// 64 bytes, but not those of the emulator, which are the same everywhere.
fn azure_storage(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    /// With padding.
    const LONGEST: usize = 88;
    let end = forward_within(text, at.end, LONGEST + 1, |byte| Class::Padded.has(byte));
    let key = text.get(at.end..end).filter(|key| key.len() <= LONGEST)?;
    let bytes = base64(key)?;
    (bytes.len() == 64 && random(key) && !key.starts_with(EMULATOR)).then_some(at.end..end)
}
