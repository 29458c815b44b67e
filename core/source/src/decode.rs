//! Lossless decoding of bytes to text.

use std::borrow::Cow;

use encoding_rs::{Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};

use super::cookie::{coding_cookie, xml_declaration};
use super::language::Language;
use super::skip::SkipReason;
use super::{binary, legacy, wide};

/// A decoded file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The text, without its byte order mark.
    pub text: Cow<'a, str>,
    /// The encoding: the declared or detected one.
    pub encoding: Cow<'static, str>,
}

/// Decodes a file without replacing or losing any character.
///
/// Tries in this order: a byte order mark (UTF-8, UTF-16, UTF-32), UTF-16 and UTF-32 without one, for Python the
/// encoding declared in a comment (PEP 263), UTF-8, and finally a detected encoding such as ISO-8859-1 or windows-1252,
/// for which a declaration in XML or a comment is a hint. NULs are ordinary characters. A lone carriage return becomes
/// a line feed where it ends lines: in Python, JavaScript, TypeScript and Java, as their specifications say, and in
/// texts without line feeds. Offsets do not change.
///
/// # Errors
/// [`SkipReason::Binary`] for binary files, [`SkipReason::NotUtf8`] if a byte is invalid in the declared or detected
/// encoding, [`SkipReason::UnknownEncoding`] if the declared encoding is needed but unknown.
pub fn decode(bytes: &[u8], language: Language) -> Result<Decoded<'_>, SkipReason> {
    let decoded = undo(bytes, language)?;
    Ok(Decoded { text: with_line_feeds(decoded.text, language), ..decoded })
}

fn undo(bytes: &[u8], language: Language) -> Result<Decoded<'_>, SkipReason> {
    if let Some((encoding, text)) = wide::marked_utf32(bytes) {
        let text = text.ok_or_else(|| not_utf8(encoding, None))?;
        return Ok(Decoded { text: text.into(), encoding: encoding.into() });
    }
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        let body = bytes.get(length..).unwrap_or_default();
        let text = if encoding == UTF_8 {
            Cow::Borrowed(utf8(body).map_err(|offset| not_utf8("UTF-8", Some(offset + length as u64)))?)
        } else {
            strict(encoding, body).ok_or_else(|| not_utf8(encoding.name(), None))?
        };
        return Ok(Decoded { text, encoding: encoding.name().into() });
    }
    let plain = |text, encoding: Cow<'static, str>| Ok(Decoded { text, encoding });
    if let Some(reason) = binary::judge(bytes) {
        return Err(reason);
    }
    if let Some((encoding, text)) = wide::unmarked(bytes) {
        return plain(text.into(), encoding.into());
    }
    if language == Language::Python
        && needs_encoding(bytes)
        && let Some(name) = coding_cookie(bytes)
    {
        return match stated(bytes, name)? {
            Some((text, encoding)) => plain(text, encoding.into()),
            None => {
                plain(utf8(bytes).map_err(|offset| not_utf8("UTF-8", Some(offset)))?.into(), "UTF-8".into())
            }
        };
    }
    let offset = match utf8(bytes) {
        Ok(text) => return plain(text.into(), "UTF-8".into()),
        Err(offset) => offset,
    };
    // In other languages, a declaration has no force, but is the best hint.
    let hint = xml_declaration(bytes).or_else(|| coding_cookie(bytes));
    if let Some(Ok(Some((text, encoding)))) = hint.map(|name| stated(bytes, name)) {
        return plain(text, encoding.into());
    }
    match legacy::decoded(bytes) {
        Some((text, encoding)) => plain(text, encoding.into()),
        None => Err(not_utf8("UTF-8", Some(offset))),
    }
}

/// Replaces each lone `\r` that ends a line by `\n`. Both are one byte long.
fn with_line_feeds(text: Cow<'_, str>, language: Language) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let lone = |at: usize| bytes.get(at) == Some(&b'\r') && bytes.get(at + 1) != Some(&b'\n');
    if !bytes.contains(&b'\r') || !(0..bytes.len()).any(lone) {
        return text;
    }
    let by_language = matches!(
        language,
        Language::Python | Language::JavaScript | Language::TypeScript | Language::Tsx | Language::Java
    );
    if !by_language && bytes.contains(&b'\n') {
        return text;
    }
    let ended = text.char_indices().map(|(at, c)| if lone(at) { '\n' } else { c });
    Cow::Owned(ended.collect())
}

/// Decodes by the name in a Python comment; `None` for names of UTF-8.
fn stated<'a>(bytes: &'a [u8], name: &str) -> Result<Option<(Cow<'a, str>, String)>, SkipReason> {
    let label = name.to_ascii_lowercase().replace('_', "-");
    let is =
        |known: &str| label.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    if is("utf-8") || label == "utf8" {
        return Ok(None);
    }
    if matches!(label.as_str(), "ascii" | "us-ascii") {
        let offset = bytes.iter().position(|byte| !byte.is_ascii()).map(|at| at as u64);
        return Err(not_utf8(name, offset));
    }
    // Python's latin-1 is ISO 8859-1; on the web, that label means windows-1252.
    if is("latin-1") || is("iso-8859-1") || matches!(label.as_str(), "latin1" | "iso8859-1" | "l1") {
        return Ok(Some((encoding_rs::mem::decode_latin1(bytes), name.into())));
    }
    // The WHATWG list spells some names with an underscore.
    let encoding = Encoding::for_label(name.as_bytes())
        .or_else(|| Encoding::for_label(label.as_bytes()))
        .filter(|encoding| ![UTF_16LE, UTF_16BE, REPLACEMENT].contains(encoding))
        .ok_or_else(|| SkipReason::UnknownEncoding { encoding: name.into() })?;
    let text = strict(encoding, bytes).ok_or_else(|| not_utf8(name, None))?;
    Ok(Some((text, name.into())))
}

/// Whether the text depends on the encoding: ASCII is the same in all except ISO 2022, which has escapes.
fn needs_encoding(bytes: &[u8]) -> bool {
    !bytes.is_ascii() || bytes.contains(&0x1b)
}

fn strict<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Option<Cow<'a, str>> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes)
}

fn utf8(bytes: &[u8]) -> Result<&str, u64> {
    std::str::from_utf8(bytes).map_err(|error| error.valid_up_to() as u64)
}

fn not_utf8(encoding: &str, offset: Option<u64>) -> SkipReason {
    SkipReason::NotUtf8 { encoding: encoding.into(), offset }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], language: Language) -> Result<String, SkipReason> {
        decode(bytes, language).map(|decoded| decoded.text.into_owned())
    }

    #[test]
    fn utf8_is_taken_as_it_is() {
        let decoded = decode("é\n".as_bytes(), Language::Rust).unwrap();
        assert!(matches!(decoded.text, Cow::Borrowed("é\n")));
        assert_eq!(decoded.encoding, "UTF-8");
    }

    #[test]
    fn utf8_with_a_byte_that_does_not_fit_is_refused_at_its_offset() {
        let reason = text(b"\xc3\xa9\xffcd", Language::Rust).unwrap_err();
        assert_eq!(reason, SkipReason::NotUtf8 { encoding: "UTF-8".into(), offset: Some(2) });
        let marked = text(b"\xef\xbb\xbfab\xff", Language::Rust).unwrap_err();
        assert_eq!(marked, SkipReason::NotUtf8 { encoding: "UTF-8".into(), offset: Some(5) });
    }

    #[test]
    fn a_truncated_character_at_the_end_is_refused() {
        let reason = text("é".repeat(3).as_bytes().split_last().unwrap().1, Language::Rust);
        assert!(matches!(reason, Err(SkipReason::NotUtf8 { offset: Some(4), .. })), "{reason:?}");
    }

    #[test]
    fn texts_without_a_mark_say_what_they_were_in() {
        let utf16: Vec<u8> = "key = 'ü'\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, expected, encoding) in [
            (&b"# gr\xfc\xdfe\n"[..], "# grüße\n", "ISO-8859-1"),
            (b"price = '5 \x80'\n", "price = '5 €'\n", "windows-1252"),
            (&utf16, "key = 'ü'\n", "UTF-16LE"),
            (b"\xff\xfe\0\0a\0\0\0", "a", "UTF-32LE"),
            (b"x = 1\n\0", "x = 1\n\0", "UTF-8"),
            (b"# gr\xfc\xdfe\n\0", "# grüße\n\0", "ISO-8859-1"),
        ] {
            let decoded = decode(bytes, Language::Text).unwrap();
            assert_eq!((decoded.text.as_ref(), decoded.encoding.as_ref()), (expected, encoding));
        }
    }

    #[test]
    fn a_lone_carriage_return_ends_a_line_where_the_language_or_the_file_says_so() {
        for (given, language, expected) in [
            ("a\rb\r", Language::Python, "a\nb\n"),
            ("a\rb\r\nc\n", Language::Python, "a\nb\r\nc\n"),
            ("a\rb\n", Language::Java, "a\nb\n"),
            ("a\rb\n", Language::Rust, "a\rb\n"),
            ("a\rb\r", Language::Rust, "a\nb\n"),
            ("é\r", Language::Text, "é\n"),
            ("a\r\nb", Language::Python, "a\r\nb"),
        ] {
            assert_eq!(text(given.as_bytes(), language).as_deref(), Ok(expected), "{given:?}");
        }
    }

    #[test]
    fn byte_order_marks_choose_the_encoding_and_vanish() {
        let little: Vec<u8> = "\u{feff}fé".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}fé".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (bytes, encoding) in
            [(little, "UTF-16LE"), (big, "UTF-16BE"), ("\u{feff}fé".as_bytes().to_vec(), "UTF-8")]
        {
            let decoded = decode(&bytes, Language::Java).unwrap();
            assert_eq!((decoded.text.as_ref(), decoded.encoding.as_ref()), ("fé", encoding));
        }
    }

    #[test]
    fn a_lone_surrogate_in_utf16_is_refused() {
        let reason = text(b"\xff\xfe\x00\xd8a\x00", Language::Java).unwrap_err();
        assert_eq!(reason, SkipReason::NotUtf8 { encoding: "UTF-16LE".into(), offset: None });
    }

    #[test]
    fn what_is_no_text_is_binary() {
        let elf = text(b"\x7fELF\x02\x01\x01\0\0\0\0", Language::C).unwrap_err();
        assert_eq!(elf, SkipReason::Binary { format: Some("an ELF file".into()), offset: 0 });
        let zeros = text(&[0; 300], Language::C).unwrap_err();
        assert_eq!(zeros, SkipReason::Binary { format: None, offset: 0 });
    }

    #[test]
    fn python_cookies_are_obeyed() {
        let latin = b"# -*- coding: latin-1 -*-\ns = '\xe9\x80'\n";
        assert!(text(latin, Language::Python).unwrap().contains("'é\u{80}'"));
        let windows = b"# coding: cp1252\ns = '\x80'\n";
        assert!(text(windows, Language::Python).unwrap().contains('€'));
        let japanese = b"# coding: euc_jp\ns = '\xa4\xa2'\n";
        assert!(text(japanese, Language::Python).unwrap().contains('あ'));
        let escaped = b"# coding: iso-2022-jp\ns = '\x1b$B$\"\x1b(B'\n";
        assert!(text(escaped, Language::Python).unwrap().contains('あ'));
        let koi = b"# coding: KOI8_R\ns = '\xc1'\n";
        assert!(text(koi, Language::Python).unwrap().contains('а'));
    }

    #[test]
    fn cookies_that_do_not_hold_are_refused() {
        assert_eq!(
            text(b"# coding: klingon\n'\xe9'\n", Language::Python),
            Err(SkipReason::UnknownEncoding { encoding: "klingon".into() })
        );
        assert!(matches!(
            text(b"# coding: ascii\n'\xe9'\n", Language::Python),
            Err(SkipReason::NotUtf8 { offset: Some(17), .. })
        ));
        assert!(matches!(
            text(b"# coding: utf8\n'\xe9'\n", Language::Python),
            Err(SkipReason::NotUtf8 { offset: Some(16), .. })
        ));
        assert!(matches!(
            text(b"# coding: shift_jis\n'\xff'\n", Language::Python),
            Err(SkipReason::NotUtf8 { offset: None, .. })
        ));
    }

    #[test]
    fn what_other_languages_state_is_a_hint() {
        for (bytes, encoding) in [
            (&b"# coding: koi8-r\n# \xc1\n"[..], "koi8-r"),
            (b"<?xml version='1.0' encoding='iso-8859-2'?>\n<a>\xb5</a>", "iso-8859-2"),
            (b"<?xml version='1.0' encoding='klingon'?>\n<a>\xb5</a>", "ISO-8859-1"),
            (b"<?xml version='1.0' encoding='UTF-8'?>\n<a>\xb5</a>", "ISO-8859-1"),
        ] {
            assert_eq!(decode(bytes, Language::Text).unwrap().encoding, encoding);
        }
    }
}
