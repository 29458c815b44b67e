use crate::work::examined;

/// Words of names whose values are not the secret itself.
const HARMLESS: [&str; 62] = [
    "hash",
    "hashed",
    "digest",
    "sha",
    "md5",
    "checksum",
    "integrity",
    "fingerprint",
    "commit",
    "revision",
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
    "continuation",
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

/// Whether no word of a name says that its value is harmless.
pub(crate) fn is_secret(name: &str) -> bool {
    examined(name.len());
    !words(name).any(|word| HARMLESS.iter().any(|harmless| is_word(word, harmless)))
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
    name.split(|c: char| !c.is_ascii_alphanumeric()).flat_map(|part| {
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
    let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let plural = |end| bare.len().checked_sub(end).and_then(|end| bare.split_at_checked(end));
    same(word)
        || same(bare)
        || plural(1).is_some_and(|(one, s)| same(one) && s.eq_ignore_ascii_case("s"))
        || plural(2).is_some_and(|(one, es)| same(one) && es.eq_ignore_ascii_case("es"))
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
            ("éToken.é", "Token"),
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
            assert!(is_secret(name), "{name}");
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
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn knows_the_names_of_aws_secrets() {
        assert!(is_aws_secret("AWS_SECRET_ACCESS_KEY") && is_aws_secret("awsSecretKey"));
        assert!(!is_aws_secret("aws_access_key_id") && !is_aws_secret("laws_secret"));
    }
}
