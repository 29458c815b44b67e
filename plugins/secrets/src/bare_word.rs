use std::ops::Range;

use crate::span::{blank, forward};

/// The longest value without quotes, in bytes.
const LONGEST: usize = 16 << 10;

/// How many values that end together are looked at: `a=b=c` ends those of `a` and of `b`.
const MOST: usize = 8;

/// The word at hand of a settings file, where values stand without quotes. It is read once, however many names
/// in it are assigned the rest of it.
#[derive(Debug, Default)]
pub(crate) struct BareWord {
    span: Range<usize>,
    values: usize,
}

impl BareWord {
    /// The value from `at` to the end of its word, where at most a comment or a command follows on the line.
    pub fn value(&mut self, text: &str, at: usize) -> Option<Range<usize>> {
        if !self.span.contains(&at) {
            let end = forward(text, at, |b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'`'));
            *self = BareWord { span: at..end, values: 0 };
        }
        let end = self.span.end;
        self.values += 1;
        if self.values > MOST || end - at > LONGEST {
            return None;
        }
        let rest = forward(text, end, |b| blank(b) || b == b'\r');
        // A comment, or another command.
        let ends = |b: u8| b == b'\n' || rest > end && matches!(b, b'#' | b';' | b'&' | b'|' | b'\\');
        let closes = text.as_bytes().get(rest).is_none_or(|&b| ends(b));
        closes.then_some(at..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_with_its_word() {
        assert_eq!(BareWord::default().value("a=b1 # c", 2), Some(2..4));
        assert_eq!(BareWord::default().value("a=b1 c", 2), None);
        assert_eq!(BareWord::default().value("a=b1\r\n", 2), Some(2..4));
        assert_eq!(BareWord::default().value("a=b1 && c", 2), Some(2..4));
        assert_eq!(BareWord::default().value("a=é", 2), None);
    }

    #[test]
    fn only_the_first_values_that_end_together_count() {
        let text = "a=".repeat(MOST + 1);
        let mut word = BareWord::default();
        let values = (1..=MOST + 1).filter_map(|value| word.value(&text, value * 2 - 1)).count();
        assert_eq!(values, MOST);
    }

    #[test]
    fn one_that_is_too_long_is_none() {
        let text = "a".repeat(LONGEST + 1);
        assert_eq!(BareWord::default().value(&text, 0), None);
        assert_eq!(BareWord::default().value(&text, 1), Some(1..text.len()));
    }
}
