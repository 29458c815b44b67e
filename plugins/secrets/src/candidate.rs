use crate::assignment::Assignment;
use crate::config::Config;
use crate::digest::DigestLine;
use crate::entropy::entropy;
use crate::placeholder::is_placeholder;
use crate::span::base64;

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

/// Judges a value assigned to a suspicious name, none that starts before the one judged last.
pub(crate) fn judge(text: &str, found: &Assignment, line: &mut DigestLine, config: &Config) -> Verdict {
    let (Some(name), Some(value)) = (text.get(found.name.clone()), text.get(found.value.clone())) else {
        return Verdict::Harmless;
    };
    if !value.bytes().all(|b| b.is_ascii_graphic()) || is_placeholder(value) || is_code(value) {
        return Verdict::Harmless;
    }
    let hex = value.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let mixed = value.bytes().any(|b| b.is_ascii_digit()) && value.bytes().any(|b| b.is_ascii_alphabetic());
    if !mixed || (hex && line.names(text, found.value.start)) {
        return Verdict::Harmless;
    }
    let bits = entropy(value);
    let lower = name.to_ascii_lowercase();
    let aws = lower.contains("secret") && (lower.contains("aws") || lower.contains("access"));
    if aws && value.len() == 40 && value.bytes().all(base64) && bits > 4.0 {
        return Verdict::AwsSecret;
    }
    let least = if hex { config.min_hex_entropy } else { config.min_entropy };
    if bits >= least && value.len() >= config.min_length as usize {
        Verdict::Secret
    } else {
        Verdict::Below(bits)
    }
}

/// Whether a value is a path, an address, a call or a name in code rather than something drawn at random.
fn is_code(value: &str) -> bool {
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphabetic());
    value.starts_with(['/', '.', '~'])
        || value.contains("://")
        || value.contains("::")
        || value.contains('(')
        || value.split(['.', '_', '-', '/', ':']).filter(|part| !word(part)).count() == 0
        || (value.contains('.')
            && value
                .split('.')
                .all(|part| part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.len() < 12))
}
