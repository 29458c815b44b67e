use crate::family::Class;
use crate::span::{base64, url_safe};

impl Class {
    /// Whether a byte is of the class.
    pub fn has(self, byte: u8) -> bool {
        match self {
            Class::Digit => byte.is_ascii_digit(),
            Class::Letter => byte.is_ascii_alphabetic(),
            Class::LowerHex => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            Class::Hex => byte.is_ascii_hexdigit(),
            Class::Base32 => byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte),
            Class::Capital => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Class::Small => byte.is_ascii_lowercase() || byte.is_ascii_digit(),
            Class::Alphanumeric => byte.is_ascii_alphanumeric(),
            Class::Word => byte.is_ascii_alphanumeric() || byte == b'_',
            Class::UrlSafe => url_safe(byte),
            Class::Base64 => base64(byte),
            Class::Padded => base64(byte) || byte == b'=',
            Class::Escaped => base64(byte) || byte == b'=' || byte == b'%',
            Class::Unreserved => url_safe(byte) || byte == b'.' || byte == b'~',
        }
    }
}
