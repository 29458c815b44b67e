use crate::entropy::entropy;
use crate::work::examined;

/// Words that say that a value stands for another.
const WORDS: [&str; 25] = [
    "example",
    "sample",
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
    "dummy",
    "redacted",
    "replace",
    "insert",
    "your-",
    "your_",
    "yourpass",
    "yoursecret",
    "yourtoken",
    "yourkey",
    "xxxx",
    "****",
    "....",
    "todo",
    "fake",
    "notreal",
    "not-a-",
    "not_a_",
    "mock",
];

/// Runs that nobody draws at random.
const RUNS: [&str; 6] = ["12345678", "abcdefgh", "qwertyui", "00000000", "87654321", "deadbeef"];

/// UUIDs that documentation uses: Wikipedia's and RFC 4122's.
const UUIDS: [&str; 3] = [
    "123e4567-e89b-12d3-a456-426614174000",
    "550e8400-e29b-41d4-a716-446655440000",
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
];

/// Values so common as defaults that they keep nothing secret.
const DEFAULTS: [&str; 12] = [
    "password", "passwd", "pass", "pwd", "secret", "token", "user", "username", "root", "admin", "test",
    "guest",
];

/// Whether a value of a known format is a sample of the format.
pub(crate) fn is_sample(value: &str) -> bool {
    examined(value.len());
    let lower = value.to_ascii_lowercase();
    ["example", "xxxx", "redacted", "placeholder", "****", "00000000"].iter().any(|word| lower.contains(word))
}

/// Whether a value stands for another or for none: a word that says so, a template, a run.
pub(crate) fn is_placeholder(value: &str) -> bool {
    examined(value.len());
    let lower = value.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    has(&WORDS)
        || has(&RUNS)
        || has(&UUIDS)
        || is_template(value)
        || DEFAULTS.contains(&&*lower)
        || entropy(value) < 1.5
}

/// Whether something is to be filled in: `${NAME}`, `<name>`, `{{ name }}`, `%(name)s`, `$NAME`, `%s`.
fn is_template(value: &str) -> bool {
    let bracketed =
        |open, close| value.find(open).is_some_and(|at| value.get(at..).is_some_and(|v| v.contains(close)));
    bracketed('<', '>')
        || bracketed('{', '}')
        || value.contains("$(")
        || value.contains("%(")
        || value.contains("%s")
        || value.starts_with(['$', '%', '@', '#'])
        || (value.starts_with('[') && value.ends_with(']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_placeholders() {
        for value in ["changeme-now1", "XXXXXXXX", "<your token>", "${TOKEN}", "{{ secret }}", "$TOKEN", "%s"]
        {
            assert!(is_placeholder(value), "{value}");
        }
        for value in ["postgres-example", "123e4567-e89b-12d3-a456-426614174000", "password", "aaaaaaaaaaaa"]
        {
            assert!(is_placeholder(value), "{value}");
        }
    }

    #[test]
    fn keeps_values_drawn_at_random() {
        for value in ["k9Tq2mZp7Rw4", "hunter2!Wolf93", "a3f9c1d27be84056"] {
            assert!(!is_placeholder(value), "{value}");
        }
    }
}
