//! Lines that fit in a terminal.

use console::measure_text_width;

/// Breaks a text between words into lines, the first of at most `first` columns and the others of `rest`. A longer word
/// has a line of its own.
pub fn wrap(text: &str, first: usize, rest: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let width = if lines.len() > 1 { rest } else { first };
        match lines.last_mut() {
            Some(line) if measure_text_width(line) + 1 + measure_text_width(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Breaks a text between words where it is wider than `width` after its label, with the following lines indented.
pub fn hang(label: &str, text: &str, indent: usize, width: usize) -> String {
    let left = |taken: usize| width.saturating_sub(taken).max(LEAST);
    let lines = wrap(text, left(measure_text_width(label)), left(indent));
    format!("{label}{}", lines.join(&format!("\n{}", " ".repeat(indent))))
}

/// The narrowest text that is broken.
const LEAST: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_by_the_columns_that_they_take() {
        assert_eq!(wrap("a bc def", 4, 4), ["a bc", "def"]);
        assert_eq!(wrap("漢字 漢字 x", 6, 6), ["漢字", "漢字 x"]);
        assert_eq!(wrap("a-long-word b", 4, 4), ["a-long-word", "b"]);
        assert_eq!(wrap("", 4, 4), [""]);
    }

    #[test]
    fn a_text_hangs_from_its_label() {
        assert_eq!(
            hang("limits  ", "256 MiB of memory and 2000 ms", 8, 28),
            "limits  256 MiB of memory\n        and 2000 ms"
        );
        assert_eq!(
            hang("", "one two three four five six seven", 2, 24),
            "one two three four five\n  six seven"
        );
        assert_eq!(
            hang("path  ", "a/very/long/path/without/words", 6, 26),
            "path  a/very/long/path/without/words"
        );
    }
}
