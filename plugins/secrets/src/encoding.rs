use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::work::examined;

/// Decodes base64url with or without padding.
pub(crate) fn base64url(text: &str) -> Option<Vec<u8>> {
    decode(&URL_SAFE, text)
}

/// Decodes base64 with or without padding.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    decode(&STANDARD, text)
}

/// Reads a JSON object in base64 of either alphabet.
pub(crate) fn object(text: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
    serde_json::from_slice(&base64url(text).or_else(|| base64(text))?).ok()
}

fn decode(alphabet: &Alphabet, text: &str) -> Option<Vec<u8>> {
    examined(text.len());
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(alphabet, config).decode(text).ok()
}
