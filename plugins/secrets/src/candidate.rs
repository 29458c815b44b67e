use crate::assignment::Assignment;
use crate::config::Config;
use crate::entropy::entropy;
use crate::name::is_aws_secret;
use crate::placeholder::{is_placeholder, is_sample};
use crate::span::{base64, url_safe};

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

/// Judges a value assigned to a suspicious name.
pub(crate) fn judge(text: &str, found: &Assignment, config: &Config) -> Verdict {
    let (Some(name), Some(value)) = (text.get(found.name.clone()), text.get(found.value.clone())) else {
        return Verdict::Harmless;
    };
    if value.len() == 40 && value.bytes().all(base64) && is_aws_secret(name) && is_random(value) {
        return Verdict::AwsSecret;
    }
    if !value.bytes().all(|b| b.is_ascii_graphic()) || is_placeholder(value) || is_code(value) {
        return Verdict::Harmless;
    }
    let hex = value.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let mixed = value.bytes().any(|b| b.is_ascii_digit()) && value.bytes().any(|b| b.is_ascii_alphabetic());
    if !mixed {
        return Verdict::Harmless;
    }
    let bits = entropy(value);
    let least = if hex { config.min_hex_entropy } else { config.min_entropy };
    if bits >= least && value.len() >= config.min_length as usize {
        Verdict::Secret
    } else {
        Verdict::Below(bits)
    }
}

/// Whether forty digits of base64 were drawn at random.
fn is_random(value: &str) -> bool {
    entropy(value) > 4.0 && !is_sample(value)
}

/// Whether a value is a path, an address, a call or a name in code rather than something drawn at random.
fn is_code(value: &str) -> bool {
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphabetic());
    is_path(value)
        || is_name(value)
        || is_digest(value)
        || value.contains("://")
        || value.contains("::")
        || value.contains('(')
        // Letters of other languages, escaped.
        || value.contains("\\u")
        || value.split(['.', '_', '-', '/', ':']).all(letters)
        || (value.contains('.')
            && value
                .split('.')
                .all(|part| part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.len() < 12))
}

/// Whether a value names a place among files or resources: `/run/x`, `./x`, `projects/x/versions/1`. Base64 may
/// begin with a slash too.
fn is_path(value: &str) -> bool {
    let some = |part: &str, class: fn(&u8) -> bool| part.as_bytes().iter().any(class);
    let random = |part: &str| {
        part.len() >= 16
            && some(part, u8::is_ascii_digit)
            && some(part, u8::is_ascii_lowercase)
            && some(part, u8::is_ascii_uppercase)
    };
    let plain = |part: &str| {
        part.bytes().all(|b| b.is_ascii_alphabetic()) || part.bytes().all(|b| b.is_ascii_digit())
    };
    let in_base64 = || value.bytes().all(|b| base64(b) || b == b'=') && value.split('/').any(random);
    value.starts_with(['.', '~'])
        || value.starts_with('/') && !in_base64()
        || value.bytes().filter(|b| *b == b'/').count() > 1
            && value.split(['/', '.', '_', '-', ':']).all(plain)
}

/// Whether a value is the name of a secret: `DB2_PASSWORD`, `access-token-1234`.
fn is_name(value: &str) -> bool {
    const WORDS: [&str; 7] = ["password", "passwd", "passphrase", "secret", "token", "key", "credentials"];
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let named = |part: &str| WORDS.iter().any(|word| part.eq_ignore_ascii_case(word));
    let parts = || value.split(['_', '-']);
    digits <= 4
        && value.bytes().all(url_safe)
        && parts().count() > 1
        && parts().any(named)
        && parts().all(|part| part.len() <= 16)
}

/// Whether a value is a digest and says so: `sha256:…`, `sha512-…`, `md5:…`.
fn is_digest(value: &str) -> bool {
    let algorithm = value.split([':', '-', '$']).next().unwrap_or_default();
    let length = algorithm.strip_prefix("sha").or_else(|| algorithm.strip_prefix("md"));
    length.is_some_and(|length| length.len() + 4 < value.len() && length.parse::<u16>().is_ok())
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
            "\\u30e6\\u30fc",
            "DB2_PASSWORD",
            "access-token-1234",
            "sha256:9f86d081884c7d659a2feaa0c55ad015",
            "sha512-k9Tq2mZp7Rw4",
        ] {
            assert!(is_code(value), "{value}");
        }
        for value in [
            "k9Tq2mZp7Rw4",
            "sha256",
            "md5",
            "sharp-k9Tq2mZp7Rw4",
            "/9f3Kq8xLw2Zt7Vb4NpRs6Yc1/d=",
            "a1/b2/c3/d4/e5",
            "token-83746592",
            "correct-horse-7",
            "secret-qWkZmpRwTtLxVbNc1",
        ] {
            assert!(!is_code(value), "{value}");
        }
    }
}
