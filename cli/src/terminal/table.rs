//! Tables of text.

use codetune_core::redact::escape_control;
use console::measure_text_width;

use super::Terminal;
use super::style::Style;

/// Rows under headings, columns as wide as they need to be.
#[derive(Debug, Default)]
pub struct TextTable {
    right: Vec<bool>,
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl TextTable {
    /// A table with these headings; one that begins with `>` is of a column of numbers.
    pub fn new(headings: &[&str]) -> Self {
        TextTable {
            right: headings.iter().map(|heading| heading.starts_with('>')).collect(),
            headings: headings.iter().map(|heading| heading.trim_start_matches('>').to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row. Control characters are escaped.
    pub fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(|cell| escape_control(cell.as_ref()).into_owned()).collect());
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The text of the table.
    pub fn render(&self, terminal: &Terminal) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().chain(std::iter::once(&self.headings));
            cells.filter_map(|row| row.get(column)).map(|cell| measure_text_width(cell)).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.headings.len()).map(width).collect();
        let line = |row: &[String]| {
            let cells = row.iter().enumerate().map(|(column, cell)| {
                let width = widths.get(column).copied().unwrap_or(0);
                let space = " ".repeat(width.saturating_sub(measure_text_width(cell)));
                match self.right.get(column) {
                    Some(true) => format!("{space}{cell}"),
                    _ => format!("{cell}{space}"),
                }
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let mut text = terminal.paint(Style::Heading, &line(&self.headings));
        text.push('\n');
        for row in &self.rows {
            text.push_str(&line(row));
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Color, ShowProgress, Terminal};
    use super::*;

    #[test]
    fn columns_line_up_and_control_characters_are_escaped() {
        let mut table = TextTable::new(&["name", ">files"]);
        table.row(["rust", "12"]);
        table.row(["py\u{1b}[31m", "1234"]);
        table.row(["漢字é", "5"]);
        let text = table.render(&Terminal::detect(Color::Never, true, ShowProgress::Never));
        assert_eq!(
            text,
            "name          files\nrust             12\npy\\u{1b}[31m   1234\n漢字é             5\n"
        );
    }
}
