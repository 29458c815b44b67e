use std::ops::Range;

use crate::encoding::base64;
use crate::entropy::entropy;
use crate::guess::may_be_password;
use crate::placeholder::is_placeholder;
use crate::span::{begins_word, forward_within};
use crate::surprise::surprise;

/// The longest credentials, in bytes.
const LONGEST: usize = 300;

/// Finds the credentials behind a scheme of the header `Authorization` (RFC 9110, 11.4) that lies at `at`.
pub(crate) fn credentials(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    if !begins_word(text, at.start) {
        return None;
    }
    let end = forward_within(text, at.end, LONGEST + 1, |byte| {
        byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
    });
    let value = text.get(at.end..end)?.trim_end_matches('.');
    if value.len() > LONGEST {
        return None;
    }
    let is_secret = if text.get(at.clone())?.eq_ignore_ascii_case("basic ") {
        let pair = String::from_utf8(base64(value)?).ok()?;
        pair.split_once(':').is_some_and(|(user, password)| may_be_password(password) && user != password)
    } else {
        value.len() >= 16
            && value.bytes().any(|byte| byte.is_ascii_digit())
            && entropy(value) > 3.0
            && surprise(value) > 6.5
            && !is_placeholder(value)
    };
    is_secret.then(|| at.end..at.end + value.len())
}
