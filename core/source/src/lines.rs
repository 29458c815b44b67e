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
    /// The width of the text before every [`MARK_BYTES`]; none where each byte is a character.
    marks: Option<Box<[Width]>>,
}

impl LineIndex {
    /// Indexes a text, which is shared and not copied.
    pub fn new(text: Arc<str>) -> Self {
        let after_newlines =
            text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1);
        let starts = std::iter::once(0).chain(after_newlines).collect();
        let marks = (!text.is_ascii()).then(|| {
            let parts = text.as_bytes().chunks(MARK_BYTES);
            let before = parts.scan(Width::default(), |width, part| {
                let before = *width;
                *width = width.and(part);
                Some(before)
            });
            // One more, for the end of a text that fills its last part.
            let whole = Width::default().and(text.as_bytes());
            let full = text.len().is_multiple_of(MARK_BYTES);
            before.chain(full.then_some(whole)).collect()
        });
        Self { marks, starts, text }
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
        self.position_by(offset, |width| width.characters)
    }

    /// Like [`LineIndex::position`], columns in UTF-16 code units, as SARIF and language servers count.
    pub fn position_utf16(&self, offset: u32) -> Option<Position> {
        self.position_by(offset, |width| width.utf16_units)
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

    fn position_by(&self, offset: u32, width: impl Fn(Width) -> u32) -> Option<Position> {
        let index = self.starts.partition_point(|start| *start <= offset).checked_sub(1)?;
        let start = *self.starts.get(index)?;
        if !self.text.is_char_boundary(offset as usize) {
            return None;
        }
        let column = match &self.marks {
            None => offset - start,
            Some(marks) => width(self.width_before(marks, offset)) - width(self.width_before(marks, start)),
        };
        Some(Position { line: index as u32 + 1, column: column + 1 })
    }

    /// The width of the text before a byte offset.
    fn width_before(&self, marks: &[Width], offset: u32) -> Width {
        let number = offset as usize / MARK_BYTES;
        let mark = marks.get(number).copied().unwrap_or_default();
        let rest = self.text.as_bytes().get(number * MARK_BYTES..offset as usize).unwrap_or_default();
        mark.and(rest)
    }
}

/// After so many bytes the width of a text is marked, so that a column costs the same wherever it is in a line:
/// a line of a minified program has megabytes, and thousands of findings.
const MARK_BYTES: usize = 1024;

/// How much of a text there is.
#[derive(Clone, Copy, Debug, Default)]
struct Width {
    characters: u32,
    utf16_units: u32,
}

impl Width {
    /// The width with some bytes more, which may begin or end inside a character: it counts where it begins.
    fn and(self, bytes: &[u8]) -> Self {
        let begin = |byte: &&u8| **byte & 0b1100_0000 != 0b1000_0000;
        let characters = bytes.iter().filter(begin).count() as u32;
        // Characters of four bytes, and only these, take two units.
        let pairs = bytes.iter().filter(|byte| **byte >= 0b1111_0000).count() as u32;
        Width { characters: self.characters + characters, utf16_units: self.utf16_units + characters + pairs }
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

    #[test]
    fn columns_in_long_lines_are_those_that_counting_gives() {
        let line: String = ["é😀x", "añ", "日本語", "plain"].iter().cycle().take(4_000).copied().collect();
        for text in
            [line.clone(), format!("{line}\n{line}\n"), format!("{}é", "x".repeat(2 * MARK_BYTES - 2))]
        {
            let lines = index(&text);
            let (mut line, mut characters, mut units) = (1, 1, 1);
            for (offset, character) in text.char_indices().chain([(text.len(), ' ')]) {
                assert_eq!(lines.position(offset as u32), at(line, characters), "{offset}");
                assert_eq!(lines.position_utf16(offset as u32), at(line, units), "{offset}");
                (characters, units) = (characters + 1, units + character.len_utf16() as u32);
                if character == '\n' {
                    (line, characters, units) = (line + 1, 1, 1);
                }
            }
        }
    }
}
