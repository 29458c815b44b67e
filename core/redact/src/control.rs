//! Characters that are not seen, escaped.

use std::{borrow::Cow, fmt::Write, sync::LazyLock};

use regex::Regex;

/// Escapes invisible characters (`\n`, `\t`, `\u{1b}`, `\u{202e}`), so that text cannot forge or hide lines, or look
/// like different text.
///
/// Escapes all control, format and line-separating characters of Unicode, and all default-ignorable characters
/// ([`is_unseen`]). Joiners and variation selectors are kept after non-ASCII characters, since emoji and several
/// scripts need them.
pub fn escape_control(text: &str) -> Cow<'_, str> {
    if UNSEEN.as_ref().is_none_or(|unseen| !unseen.is_match(text)) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    let mut before = '\0';
    for c in text.chars() {
        let joins = matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}');
        match c {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '\0' => escaped.push_str("\\0"),
            c if is_unseen(c) && !(joins && !before.is_ascii() && !is_unseen(before)) => {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "\\u{{{:x}}}", c as u32);
            }
            c => escaped.push(c),
        }
        before = c;
    }
    Cow::Owned(escaped)
}

/// Whether a character is invisible or changes how others are displayed: controls, formats such as right-to-left marks,
/// line separators, and Unicode's default-ignorable characters.
pub fn is_unseen(c: char) -> bool {
    !matches!(c, ' '..='~')
        && UNSEEN.as_ref().is_some_and(|unseen| unseen.is_match(c.encode_utf8(&mut [0; 4])))
}

/// Unicode properties (UAX #44): Control, Format, Line and Paragraph Separator, Default_Ignorable_Code_Point. The
/// pattern is a constant, and a test compiles it.
static UNSEEN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]").ok());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_compiles() {
        assert!(UNSEEN.is_some());
    }

    #[test]
    fn escapes_what_could_forge_a_line() {
        assert_eq!(escape_control("a\nINFO\u{1b}[2J\0é"), "a\\nINFO\\u{1b}[2J\\0é");
        assert_eq!(escape_control("a\u{202e}b"), "a\\u{202e}b");
        assert!(matches!(escape_control("plain é"), Cow::Borrowed(_)));
    }

    #[test]
    fn escapes_what_is_not_seen_and_leaves_what_is() {
        // The bidirectional controls of UAX #9, and what is invisible in every font.
        for c in "\u{ad}\u{61c}\u{115f}\u{180e}\u{200b}\u{200e}\u{200f}\u{202a}\u{202d}\u{2060}\u{2066}\u{2069}\u{3164}\u{feff}\u{ffa0}\u{fff9}\u{e0041}\u{e0100}\u{85}\u{9b}\u{2028}".chars() {
            assert_eq!(escape_control(&format!("a{c}b")), format!("a\\u{{{:x}}}b", c as u32));
        }
        assert_eq!(escape_control("pay\u{200d}load\u{fe0f}"), "pay\\u{200d}load\\u{fe0f}");
        for plain in ["👩\u{200d}💻", "⚠\u{fe0f} hot", "می\u{200c}خواهم", "größe ≠ 東京\u{301}"]
        {
            assert_eq!(escape_control(plain), plain);
        }
    }
}
