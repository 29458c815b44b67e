//! Texts that are neither UTF-8 nor say what they are in.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, WINDOWS_1252};

/// The encodings of Latin letters with one byte each. In a few letters they look like each other.
const LATIN: [&Encoding; 9] = [
    encoding_rs::ISO_8859_2,
    encoding_rs::ISO_8859_4,
    encoding_rs::ISO_8859_10,
    encoding_rs::ISO_8859_13,
    encoding_rs::ISO_8859_14,
    encoding_rs::WINDOWS_1250,
    encoding_rs::WINDOWS_1254,
    encoding_rs::WINDOWS_1257,
    encoding_rs::WINDOWS_1258,
];

/// So many bytes beyond ASCII it takes to tell another Latin encoding from the Western European ones.
const OF_LATIN: usize = 24;

/// The same for encodings of other scripts.
const OF_OTHERS: usize = 6;

/// The text of bytes that are no UTF-8, and the encoding that it is found to be in.
///
/// Western European text is ISO-8859-1, or windows-1252 where it has characters between 0x80 and 0x9f. Any other
/// encoding counts only where there is enough to tell it by, and its text gives the very bytes again. `None` for
/// UTF-8 that is damaged: in another encoding every one of its characters would be wrong.
pub(super) fn decoded(bytes: &[u8]) -> Option<(Cow<'_, str>, &'static str)> {
    if is_damaged_utf8(bytes) {
        return None;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    let evidence = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    let needed = if LATIN.contains(&guess) { OF_LATIN } else { OF_OTHERS };
    if guess != WINDOWS_1252
        && evidence >= needed
        && let Some(text) = exactly(guess, bytes)
    {
        return Some((text, guess.name()));
    }
    Some(western(bytes))
}

fn western(bytes: &[u8]) -> (Cow<'_, str>, &'static str) {
    let windows = bytes.iter().any(|byte| (0x80..=0x9f).contains(byte))
        && !bytes.iter().any(|byte| matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d));
    match windows.then(|| exactly(WINDOWS_1252, bytes)).flatten() {
        Some(text) => (text, WINDOWS_1252.name()),
        None => (encoding_rs::mem::decode_latin1(bytes), "ISO-8859-1"),
    }
}

/// The text, where encoding it gives the same bytes.
fn exactly<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Option<Cow<'a, str>> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    let (again, _, unmappable) = encoding.encode(&text);
    (!unmappable && again == bytes).then_some(text)
}

/// Whether more of what is not ASCII reads as UTF-8 than does not.
fn is_damaged_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good >= bad
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn western_texts_are_told_from_each_other_and_from_others() {
        for (text, encoding, name) in [
            ("# grüße\napi.token=x\n", WINDOWS_1252, "ISO-8859-1"),
            ("// © 2019 José\nint x;\n", WINDOWS_1252, "ISO-8859-1"),
            ("caf\u{e9}", WINDOWS_1252, "ISO-8859-1"),
            ("<t>\u{b5}</t>\n", WINDOWS_1252, "ISO-8859-1"),
            ("Å = 'ø' # æ\n", WINDOWS_1252, "ISO-8859-1"),
            ("\u{a3}5 \u{b1} 1\u{b0}\n", WINDOWS_1252, "ISO-8859-1"),
            ("price = \"5 €\" # “net”\n", WINDOWS_1252, "windows-1252"),
            ("it’s naïve — señor\n", WINDOWS_1252, "windows-1252"),
            ("// проверка значения параметра\nint x;\n", encoding_rs::WINDOWS_1251, "windows-1251"),
            ("// 設定ファイルを読み込む処理です\nint x;\n", encoding_rs::SHIFT_JIS, "Shift_JIS"),
            ("// 读取配置文件的处理程序\nint x;\n", encoding_rs::GBK, "GBK"),
        ] {
            let (bytes, _, _) = encoding.encode(text);
            let found = decoded(&bytes).unwrap();
            assert_eq!(found, (Cow::Borrowed(text), name));
        }
    }

    #[test]
    fn every_byte_has_a_character_and_gives_it_back() {
        let bytes: Vec<u8> = (0x20..=0xff).collect();
        let (text, name) = western(&bytes);
        assert_eq!((name, text.chars().count()), ("ISO-8859-1", bytes.len()));
        assert_eq!(text.chars().map(|c| c as u32 as u8).collect::<Vec<_>>(), bytes);
    }

    #[test]
    fn damaged_utf8_is_not_read_as_something_else() {
        assert_eq!(decoded("größe, größe \u{fffd}".as_bytes().split_last().unwrap().1), None);
        assert_eq!(decoded(b"na\xc3\xafve\xff"), None);
    }
}
