use std::ops::Range;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::checksum::github_checksum_fits;
use crate::entropy::entropy;
use crate::placeholder::is_sample;
use crate::span::{
    alphanumeric, backward_within, base32, base64 as base64_byte, capital_or_digit, find, forward,
    forward_within, is_at, lower_hex, url_safe,
};
use crate::work::examined;

/// A published format of keys.
pub(crate) struct Format {
    /// The manifest's rule.
    pub rule: &'static str,
    /// What a message calls it.
    pub title: &'static str,
    /// Finds the key around an anchor that lies at `Range` in the text.
    pub find: fn(&str, Range<usize>) -> Option<Range<usize>>,
}

/// Those whose keys can be told by their form, from their issuers' documentation.
pub(crate) const FORMATS: &[Format] = &[
    Format {
        rule: "aws-access-key-id",
        title: "AWS access key id",
        find: |text, at| whole(text, at, base32, 16..=16, alphanumeric),
    },
    Format {
        rule: "github-token",
        title: "GitHub token",
        find: |text, at| {
            let body = at.end;
            let span = whole(text, at, alphanumeric, 36..=36, url_safe)?;
            github_checksum_fits(text.get(body..span.end)?).then_some(span)
        },
    },
    Format {
        rule: "github-fine-grained-token",
        title: "GitHub fine-grained token",
        find: |text, at| {
            let body = at.end;
            let span = whole(text, at, url_safe, 82..=82, url_safe)?;
            let (owner, rest) = text.get(body..span.end)?.split_once('_')?;
            (owner.len() == 22 && rest.len() == 59 && rest.bytes().all(alphanumeric)).then_some(span)
        },
    },
    Format {
        rule: "gitlab-token",
        title: "GitLab token",
        find: |text, at| {
            let span = whole(text, at, |b| url_safe(b) || b == b'.', 20..=300, url_safe)?;
            // A full stop after a key is the sentence's.
            let key = text.get(span.clone())?.trim_end_matches('.').len();
            (key >= "glpat-".len() + 20).then_some(span.start..span.start + key)
        },
    },
    Format {
        rule: "slack-token",
        title: "Slack token",
        find: |text, at| {
            let body = at.end;
            let span = whole(text, at, |b| alphanumeric(b) || b == b'-', 20..=255, url_safe)?;
            let parts = text.get(body..span.end)?.split('-').count();
            (parts > 1).then_some(span)
        },
    },
    Format { rule: "slack-webhook", title: "Slack webhook", find: slack_webhook },
    Format {
        rule: "stripe-key",
        title: "Stripe live key",
        find: |text, at| whole(text, at, alphanumeric, 24..=247, url_safe),
    },
    Format {
        rule: "google-api-key",
        title: "Google API key",
        find: |text, at| whole(text, at, url_safe, 35..=35, url_safe),
    },
    Format { rule: "openai-key", title: "OpenAI key", find: openai_key },
    Format {
        rule: "anthropic-key",
        title: "Anthropic key",
        find: |text, at| {
            let span = whole(text, at, url_safe, 90..=130, url_safe)?;
            text.get(span.clone())?.ends_with("AA").then_some(span)
        },
    },
    Format {
        rule: "npm-token",
        title: "npm token",
        find: |text, at| whole(text, at, alphanumeric, 36..=36, url_safe),
    },
    Format { rule: "pypi-token", title: "PyPI token", find: pypi_token },
    Format {
        rule: "sendgrid-key",
        title: "SendGrid key",
        find: |text, at| {
            let start = at.start;
            let id = whole(text, at, url_safe, 22..=22, url_safe)?.end;
            if !is_at(text, id, |b| b == b'.') {
                return None;
            }
            let end = forward_within(text, id + 1, 44, url_safe);
            let goes_on = is_at(text, end, |b| b == b'.') && is_at(text, end + 1, url_safe);
            (end == id + 44 && !goes_on && random(text.get(id + 1..end)?)).then_some(start..end)
        },
    },
    Format {
        rule: "twilio-key",
        title: "Twilio API key",
        find: |text, at| whole(text, at, lower_hex, 32..=32, alphanumeric),
    },
    Format { rule: "json-web-token", title: "JSON web token", find: json_web_token },
    Format { rule: "private-key", title: "private key", find: private_key },
    Format { rule: "azure-storage-key", title: "Azure storage key", find: azure_storage_key },
];

/// A key that is the anchor and so many bytes of the class after it, and that no byte of `word` adjoins.
fn whole(
    text: &str,
    anchor: Range<usize>,
    class: fn(u8) -> bool,
    lengths: std::ops::RangeInclusive<usize>,
    word: fn(u8) -> bool,
) -> Option<Range<usize>> {
    if anchor.start.checked_sub(1).is_some_and(|before| is_at(text, before, word)) {
        return None;
    }
    let end = forward_within(text, anchor.end, lengths.end() + 1, class);
    if is_at(text, end, word) || !lengths.contains(&(end - anchor.end)) {
        return None;
    }
    let body = text.get(anchor.end..end)?;
    random(body).then_some(anchor.start..end)
}

/// Whether a key's variable part may have been drawn at random and is no sample.
fn random(body: &str) -> bool {
    // Sixteen random hexadecimal digits stay above 2.5 but in one of millions.
    entropy(body) > 2.5 && !is_sample(body)
}

/// `T…/B…/` and 24 characters.
fn slack_webhook(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    let end = forward(text, at.end, |b| alphanumeric(b) || b == b'/');
    let body = text.get(at.end..end)?;
    let mut parts = body.split('/');
    let (team, channel, secret) = (parts.next()?, parts.next()?, parts.next()?);
    let id =
        |part: &str, first| part.len() >= 8 && part.starts_with(first) && part.bytes().all(capital_or_digit);
    let fits =
        id(team, 'T') && id(channel, 'B') && secret.len() == 24 && random(secret) && parts.next().is_none();
    // The scheme is no secret, and the path alone is enough to post.
    fits.then_some(at.start..end)
}

/// Every key holds `OpenAI` in base64 between two halves.
fn openai_key(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    /// Those seen have at most 82 bytes on either side.
    const LONGEST: usize = 200;
    let start = backward_within(text, at.start, LONGEST + 1, url_safe);
    let left = at.start - start;
    if !(23..=LONGEST).contains(&left) || !text.get(start..at.start)?.starts_with("sk-") {
        return None;
    }
    let end = forward_within(text, at.end, LONGEST + 1, url_safe);
    let key = text.get(start + "sk-".len()..end)?;
    ((20..=LONGEST).contains(&(end - at.end)) && random(key)).then_some(start..end)
}

/// A macaroon, version 2, whose first field is the site's name.
fn pypi_token(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    /// Several times what the site gives out.
    const LONGEST: usize = 1 << 10;
    let body = at.start + "pypi-".len();
    let head = decode(&alphabet::URL_SAFE, text.get(body..body + 24)?)?;
    let site = head.get(3..)?;
    if !site.starts_with(b"pypi.org") && !site.starts_with(b"test.pypi.org") {
        return None;
    }
    let end = forward_within(text, body, LONGEST + 1, url_safe);
    let macaroon = decode(&alphabet::URL_SAFE, text.get(body..end)?)?;
    (end - body <= LONGEST && macaroon.len() > 60).then_some(at.start..end)
}

/// A header that decodes to an object with an algorithm, a claim set, and a signature.
fn json_web_token(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    /// Of each part. Servers take less in a header of a request.
    const LONGEST: usize = 16 << 10;
    if at.start.checked_sub(1).is_some_and(|before| is_at(text, before, url_safe)) {
        return None;
    }
    // Part by part: each is at most once a header, once a claim set and once a signature.
    let part = |start: usize| {
        let end = forward_within(text, start, LONGEST + 1, url_safe);
        text.get(start..end).filter(|part| part.len() <= LONGEST).map(|part| (part, end))
    };
    let after_dot = |end: usize| is_at(text, end, |b| b == b'.').then_some(end + 1);
    let object = |part| -> Option<serde_json::Map<String, serde_json::Value>> {
        serde_json::from_slice(&decode(&alphabet::URL_SAFE, part)?).ok()
    };
    let (header, end) = part(at.start)?;
    let start = after_dot(end)?;
    object(header)?.get("alg")?.as_str()?;
    let (claims, end) = part(start)?;
    let start = after_dot(end)?;
    object(claims)?;
    let (signature, end) = part(start)?;
    (signature.len() >= 20 && random(signature)).then_some(at.start..end)
}

/// RFC 7468 and its predecessors, on lines or escaped in a string.
fn private_key(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    /// An RSA key of 16384 bits takes 12 KiB.
    const LONGEST: usize = 16 << 10;
    const LONGEST_LABEL: usize = 39;
    let (dashes, end_mark, label_limit) = ("-----", "-----END ", LONGEST_LABEL + 5);
    let label_end = find(text, at.end, label_limit, dashes)?;
    let label = text.get(at.end..label_end)?;
    if !label.ends_with("PRIVATE KEY") && !label.ends_with("PRIVATE KEY BLOCK") {
        return None;
    }
    let body = label_end + dashes.len();
    // A block that does not end before the next begins has no end.
    let limit = LONGEST + end_mark.len() - 1;
    let limit = find(text, body, limit, "-----BEGIN ").map_or(limit, |next| next - body);
    let close = find(text, body, limit, end_mark)?;
    let digits: String =
        text.get(body..close)?.chars().filter(|&c| c.is_ascii() && base64_byte(c as u8)).collect();
    let end = find(text, close + end_mark.len(), label_limit, dashes)? + dashes.len();
    (digits.len() >= 64 && entropy(&digits) > 4.0 && !is_sample(&digits)).then_some(at.start..end)
}

/// 64 bytes, but not those of the emulator, which are the same everywhere.
fn azure_storage_key(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    /// With padding.
    const LONGEST: usize = 88;
    let end = forward_within(text, at.end, LONGEST + 1, |b| base64_byte(b) || b == b'=');
    let key = text.get(at.end..end).filter(|key| key.len() <= LONGEST)?;
    let bytes = decode(&alphabet::STANDARD, key)?;
    (bytes.len() == 64 && random(key) && !key.starts_with("Eby8vdM02xNOcqFl")).then_some(at.end..end)
}

/// Decodes with or without padding.
fn decode(alphabet: &alphabet::Alphabet, text: &str) -> Option<Vec<u8>> {
    examined(text.len());
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(alphabet, config).decode(text).ok()
}
