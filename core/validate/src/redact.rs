//! Making text fit for logs and messages: secrets hidden, control characters escaped.

use std::{borrow::Cow, fmt::Write, sync::LazyLock};

use regex::Regex;

/// Hides passwords in URLs and obvious secrets: `scheme://user:***@host`, `token=***`.
///
/// Meant for what goes to logs and error messages. It knows URLs' user information, `key=value` and
/// `key: value` pairs whose key names a secret, bearer tokens, and the prefixes of common providers' keys.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for (pattern, replacement) in PATTERNS.iter() {
        // `replace_all` borrows when nothing matched; owning only on a match keeps clean lines free of copies.
        if let Cow::Owned(changed) = pattern.replace_all(&text, *replacement) {
            text = Cow::Owned(changed);
        }
    }
    text
}

/// Hides the password of one URL, and whatever else in it looks like a secret.
///
/// Unlike [`redact`] this knows that the whole text is one URL, so that the password may hold anything.
pub fn redact_url(url: &str) -> String {
    // Some write `postgres:user:password@host`, and it is their password all the same.
    let separator = if url.contains("://") { "://" } else { ":" };
    let hidden = match (url.split_once(separator), url.rfind('@')) {
        (Some((scheme, rest)), Some(at)) if at >= scheme.len() + separator.len() => {
            let user = rest.split([':', '@']).next().unwrap_or_default();
            format!("{scheme}{separator}{user}:***{}", url.get(at..).unwrap_or_default())
        }
        _ => url.to_owned(),
    };
    escape_control(&redact(&hidden)).into_owned()
}

/// Writes what is not seen as it stands as escapes (`\n`, `\t`, `\u{1b}`, `\u{202e}`), so that text can neither forge
/// nor hide a line, nor pass for another text.
///
/// That is every control, format and line-separating character of Unicode, and every character that Unicode lets a
/// screen leave out ([`is_unseen`]). Joiners and variation selectors stay after a character beyond ASCII, where emoji
/// and several scripts need them.
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

/// Whether a character is not seen on a screen, or changes where others are seen: controls, formats such as
/// right-to-left marks, separators of lines, and what Unicode calls default-ignorable.
pub fn is_unseen(c: char) -> bool {
    !matches!(c, ' '..='~')
        && UNSEEN.as_ref().is_some_and(|unseen| unseen.is_match(c.encode_utf8(&mut [0; 4])))
}

/// Unicode's own properties (UAX #44): Control, Format, Line and Paragraph Separator, Default_Ignorable_Code_Point. The
/// pattern is a constant, and a test compiles it.
static UNSEEN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]").ok());

static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        // The user information ends at the last `@` before the path: passwords may hold `@` and `:` unescaped.
        (r"(?i)\b([a-z][a-z0-9+.-]*://)([^\s/?#:@]*):[^\s/?#]*@", "$1$2:***@"),
        // A password with `/`, `?` or `#` in it, unescaped, as people paste them.
        (r"(?i)\b([a-z][a-z0-9+.-]*://)([^\s/?#:@]*):[^\s@*][^\s@]*@", "$1$2:***@"),
        (
            r#"(?i)\b((?:[a-z0-9]+[_-])*(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&"']+)"#,
            "$1***",
        ),
        (r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}", "$1 ***"),
        (
            r"\b(sk-[A-Za-z0-9_-]{4}|hf_|gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AKIA)[A-Za-z0-9_-]{8,}",
            "$1***",
        ),
    ]
    .into_iter()
    // The patterns are constants and a test compiles them all: one that does not parse is left out, not a panic.
    .filter_map(|(pattern, replacement)| Some((Regex::new(pattern).ok()?, replacement)))
    .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(PATTERNS.len(), 5);
        assert!(UNSEEN.is_some());
    }

    #[test]
    fn hides_the_password_of_a_url_and_keeps_the_rest() {
        for (given, wanted) in [
            ("postgres://ann:s3cret@db.example/x", "postgres://ann:***@db.example/x"),
            ("postgres://ann:p@ss:w@db/x", "postgres://ann:***@db/x"),
            ("postgres://ann:p/w?d#1@db/x", "postgres://ann:***@db/x"),
            ("at https://:tok3n@host and on", "at https://:***@host and on"),
            ("postgres://ann:s3cret@", "postgres://ann:***@"),
            ("postgres://ann@db/x", "postgres://ann@db/x"),
            ("https://example.com:8080/a", "https://example.com:8080/a"),
        ] {
            assert_eq!(redact(given), wanted);
        }
    }

    #[test]
    fn hides_whatever_stands_before_the_last_at_of_a_single_url() {
        for password in ["s3cret", "s3@cret", "s3/cr@et#?", "s3 cret", "s3:cret"] {
            assert_eq!(redact_url(&format!("mysql://ann:{password}@db/x")), "mysql://ann:***@db/x");
        }
        assert_eq!(redact_url("postgres://db/x?password=s3cret"), "postgres://db/x?password=***");
        assert_eq!(redact_url("postgres://db/x"), "postgres://db/x");
        assert_eq!(redact_url("postgres:ann:s3cret@db/x"), "postgres:ann:***@db/x");
    }

    #[test]
    fn hides_named_and_well_known_secrets() {
        for secret in [
            "password=hunter2hunter2",
            "OPENAI_API_KEY: hunter2hunter2",
            r#"{"token": "hunter2hunter2"}"#,
            "Authorization: Bearer hunter2hunter2",
            "pushed with ghp_hunter2hunter2",
        ] {
            assert!(!redact(secret).contains("hunter2"), "{}", redact(secret));
        }
        assert_eq!(redact("tokens: 12 of 40"), "tokens: 12 of 40");
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
