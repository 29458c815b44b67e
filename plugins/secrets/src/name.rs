use crate::keyword::{KEYWORDS, Keyword, Weight};
use crate::work::examined;

/// Words of names whose values are digests.
const DIGEST: [&str; 10] =
    ["hash", "hashed", "digest", "sha", "md5", "checksum", "integrity", "fingerprint", "commit", "revision"];

/// Words of names whose values are not the secret itself.
const HARMLESS: [&str; 59] = [
    "rev",
    "file",
    "filename",
    "path",
    "pathname",
    "url",
    "uri",
    "arn",
    "endpoint",
    "hostname",
    "name",
    "namespace",
    "field",
    "label",
    "prefix",
    "header",
    "attribute",
    "column",
    "parameter",
    "param",
    "variable",
    "selector",
    "class",
    "type",
    "format",
    "algorithm",
    "regex",
    "pattern",
    "message",
    "description",
    "hint",
    "error",
    "version",
    "ref",
    "reference",
    "time",
    "mtime",
    "date",
    "expiry",
    "expires",
    "expiration",
    "page",
    "paging",
    "pagination",
    "next",
    "cursor",
    "continuation",
    "idempotency",
    "request",
    "change",
    "public",
    "test",
    "mock",
    "fake",
    "dummy",
    "example",
    "sample",
    "placeholder",
    "invalid",
];

/// Words that say so at the end of a name: what comes before has one.
const HARMLESS_AT_END: [&str; 14] = [
    "id", "len", "length", "size", "count", "limit", "policy", "ttl", "timeout", "issuer", "audience",
    "scope", "usage", "kind",
];

/// Words before which a key is a secret and not one of a map.
const SECRET_KEYS: [&str; 12] = [
    "api",
    "secret",
    "private",
    "access",
    "auth",
    "encryption",
    "encrypt",
    "signing",
    "shared",
    "master",
    "account",
    "crypto",
];

/// Words before which a key is one of a map or a table, or known to all.
const OTHER_KEYS: [&str; 30] = [
    "primary",
    "foreign",
    "sort",
    "partition",
    "cache",
    "index",
    "row",
    "column",
    "object",
    "bucket",
    "registry",
    "hot",
    "shortcut",
    "idempotency",
    "routing",
    "group",
    "site",
    "host",
    "translation",
    "lookup",
    "map",
    "dedup",
    "consumer",
    "publishable",
    "gpg",
    "pgp",
    "recv",
    "trusted",
    "authorized",
    "known",
];

/// What a name says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Suspicion {
    pub weight: Weight,
    /// Whether the value may be the digest of the secret.
    pub digest: bool,
}

/// What a name says about its value; none where a word of it says that the value is harmless.
pub(crate) fn suspicion(name: &str) -> Option<Suspicion> {
    examined(name.len());
    let is = |word: &str, list: &[&str]| {
        // Most differ in the first letter.
        let first = first_letter(word);
        list.iter().any(|other| other.bytes().next() == first && is_word(word, other))
    };
    let mut heaviest = None;
    let mut digest = false;
    let mut before = "";
    for word in words(name) {
        if is(word, &HARMLESS) {
            return None;
        }
        digest |= is(word, &DIGEST);
        let is_key = is_word(word, "key");
        let keyword = keyword(word)
            .map(|weight| if is_key && is(before, &SECRET_KEYS) { Weight::Strong } else { weight });
        // The word alone is not enough of a key.
        let other = is_key && (before.is_empty() || is(before, &OTHER_KEYS));
        heaviest = heaviest.max(keyword.filter(|_| !other));
        before = word;
    }
    let heaviest = heaviest.filter(|_| !is(before, &HARMLESS_AT_END)).or_else(|| phrase(name));
    heaviest.map(|weight| Suspicion { weight, digest })
}

/// Whether a name is nothing but a key.
pub(crate) fn is_key(name: &str) -> bool {
    is_word(name, "key")
}

/// What a word of a name says by itself.
fn keyword(word: &str) -> Option<Weight> {
    let bare = bare(word);
    let singular = bare.strip_suffix(['s', 'S']);
    let says = |keyword: &&Keyword| {
        let ends = |word: &str| {
            // Most differ in the last letter.
            let last = word.bytes().next_back().map(|byte| byte.to_ascii_lowercase());
            if last != keyword.text.bytes().next_back() {
                return false;
            }
            let parts = word.len().checked_sub(keyword.text.len()).and_then(|at| word.split_at_checked(at));
            parts.is_some_and(|(start, end)| {
                end.eq_ignore_ascii_case(keyword.text) && (!keyword.alone || start.is_empty() || owner(start))
            })
        };
        ends(bare) || singular.is_some_and(ends)
    };
    KEYWORDS.iter().filter(says).map(|keyword| keyword.weight).max()
}

/// What only several words say: `mot_de_passe`, `ConvertTo-SecureString`.
fn phrase(name: &str) -> Option<Weight> {
    const PHRASES: [&str; 2] = ["motdepasse", "securestring"];
    if PHRASES.iter().all(|phrase| name.len() < phrase.len()) {
        return None;
    }
    let letters = name.bytes().filter(u8::is_ascii_alphabetic).map(|byte| byte.to_ascii_lowercase());
    let letters: Vec<u8> = letters.collect();
    let has = |phrase: &&str| letters.windows(phrase.len()).any(|part| part == phrase.as_bytes());
    PHRASES.iter().any(has).then_some(Weight::Strong)
}

/// Whether a password is often said to be of this: `dbpass`, `rootpwd`.
fn owner(word: &str) -> bool {
    const OWNERS: [&str; 22] = [
        "db", "database", "user", "usr", "my", "admin", "root", "smtp", "imap", "mail", "mysql", "pg",
        "postgres", "sql", "redis", "ftp", "ssh", "ldap", "app", "login", "proxy", "wifi",
    ];
    OWNERS.iter().any(|owner| word.eq_ignore_ascii_case(owner))
}

/// Whether a name is that of the secret half of an AWS key.
pub(crate) fn is_aws_secret(name: &str) -> bool {
    examined(name.len());
    let has = |what: &str| words(name).any(|word| word.eq_ignore_ascii_case(what));
    has("secret") && (has("aws") || has("access"))
}

/// The words of a name: parted by what is no letter and no digit, and where capitals begin one, as in `authToken`,
/// `tokenURL` and `AWSSecretKey`.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric()).flat_map(|part| {
        let mut rest = part;
        std::iter::from_fn(move || {
            let (word, next) = rest.split_at_checked(first_word(rest))?;
            rest = next;
            (!word.is_empty()).then_some(word)
        })
    })
}

/// The length of the first word of letters and digits.
fn first_word(part: &str) -> usize {
    let bytes = part.as_bytes();
    let small = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_lowercase);
    let capital = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_uppercase);
    let begins = |at: &usize| {
        // The plural of an acronym is no word: `URLs`.
        let plural = bytes.get(at + 1) == Some(&b's') && !small(at + 2);
        capital(*at) && (!capital(at - 1) || (small(at + 1) && !plural))
    };
    (1..bytes.len()).find(begins).unwrap_or(bytes.len())
}

/// Whether a word is another, also with a number or in the plural: `sha256`, `file2`, `paths`, `hashes`.
fn is_word(word: &str, other: &str) -> bool {
    let same = |word: &str| word.eq_ignore_ascii_case(other);
    let bare = bare(word);
    let plural = |end| bare.len().checked_sub(end).and_then(|end| bare.split_at_checked(end));
    same(word)
        || same(bare)
        || plural(1).is_some_and(|(one, s)| same(one) && s.eq_ignore_ascii_case("s"))
        || plural(2).is_some_and(|(one, es)| same(one) && es.eq_ignore_ascii_case("es"))
}

/// A word without the number at its end.
fn bare(word: &str) -> &str {
    word.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// The first letter of a word, in small.
fn first_letter(word: &str) -> Option<u8> {
    word.bytes().next().map(|byte| byte.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_names_into_words() {
        for (name, expected) in [
            ("shared_secret-KEY", "shared secret KEY"),
            ("--tokenURL", "token URL"),
            ("AWSSecretKey", "AWS Secret Key"),
            ("tokenURLs", "token URLs"),
            ("URLsOfToken", "URLs Of Token"),
            ("sha256Token2Path", "sha256 Token2 Path"),
            ("ATokenX", "A Token X"),
            ("éToken.é", "é Token é"),
            ("", ""),
        ] {
            assert_eq!(words(name).collect::<Vec<_>>().join(" "), expected);
        }
    }

    #[test]
    fn harmless_words_count_as_whole_words() {
        for name in [
            "shared_secret",
            "SharedAccessKey",
            "shadow_password",
            "security_token",
            "AWS_SECURITY_TOKEN",
            "profile_token",
            "latest_token",
            "username_password",
            "curl_token",
            "access_token",
            "reverse_token",
        ] {
            let strong = Suspicion { weight: Weight::Strong, digest: false };
            assert_eq!(suspicion(name), Some(strong), "{name}");
        }
        for name in [
            "password_file",
            "tokenUri",
            "TOKEN_URLS",
            "secret_name",
            "secretName2",
            "test_password",
            "token_sha256",
            "SHA1Token",
            "tokenMD5",
            "passwordHashes",
            "commit_token",
        ] {
            assert!(suspicion(name).is_none_or(|says| says.digest), "{name}");
        }
    }

    #[test]
    fn knows_the_names_of_aws_secrets() {
        assert!(is_aws_secret("AWS_SECRET_ACCESS_KEY") && is_aws_secret("awsSecretKey"));
        assert!(!is_aws_secret("aws_access_key_id") && !is_aws_secret("laws_secret"));
    }
}
