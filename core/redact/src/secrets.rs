//! Secrets, hidden.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

use super::control::escape_control;

/// Redacts passwords in URLs and obvious secrets: `scheme://user:***@host`, `token=***`.
///
/// For logs and error messages. Recognizes user information in URLs, `key=value` and `key: value` pairs whose key names
/// a secret, bearer tokens, and the key prefixes of common providers.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for (pattern, replacement) in PATTERNS.iter() {
        // `replace_all` borrows if nothing matches, so clean lines are not copied.
        if let Cow::Owned(changed) = pattern.replace_all(&text, *replacement) {
            text = Cow::Owned(changed);
        }
    }
    text
}

/// Redacts the password of a URL, and anything else in it that looks like a secret.
///
/// Unlike [`redact`], this knows that the whole text is a URL, so the password may contain any character.
pub fn redact_url(url: &str) -> String {
    // Some people write `postgres:user:password@host`.
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

static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        // The user information ends at the last `@` before the path: passwords may contain unescaped `@` and `:`.
        (r"(?i)\b([a-z][a-z0-9+.-]*://)([^\s/?#:@]*):[^\s/?#]*@", "$1$2:***@"),
        // A password with unescaped `/`, `?` or `#`.
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
    // The patterns are constants, and a test compiles all of them; an invalid one is ignored instead of panicking.
    .filter_map(|(pattern, replacement)| Some((Regex::new(pattern).ok()?, replacement)))
    .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(PATTERNS.len(), 5);
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
}
