use crate::work::examined;

/// Words of a line that say that hexadecimal digits are a digest.
const WORDS: [&str; 10] =
    ["sha1", "sha-1", "sha2", "sha-2", "sha5", "md5", "digest", "checksum", "commit", "integrity"];

/// The bytes of the longest of them.
const LONGEST: usize = 9;

/// Whether the line at hand speaks of a digest. It is read once from left to right, however many values are on
/// it.
#[derive(Debug, Default)]
pub(crate) struct DigestLine {
    start: usize,
    read: usize,
    /// Where its first word ends.
    word: Option<usize>,
}

impl DigestLine {
    /// Whether hexadecimal digits that start at `at` are called a digest on their line. `at` is never less than
    /// the time before.
    pub fn names(&mut self, text: &str, at: usize) -> bool {
        if at > self.read {
            let newline = text.get(self.read..at).and_then(|new| new.rfind('\n'));
            if let Some(newline) = newline {
                let start = self.read + newline + 1;
                *self = DigestLine { start, read: start, word: None };
            }
            if self.word.is_none() {
                // A word may lie on both sides of what is read.
                let from = text.floor_char_boundary(self.read.saturating_sub(LONGEST)).max(self.start);
                let lower = text.get(from..at).unwrap_or_default().to_ascii_lowercase();
                examined(lower.len());
                let ends = WORDS.iter().filter_map(|word| lower.find(word).map(|found| found + word.len()));
                self.word = ends.min().map(|end| from + end);
            }
            self.read = at;
        }
        self.word.is_some_and(|end| end <= at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_counts_for_what_follows_on_its_line() {
        let text = "a MD5 a\nb é\nsha1: c, d";
        let mut line = DigestLine::default();
        let found =
            ["a M", " a\n", "b", "c", "d"].map(|at| line.names(text, text.find(at).expect("a place")));
        assert_eq!(found, [false, true, false, true, true]);
    }

    #[test]
    fn a_word_may_be_read_in_two_parts() {
        for word in WORDS {
            assert!(word.len() <= LONGEST);
            for cut in 1..word.len() {
                let text = format!("é{word}");
                let mut line = DigestLine::default();
                assert!(!line.names(&text, 2 + cut), "{word}");
                assert!(line.names(&text, text.len()), "{word}");
            }
        }
    }
}
