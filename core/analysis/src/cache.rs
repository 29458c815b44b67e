use std::collections::HashMap;
use std::fmt::Debug;

use super::outcome::Outcome;

/// What an answer is found by: a hash over all that it depends on.
///
/// That is the content and path of the file, its language with the grammar's version, the analyzer with its digest and
/// options, and the versions of this program's schemas; never a time stamp.
pub type AnswerKey = [u8; 32];

/// Answers of analyzers, kept between runs.
///
/// Losing them costs time only, so a cache that fails gives nothing and keeps nothing. What it gives back is checked:
/// bytes that are not those that were stored for the very key are taken for none.
pub trait AnswerCache: Debug + Send + Sync {
    /// The stored bytes of those keys that have some. Called once for a window of files.
    fn get(&self, keys: &[AnswerKey]) -> HashMap<AnswerKey, Vec<u8>>;

    /// Stores the bytes of new answers, in place of those that a key had. Called once for a window of files.
    fn put(&self, answers: &[(AnswerKey, Vec<u8>)]);
}

/// Bytes of the checksum before each value.
const CHECKSUM: usize = 8;

/// The bytes that are stored for an outcome: a checksum that the key is part of, and the outcome.
pub(super) fn encode(key: &AnswerKey, outcome: &Outcome) -> Option<Vec<u8>> {
    let body = postcard::to_allocvec(outcome).ok()?;
    Some([&checksum(key, &body), body.as_slice()].concat())
}

/// The outcome of stored bytes; `None` when they are not what was stored.
pub(super) fn decode(key: &AnswerKey, stored: &[u8]) -> Option<Outcome> {
    let (sum, body) = stored.split_at_checked(CHECKSUM)?;
    if sum != checksum(key, body) {
        return None;
    }
    postcard::from_bytes(body).ok()
}

fn checksum(key: &AnswerKey, body: &[u8]) -> [u8; CHECKSUM] {
    let mut sum = [0; CHECKSUM];
    let mut hasher = blake3::Hasher::new();
    hasher.update(key).update(body);
    hasher.finalize_xof().fill(&mut sum);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_stored_for_the_very_key_is_an_answer() {
        let outcome = Outcome::Fault { code: "c".into(), message: "m".into() };
        let mut stored = encode(&[1; 32], &outcome).unwrap();
        assert_eq!(decode(&[1; 32], &stored), Some(outcome));
        assert_eq!(decode(&[2; 32], &stored), None);
        *stored.last_mut().unwrap() ^= 1;
        assert_eq!(decode(&[1; 32], &stored), None);
        assert_eq!(decode(&[1; 32], b"short"), None);
    }
}
