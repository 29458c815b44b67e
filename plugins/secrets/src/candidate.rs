use crate::assignment::Context;
use crate::config::Config;
use crate::entropy::entropy;
use crate::keyword::Weight;
use crate::literal::unescaped;
use crate::name::{Suspicion, is_aws_secret};
use crate::placeholder::{is_placeholder, is_sample};
use crate::span::{base64, holds};
use crate::surprise::surprise;

/// What an assigned value is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Verdict {
    /// Drawn at random, by the look of it.
    Secret,
    /// A secret of the form that AWS gives out.
    AwsSecret,
    /// It would be, with more entropy or length than its so many bits a character.
    Below(f64),
    /// A placeholder, text, a path, a digest.
    Harmless,
}

/// A value and what is known of its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub name: &'a str,
    pub value: &'a str,
    /// What the name says.
    pub says: Suspicion,
    pub context: Context,
}

/// Judges a value assigned to a suspicious name.
pub(crate) fn judge(candidate: &Candidate<'_>, config: &Config) -> Verdict {
    let Candidate { name, value, says, context } = *candidate;
    if value.len() == 40
        && value.bytes().all(base64)
        && is_aws_secret(name)
        && entropy(value) > 4.0
        && !is_sample(value)
    {
        return Verdict::AwsSecret;
    }
    let value = if value.contains('\\') { &*unescaped(value) } else { value };
    // What is encoded there is looked at by itself.
    if value.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic ")) {
        return Verdict::Harmless;
    }
    let value = after_scheme(value);
    let digest =
        says.digest && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=_-%".contains(&byte));
    if digest
        || is_placeholder(value)
        || is_text(value)
        || is_code(value)
        || !is_surprising(value, says.weight, context)
    {
        return Verdict::Harmless;
    }
    let bits = entropy(value);
    let least = if is_hex(value) { config.min_hex_entropy } else { config.min_entropy };
    if bits >= least && value.chars().count() >= config.min_length as usize {
        Verdict::Secret
    } else {
        Verdict::Below(bits)
    }
}

/// Whether a value was drawn at random rather than made of words, for what its name and its place say.
fn is_surprising(value: &str, weight: Weight, context: Context) -> bool {
    let any = |class: fn(&u8) -> bool| value.as_bytes().iter().any(class);
    let digit = any(u8::is_ascii_digit);
    let letter = any(u8::is_ascii_alphabetic);
    if is_hex(value) {
        // A weak name must have a whole key of 128 bits.
        return digit
            && letter
            && (weight == Weight::Strong && context != Context::Loose || value.len() >= 32);
    }
    let (small, capital) = (any(u8::is_ascii_lowercase), any(u8::is_ascii_uppercase));
    let sign = value.bytes().any(|byte| byte.is_ascii_punctuation() && !b"_-./: ".contains(&byte));
    let spaced = value.contains(' ');
    let least = match weight {
        Weight::Strong if digit && small && capital && sign && !spaced => 5.3,
        Weight::Strong if digit => 6.0,
        Weight::Strong => 7.0,
        Weight::Weak if digit => 6.5,
        Weight::Weak => 7.6,
    };
    let more = if context == Context::Loose { 0.9 } else { 0.0 };
    let more = if spaced { f64::max(more, 6.6 - least) } else { more };
    // Without a digit there must be more of it.
    letter && (digit || value.len() >= 14) && surprise(value) >= least + more
}

/// Whether a value consists of hexadecimal digits, also in groups.
fn is_hex(value: &str) -> bool {
    let digits = value.strip_prefix("0x").unwrap_or(value);
    digits.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// A value without the scheme of a header before it: `Bearer …`, `token …`.
pub(crate) fn after_scheme(value: &str) -> &str {
    match value.split_once(' ') {
        Some((scheme, rest))
            if scheme.len() <= 8
                && scheme.bytes().all(|byte| byte.is_ascii_alphabetic())
                && !rest.contains(' ') =>
        {
            rest
        }
        _ => value,
    }
}

/// Whether a value is a text for people, most of it in letters beyond ASCII or in none.
fn is_text(value: &str) -> bool {
    let (mut letters, mut foreign, mut all) = (0usize, 0usize, 0usize);
    for c in value.chars() {
        all += 1;
        letters += usize::from(c.is_ascii_alphanumeric());
        foreign += usize::from(!c.is_ascii());
    }
    foreign * 3 > all || letters * 5 < all * 3
}

/// Whether a value is a path, an address, a call, a date or a pattern rather than something drawn at random.
fn is_code(value: &str) -> bool {
    is_path(value)
        || is_digest(value)
        || is_address(value)
        || is_date(value)
        || is_pattern(value)
        || is_call(value)
        || is_dotted(value)
        || is_alphabet(value)
}

/// Whether a value begins as a URL does.
fn is_address(value: &str) -> bool {
    let scheme = value.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    })
}

/// Whether a value names a place among files or resources: `/run/x`, `./x`, `projects/x/versions/1`. Base64 may
/// begin with a slash too.
fn is_path(value: &str) -> bool {
    let random = |part: &str| part.len() >= 16 && surprise(part) > 7.0;
    let rooted = ["/", "./", "../", "~/", "C:\\"].iter().any(|root| value.starts_with(root));
    let parts = value.split('/');
    (rooted || value.bytes().filter(|b| *b == b'/').count() > 1) && !parts.clone().any(random)
        // Names of packages and images have digits, but words too.
        && parts.filter(|part| part.len() > 2).any(|part| surprise(part) < 5.5)
}

/// Whether a value is a digest and says so: `sha256:…`, `sha512-…`, `md5:…`.
fn is_digest(value: &str) -> bool {
    let algorithm = value.split([':', '-', '$', '=']).next().unwrap_or_default();
    let length = algorithm.strip_prefix("sha").or_else(|| algorithm.strip_prefix("md"));
    length.is_some_and(|length| length.len() + 4 < value.len() && length.parse::<u16>().is_ok())
        // Of an image, of MySQL, of `htpasswd`.
        || holds(value, "@sha256:")
        || value.len() == 41 && value.strip_prefix('*').is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
        || [":$2", ":$5$", ":$6$", ":$apr1$"].iter().any(|hash| holds(value, hash))
}

/// Whether a value is a time as ISO 8601 has it, or a version.
fn is_date(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let others = value.bytes().all(|b| b.is_ascii_digit() || b"-:.TZ+ /v".contains(&b));
    others && digits * 2 > value.len()
}

/// Whether a value is a regular expression.
fn is_pattern(value: &str) -> bool {
    ["a-z", "A-Z", "0-9", "\\d", "\\w", "\\s", "(?", ".*", ".+", "[^", ")$"]
        .iter()
        .any(|part| holds(value, part))
}

/// Whether a value is a call or the index of something: `name(…)`, `name[…]`.
fn is_call(value: &str) -> bool {
    let (open, close) = if value.ends_with([')', ';']) { ('(', ')') } else { ('[', ']') };
    let Some((callee, arguments)) = value.split_once(open) else { return false };
    let name = callee.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.:$&*!<>".contains(&b));
    let random = |part: &str| part.len() >= 6 && surprise(part) > 6.5;
    !callee.is_empty() && name && value.contains(close) && !random(callee) && !random(arguments)
}

/// Whether a value is a chain of names: `user.name1`, `a::b1`, `a->b`.
fn is_dotted(value: &str) -> bool {
    let mut parts = value.split("::").flat_map(|part| part.split("->")).flat_map(|part| part.split('.'));
    let name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.len() < 24
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && (part.len() < 8 || surprise(part) < 6.5)
    };
    parts.clone().count() > 1 && parts.all(name)
}

/// Whether a value lists characters in order, as the alphabet of an encoding does.
fn is_alphabet(value: &str) -> bool {
    let steps =
        value.as_bytes().windows(2).filter(|pair| matches!(pair, [a, b] if a.wrapping_add(1) == *b)).count();
    steps * 2 > value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_code_from_what_was_drawn_at_random() {
        for value in [
            "/run/secrets/db1",
            "~/.token1",
            "projects/42/secrets/pat/versions/1",
            "a::b1",
            "get(a1)",
            "user.name1",
            "sha256:9f86d081884c7d659a2feaa0c55ad015",
            "sha512-k9Tq2mZp7Rw4",
            "https://k9Tq2mZp7Rw4",
            "2024-01-01T00:00:00Z",
            "[A-Za-z0-9]{32}",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        ] {
            assert!(is_code(value), "{value}");
        }
        for value in [
            "k9Tq2mZp7Rw4",
            "sharp-k9Tq2mZp7Rw4",
            "/9f3Kq8xLw2Zt7Vb4NpRs6Yc1/d=",
            "xFr7(bTEpo9RaTk)zFgS2",
            "xFr7::bTEpo9RaTkzFgS2",
            ".xFr7bTEpo9RaTkzFgS2",
            "secret-qWkZmpRwTtLxVbNc1",
        ] {
            assert!(!is_code(value), "{value}");
        }
    }
}
