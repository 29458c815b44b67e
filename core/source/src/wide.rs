//! Encodings with multi-byte units, with and without a byte order mark.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// Of every three characters in a text without a byte order mark, how many must be ASCII, as in source code and
/// settings.
const ASCII_OF_THREE: usize = 2;

/// Decodes bytes that start with the byte order mark of UTF-32, and returns the encoding's name; the inner `None` means
/// invalid.
pub(super) fn marked_utf32(bytes: &[u8]) -> Option<(&'static str, Option<String>)> {
    let little = bytes.strip_prefix(b"\xff\xfe\0\0");
    let big = bytes.strip_prefix(b"\0\0\xfe\xff");
    match (little, big) {
        (Some(body), _) => Some(("UTF-32LE", utf32(body, u32::from_le_bytes))),
        (_, Some(body)) => Some(("UTF-32BE", utf32(body, u32::from_be_bytes))),
        _ => None,
    }
}

/// Decodes UTF-16 or UTF-32 without a byte order mark, and returns the encoding's name.
///
/// Detected if every unit is valid, none is an unusual control character, and at least two thirds are ASCII.
pub(super) fn unmarked(bytes: &[u8]) -> Option<(&'static str, String)> {
    if bytes.len() < 4 || !bytes.contains(&0) {
        return None;
    }
    let utf16 = |encoding: &'static Encoding| {
        let even = bytes.len().is_multiple_of(2);
        let text = even.then(|| encoding.decode_without_bom_handling_and_without_replacement(bytes))??;
        Some((encoding.name(), text.into_owned()))
    };
    let candidates = [
        utf16(UTF_16LE),
        utf16(UTF_16BE),
        utf32(bytes, u32::from_le_bytes).map(|text| ("UTF-32LE", text)),
        utf32(bytes, u32::from_be_bytes).map(|text| ("UTF-32BE", text)),
    ];
    candidates.into_iter().flatten().find(|(_, text)| reads_as_text(text))
}

fn utf32(bytes: &[u8], unit: impl Fn([u8; 4]) -> u32) -> Option<String> {
    let (units, []) = bytes.as_chunks::<4>() else { return None };
    units.iter().map(|bytes| char::from_u32(unit(*bytes))).collect()
}

fn reads_as_text(text: &str) -> bool {
    let (mut all, mut ascii) = (0, 0);
    for c in text.chars() {
        if c.is_control() && !matches!(c, '\t' | '\n' | '\x0b' | '\x0c' | '\r' | '\x1b') {
            return false;
        }
        all += 1;
        ascii += usize::from(c.is_ascii());
    }
    all > 0 && ascii * 3 >= all * ASCII_OF_THREE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf16_and_utf32_without_a_mark_are_found() {
        let text = "key = 'größe' # 名\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let long: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        for (bytes, name) in [(little, "UTF-16LE"), (big, "UTF-16BE"), (long, "UTF-32LE")] {
            assert_eq!(unmarked(&bytes), Some((name, text.to_owned())));
        }
    }

    #[test]
    fn a_nul_in_a_text_of_bytes_is_none_of_them() {
        for bytes in
            [&b"x = 1\n\0\n"[..], b"x = 1\0", b"ab\0\0", b"a\0", b"\0\0\0\0\0\0\0\0", b"key=1\0name=2\0"]
        {
            assert_eq!(unmarked(bytes), None, "{bytes:?}");
        }
    }
}
