use crate::entropy::entropy;
use crate::span::holds;
use crate::surprise::surprise;
use crate::work::examined;

/// Words that say that a value stands for another.
const WORDS: [&str; 30] = [
    "example",
    "sample",
    "changeme",
    "change_me",
    "change-me",
    "changethis",
    "change-this",
    "placeholder",
    "dummy",
    "redacted",
    "replace",
    "insert",
    "your-",
    "your_",
    "your ",
    "yourpass",
    "yoursecret",
    "yourtoken",
    "yourkey",
    "xxxx",
    "****",
    "...",
    "todo",
    "fake",
    "notreal",
    "not-a-",
    "not_a_",
    "mock",
    "lorem",
    "foobar",
];

/// Runs that nobody draws at random.
const RUNS: [&str; 6] = ["12345678", "abcdefgh", "qwertyui", "00000000", "87654321", "deadbeef"];

/// UUIDs that documentation uses: Wikipedia's and RFC 4122's.
const UUIDS: [&str; 3] = [
    "123e4567-e89b-12d3-a456-426614174000",
    "550e8400-e29b-41d4-a716-446655440000",
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
];

/// How the key of Azure's storage emulator begins, which is the same everywhere.
pub(crate) const EMULATOR: &str = "Eby8vdM02xNOcqFl";

/// Values so common as defaults that they keep nothing secret.
const DEFAULTS: [&str; 40] = [
    "p@ssw0rd",
    "passw0rd",
    "p4ssw0rd",
    "p@ssword",
    "pa$$w0rd",
    "pa55word",
    "password",
    "passwd",
    "passwort",
    "pass",
    "pwd",
    "pw",
    "secret",
    "token",
    "apikey",
    "user",
    "username",
    "root",
    "admin",
    "test",
    "testing",
    "guest",
    "foo",
    "bar",
    "baz",
    "abc",
    "none",
    "null",
    "nil",
    "true",
    "false",
    "undefined",
    "string",
    "empty",
    "value",
    "mysecret",
    "mypassword",
    "mytoken",
    "pass123",
    "password123",
];

/// How calls and references begin that values are looked up by.
const LOOKUPS: [&str; 24] = [
    "process.env",
    "os.environ",
    "env.",
    "env:",
    "$env:",
    "vault:",
    "ssm:",
    "sops:",
    "ref:",
    "ref+",
    "arn:",
    "secrets.",
    "var.",
    "local.",
    "data.",
    "module.",
    "!",
    "@Microsoft.KeyVault",
    "op://",
    "file:",
    "keyring:",
    "resolve:",
    "config.",
    "self.",
];

/// How ciphertexts, hashes and public keys begin, which may be shown.
const SEALED: [&str; 38] = [
    "ENC[",
    "ENC(",
    "{cipher}",
    "$ANSIBLE_VAULT",
    "vault:v",
    "AQICAH",
    "AQECAH",
    "$1$",
    "$2a$",
    "$2b$",
    "$2x$",
    "$2y$",
    "$5$",
    "$6$",
    "$7$",
    "$y$",
    "$apr1$",
    "ssh-rsa ",
    "ssh-ed25519 ",
    "ssh-dss ",
    "ecdsa-sha2-",
    "sk-ssh-",
    "sk-ecdsa-",
    "-----BEGIN ",
    "pk_live_",
    "pk_test_",
    "pk.eyJ",
    "$argon2",
    "$scrypt$",
    "$pbkdf2",
    "pbkdf2",
    "argon2",
    "bcrypt",
    "{SSHA",
    "{SHA",
    "{PBKDF2",
    "SCRAM-SHA",
    "md5$",
];

/// Whether a value of a known format is a sample of the format.
pub(crate) fn is_sample(value: &str) -> bool {
    examined(value.len());
    let lower = value.to_ascii_lowercase();
    ["example", "xxxx", "redacted", "placeholder", "****", "0000000000", "your_", "your-"]
        .iter()
        .chain(&RUNS)
        .any(|word| holds(&lower, word))
}

/// Whether a value stands for another or for none: a word that says so, a template, a run.
pub(crate) fn is_placeholder(value: &str) -> bool {
    examined(value.len());
    let lower = value.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| holds(&lower, word));
    let begins = |starts: &[&str]| starts.iter().any(|start| value.starts_with(start));
    has(&WORDS)
        || has(&RUNS)
        || has(&UUIDS)
        || value.starts_with(EMULATOR)
        || begins(&LOOKUPS) && surprise(value) < 7.0
        || begins(&SEALED)
        || is_template(value)
        || is_own(&lower)
        || DEFAULTS.contains(&&*lower)
        || entropy(value) < 1.5
}

/// Whether a value says of itself what it stands for: `my-api-key-1`, `some_token`.
fn is_own(lower: &str) -> bool {
    let owned = ["my-", "my_", "our-", "our_", "some-", "some_", "the-", "the_"]
        .iter()
        .any(|start| lower.starts_with(start));
    owned && ["key", "token", "secret", "password", "pass"].iter().any(|word| holds(lower, word))
}

/// Whether something is to be filled in: `${NAME}`, `<name>`, `{{ name }}`, `%(name)s`, `$NAME`, `%s`.
fn is_template(value: &str) -> bool {
    const PAIRS: [(&str, &str); 14] = [
        ("${", "}"),
        ("$(", ")"),
        ("{{", "}}"),
        ("{%", "%}"),
        ("<%", "%>"),
        ("#{", "}"),
        ("%(", ")s"),
        ("%{", "}"),
        ("[[", "]]"),
        ("{", "}"),
        ("<", ">"),
        ("[", "]"),
        ("%", "%"),
        ("@", "@"),
    ];
    // Every pair opens with one of these.
    let opens = value.bytes().any(|byte| b"{(<[%@".contains(&byte));
    // A password may hold any of them, around something that names nothing.
    let filled_in = |&(open, close): &(&str, &str)| {
        let parts = value.split_once(open).and_then(|(before, rest)| Some((before, rest.split_once(close)?)));
        parts.is_some_and(|(before, (inner, after))| {
            let around = before.len() + after.len() >= 8 && surprise(&format!("{before}{after}")) > 6.8;
            !is_random(inner) && !around
        })
    };
    opens && PAIRS.iter().any(filled_in)
        || ["%s", "%d", "%v", "%@"].iter().any(|verb| holds(value, verb)) && surprise(value) < 7.0
        || value.strip_prefix(['$', '%', '@', '#', '&']).is_some_and(|name| {
            !is_random(name)
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:-%@".contains(&byte))
        })
}

/// Whether a part of a value was drawn at random, and so names nothing.
fn is_random(part: &str) -> bool {
    part.len() >= 6 && surprise(part) > 6.5
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
        for value in [
            "k9Tq2mZp7Rw4",
            "hunter2!Wolf93",
            "a3f9c1d27be84056",
            "xFr7(bTEpo9RaTk)zFgS2",
            "xFr7{bTEpo9RaTk}zFgS2",
            "xFr7<bTEpo9RaTk>zFgS2",
            "$xFr7bTEpo&RaTk9#zFgS",
            "%xFr7bTEpo&RaTk9#zFgS",
            "@xFr7bTEpo&RaTk9#zFgS",
            "#xFr7bTEpo&RaTk9#zFgS",
        ] {
            assert!(!is_placeholder(value), "{value}");
        }
    }
}
