use crate::entropy::entropy;
use crate::placeholder::is_sample;

/// Whether a key's variable part may have been drawn at random and is no sample.
pub(crate) fn random(body: &str) -> bool {
    // Sixteen random hexadecimal digits stay above 2.5 but in one of millions.
    let least = if body.bytes().all(|byte| byte.is_ascii_hexdigit()) { 2.5 } else { 2.9 };
    entropy(body) > least && !is_sample(body)
}
