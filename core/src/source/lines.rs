//! Lines of a text, and positions in them.

use std::ops::Range;
use std::sync::Arc;

/// A place in a text as people and editors count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1; the unit is that of the method that made it.
    pub column: u32,
}

/// Where the lines of a text begin. Lines end with `\n`; a `\r` before it belongs to the line end.
#[derive(Clone, Debug)]
pub struct LineIndex {
    text: Arc<str>,
    starts: Box<[u32]>,
    ascii: bool,
}

impl LineIndex {
    /// Indexes a text, which is shared and not copied.
    pub fn new(text: Arc<str>) -> Self {
        let after_newlines =
            text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1);
        let starts = std::iter::once(0).chain(after_newlines).collect();
        Self { ascii: text.is_ascii(), starts, text }
    }

    /// How many lines there are: none in an empty text, and a last line without `\n` counts.
    pub fn line_count(&self) -> u32 {
        let starts = self.starts.len() as u32;
        if self.starts.last().is_some_and(|start| *start as usize == self.text.len()) {
            starts - 1
        } else {
            starts
        }
    }

    /// Line and column of a byte offset, columns in characters (Unicode scalar values).
    ///
    /// The end of the text has a position too: after a last `\n` it is column 1 of the line that would follow.
    /// `None` for an offset outside the text or inside a character.
    pub fn position(&self, offset: u32) -> Option<Position> {
        self.position_by(offset, |before| before.chars().count())
    }

    /// Like [`LineIndex::position`], columns in UTF-16 code units, as SARIF and language servers count.
    pub fn position_utf16(&self, offset: u32) -> Option<Position> {
        self.position_by(offset, |before| before.chars().map(char::len_utf16).sum())
    }

    /// The bytes of a line without its end, or `None` when there is no such line. Lines count from 1.
    pub fn line_span(&self, line: u32) -> Option<Range<u32>> {
        if line == 0 || line > self.line_count() {
            return None;
        }
        let start = *self.starts.get(line as usize - 1)?;
        let end = self.starts.get(line as usize).copied().unwrap_or(self.text.len() as u32);
        let body = self.text.get(start as usize..end as usize)?;
        let body = body.strip_suffix('\n').map_or(body, |body| body.strip_suffix('\r').unwrap_or(body));
        Some(start..start + body.len() as u32)
    }

    /// The text of a line without its end. Lines count from 1.
    pub fn line(&self, line: u32) -> Option<&str> {
        let span = self.line_span(line)?;
        self.text.get(span.start as usize..span.end as usize)
    }

    fn position_by(&self, offset: u32, width: impl Fn(&str) -> usize) -> Option<Position> {
        let index = self.starts.partition_point(|start| *start <= offset).checked_sub(1)?;
        let start = *self.starts.get(index)?;
        let before = self.text.get(start as usize..offset as usize)?;
        let column = if self.ascii { before.len() } else { width(before) };
        Some(Position { line: index as u32 + 1, column: column as u32 + 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(text: &str) -> LineIndex {
        LineIndex::new(text.into())
    }

    fn at(line: u32, column: u32) -> Option<Position> {
        Some(Position { line, column })
    }

    #[test]
    fn counts_lines_as_people_do() {
        for (text, count) in [("", 0), ("a", 1), ("a\n", 1), ("a\nb", 2), ("\n\n", 2), ("a\r\nb\r\n", 2)] {
            assert_eq!(index(text).line_count(), count, "{text:?}");
        }
    }

    #[test]
    fn columns_count_characters_or_utf16_units() {
        let lines = index("é😀x\ny");
        let x = "é😀".len() as u32;
        assert_eq!(lines.position(x), at(1, 3));
        assert_eq!(lines.position_utf16(x), at(1, 4));
        assert_eq!(lines.position(x + 2), at(2, 1));
        assert_eq!(lines.position_utf16(x + 2), at(2, 1));
    }

    #[test]
    fn offsets_inside_a_character_or_outside_the_text_have_no_position() {
        let lines = index("é\n");
        assert_eq!(lines.position(1), None);
        assert_eq!(lines.position(3), at(2, 1));
        assert_eq!(lines.position(4), None);
        assert_eq!(lines.position(u32::MAX), None);
        assert_eq!(index("").position(0), at(1, 1));
    }

    #[test]
    fn line_spans_leave_out_both_kinds_of_line_end() {
        let lines = index("ab\r\ncd\n\r\nlast\r");
        assert_eq!(lines.line(1), Some("ab"));
        assert_eq!(lines.line_span(2), Some(4..6));
        assert_eq!(lines.line(3), Some(""));
        assert_eq!(lines.line(4), Some("last\r"));
        assert_eq!(lines.line(0), None);
        assert_eq!(lines.line(5), None);
        assert_eq!(index("").line(1), None);
    }

    #[test]
    fn a_carriage_return_is_the_last_column_of_its_line() {
        assert_eq!(index("ab\r\nc").position(3), at(1, 4));
        assert_eq!(index("ab\r\nc").position(4), at(2, 1));
    }
}
