//! Bytes to text, exactly or not at all.

use std::borrow::Cow;

use encoding_rs::{Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};

use super::cookie::coding_cookie;
use super::{Language, SkipReason};

/// The text of a file and how it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The text, without its byte order mark.
    pub text: Cow<'a, str>,
    /// The encoding that the bytes were in: `"UTF-8"`, or the name the file states.
    pub encoding: Cow<'static, str>,
    /// Whether the bytes began with a byte order mark, which `text` lacks.
    pub byte_order_mark: bool,
}

/// Decodes the bytes of a whole file, without replacing a single character.
///
/// In this order: a byte order mark (UTF-8, UTF-16), then for Python the encoding its comment states
/// (PEP 263), else UTF-8.
///
/// # Errors
/// [`SkipReason::Binary`] when the text has a NUL, [`SkipReason::NotUtf8`] when a byte does not fit the
/// encoding, [`SkipReason::UnknownEncoding`] when the stated one is not known and the file needs it.
pub fn decode(bytes: &[u8], language: Language) -> Result<Decoded<'_>, SkipReason> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        let body = bytes.get(length..).unwrap_or_default();
        let text = if encoding == UTF_8 {
            Cow::Borrowed(utf8(body).map_err(|offset| not_utf8("UTF-8", Some(offset + length as u64)))?)
        } else {
            strict(encoding, body).ok_or_else(|| not_utf8(encoding.name(), None))?
        };
        // UTF-32 begins like UTF-16 and then decodes to NULs.
        refuse_nul(text.as_bytes())?;
        return Ok(Decoded { text, encoding: encoding.name().into(), byte_order_mark: true });
    }
    refuse_nul(bytes)?;
    if language == Language::Python
        && needs_encoding(bytes)
        && let Some(name) = coding_cookie(bytes)
        && let Some((text, encoding)) = stated(bytes, name)?
    {
        return Ok(Decoded { text, encoding: encoding.into(), byte_order_mark: false });
    }
    let text = utf8(bytes).map_err(|offset| not_utf8("UTF-8", Some(offset)))?;
    Ok(Decoded { text: Cow::Borrowed(text), encoding: "UTF-8".into(), byte_order_mark: false })
}

/// Decodes by the name in a Python comment; `None` when that name is UTF-8's.
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
    // Python's latin-1 is ISO 8859-1 itself; the label that browsers share means windows-1252.
    if is("latin-1") || is("iso-8859-1") || matches!(label.as_str(), "latin1" | "iso8859-1" | "l1") {
        return Ok(Some((encoding_rs::mem::decode_latin1(bytes), name.into())));
    }
    // The labels of the WHATWG list write some of their names with an underscore.
    let encoding = Encoding::for_label(name.as_bytes())
        .or_else(|| Encoding::for_label(label.as_bytes()))
        .filter(|encoding| ![UTF_16LE, UTF_16BE, REPLACEMENT].contains(encoding))
        .ok_or_else(|| SkipReason::UnknownEncoding { encoding: name.into() })?;
    let text = strict(encoding, bytes).ok_or_else(|| not_utf8(name, None))?;
    Ok(Some((text, name.into())))
}

/// Whether the text depends on the encoding: ASCII reads the same in all of them but ISO 2022, which escapes.
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

fn refuse_nul(bytes: &[u8]) -> Result<(), SkipReason> {
    match bytes.iter().position(|byte| *byte == 0) {
        Some(at) => Err(SkipReason::Binary { offset: at as u64 }),
        None => Ok(()),
    }
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
        assert_eq!((decoded.encoding.as_ref(), decoded.byte_order_mark), ("UTF-8", false));
    }

    #[test]
    fn invalid_utf8_is_refused_at_its_offset() {
        let reason = text(b"ab\xffcd", Language::Rust).unwrap_err();
        assert_eq!(reason, SkipReason::NotUtf8 { encoding: "UTF-8".into(), offset: Some(2) });
        let marked = text(b"\xef\xbb\xbfab\xff", Language::Rust).unwrap_err();
        assert_eq!(marked, SkipReason::NotUtf8 { encoding: "UTF-8".into(), offset: Some(5) });
    }

    #[test]
    fn a_truncated_character_at_the_end_is_refused() {
        assert!(matches!(text(b"ab\xc3", Language::Rust), Err(SkipReason::NotUtf8 { offset: Some(2), .. })));
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
            assert!(decoded.byte_order_mark);
        }
    }

    #[test]
    fn a_lone_surrogate_in_utf16_is_refused() {
        let reason = text(b"\xff\xfe\x00\xd8a\x00", Language::Java).unwrap_err();
        assert_eq!(reason, SkipReason::NotUtf8 { encoding: "UTF-16LE".into(), offset: None });
    }

    #[test]
    fn a_nul_anywhere_is_binary() {
        assert_eq!(text(b"\x7fELF\0", Language::C), Err(SkipReason::Binary { offset: 4 }));
        let mut late = vec![b'x'; 20_000];
        late.push(0);
        assert_eq!(text(&late, Language::C), Err(SkipReason::Binary { offset: 20_000 }));
        let utf32 = b"\xff\xfe\0\0a\0\0\0";
        assert!(matches!(text(utf32, Language::C), Err(SkipReason::Binary { .. })));
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
    fn other_languages_have_no_cookies() {
        assert!(text(b"# coding: latin-1\n\xe9", Language::Text).is_err());
    }
}
