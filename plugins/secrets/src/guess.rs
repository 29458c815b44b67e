use crate::placeholder::is_placeholder;
use crate::surprise::surprise;

/// Whether a password whose place alone says what it is may be a real one: it need not be drawn at random, but it is no
/// default, no placeholder and no word.
pub(crate) fn may_be_password(value: &str) -> bool {
    let any = |class: fn(&u8) -> bool| value.as_bytes().iter().any(class);
    let mixed = any(u8::is_ascii_digit) && any(u8::is_ascii_alphabetic);
    let sign = |byte: &u8| byte.is_ascii_punctuation() && !b"-_.".contains(byte);
    let signs = value.as_bytes().iter().any(sign) && any(u8::is_ascii_alphabetic);
    let fits = match value.len() {
        0..6 => false,
        6..8 => mixed,
        _ => (mixed || signs) && surprise(value) > 4.5 || surprise(value) > 6.5,
    };
    fits && !is_placeholder(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_defaults_are_no_passwords() {
        for value in ["hunter2", "k9Tq2mZp", "Kx!9-mQw2", "xFr7(bTEpo)", "tRbQxZwPmN"] {
            assert!(may_be_password(value), "{value}");
        }
        for value in [
            "",
            "abc1",
            "password",
            "letmein",
            "p@ssw0rd",
            "foo@bar",
            "${PASSWORD}",
            "<password>",
            "my-password",
        ] {
            assert!(!may_be_password(value), "{value}");
        }
    }
}
