//! Tables of text.

use codetune_core::redact::escape_control;
use console::measure_text_width;

use super::Terminal;
use super::style::Style;
use super::wrap::wrap;

/// Rows under headings, columns as wide as they need to be.
#[derive(Debug, Default)]
pub struct TextTable {
    right: Vec<bool>,
    optional: Vec<bool>,
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl TextTable {
    /// A table with these headings. One that begins with `?` is of a column that a narrow terminal does not show, and one
    /// with `>`, after that, of a column of numbers.
    pub fn new(headings: &[&str]) -> Self {
        let of = |heading: &&str| heading.trim_start_matches('?').to_owned();
        let marked: Vec<String> = headings.iter().map(of).collect();
        TextTable {
            right: marked.iter().map(|heading| heading.starts_with('>')).collect(),
            optional: headings.iter().map(|heading| heading.starts_with('?')).collect(),
            headings: marked.iter().map(|heading| heading.trim_start_matches('>').to_owned()).collect(),
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
    ///
    /// If it is wider than the terminal, the last column is wrapped. If too little is left for that, optional columns are
    /// left out from the right, or each row becomes a block of lines.
    pub fn render(&self, terminal: &Terminal) -> String {
        let Some(columns) = self.columns(terminal) else { return self.blocks(terminal) };
        let mut text = String::new();
        for line in self.lines(&self.headings, &columns) {
            text.push_str(&format!("{}\n", terminal.paint(Style::Heading, &line)));
        }
        for row in &self.rows {
            self.lines(row, &columns).iter().for_each(|line| text.push_str(&format!("{line}\n")));
        }
        text
    }

    /// Appends the table after an empty line, unless it has no rows.
    pub fn append_to(&self, text: &mut String, terminal: &Terminal) {
        if !self.is_empty() {
            text.push_str(&format!("\n{}", self.render(terminal)));
        }
    }

    /// The columns to show with their widths, if they fit in the terminal.
    fn columns(&self, terminal: &Terminal) -> Option<Vec<(usize, usize)>> {
        let width = |column: usize| {
            let cells = self.rows.iter().chain(std::iter::once(&self.headings));
            cells.filter_map(|row| row.get(column)).map(|cell| measure_text_width(cell)).max().unwrap_or(0)
        };
        let mut columns: Vec<(usize, usize)> =
            (0..self.headings.len()).map(|column| (column, width(column))).collect();
        while let Some((&(last, needed), others)) = columns.split_last() {
            let others: usize = others.iter().map(|(_, width)| width + GAP.len()).sum();
            let left = terminal.width.saturating_sub(others);
            if !terminal.fits || needed <= left {
                return Some(columns);
            }
            if left >= LEAST_WRAPPED && self.right.get(last) == Some(&false) {
                columns.pop();
                columns.push((last, left));
                return Some(columns);
            }
            let optional = columns.iter().rposition(|(column, _)| self.optional.get(*column) == Some(&true));
            columns.remove(optional?);
        }
        None
    }

    /// The lines of a row, in which long cells continue in their columns.
    fn lines(&self, row: &[String], columns: &[(usize, usize)]) -> Vec<String> {
        let mut lines = vec![String::new()];
        let mut start = 0;
        for (column, width) in columns {
            let is_right = self.right.get(*column) == Some(&true);
            let cell = row.get(*column).map(String::as_str).unwrap_or_default();
            for (number, part) in wrap(cell, *width, *width).into_iter().enumerate() {
                let space = " ".repeat(width.saturating_sub(measure_text_width(&part)));
                let padded = if is_right { format!("{space}{part}") } else { format!("{part}{space}") };
                match lines.get_mut(number) {
                    Some(line) => line.push_str(&padded),
                    None => lines.push(format!("{}{padded}", " ".repeat(start))),
                }
            }
            lines.iter_mut().take(1).for_each(|line| line.push_str(GAP));
            start += width + GAP.len();
        }
        lines.iter().map(|line| line.trim_end().to_owned()).collect()
    }

    /// A block of lines for each row, with the headings on the left.
    fn blocks(&self, terminal: &Terminal) -> String {
        let label = self.headings.iter().map(|heading| measure_text_width(heading)).max().unwrap_or(0);
        let left = terminal.width.saturating_sub(label + GAP.len()).max(LEAST_WRAPPED);
        let mut blocks = Vec::new();
        for row in &self.rows {
            let mut block = String::new();
            for (heading, cell) in self.headings.iter().zip(row) {
                let space = " ".repeat(label - measure_text_width(heading));
                let heading = terminal.paint(Style::Heading, heading);
                for (number, part) in wrap(cell, left, left).iter().enumerate() {
                    let line = match number {
                        0 => format!("{heading}{space}{GAP}{part}"),
                        _ => format!("{}{GAP}{part}", " ".repeat(label)),
                    };
                    block.push_str(&format!("{}\n", line.trim_end()));
                }
            }
            blocks.push(block);
        }
        blocks.join("\n")
    }
}

/// Between two columns.
const GAP: &str = "  ";

/// The narrowest column in which text is wrapped.
const LEAST_WRAPPED: usize = 24;

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

    fn narrow(width: usize) -> Terminal {
        Terminal { width, fits: true, ..Terminal::detect(Color::Never, true, ShowProgress::Never) }
    }

    fn options() -> TextTable {
        let mut table = TextTable::new(&["OPTION", ">LEAST", "DESCRIPTION"]);
        table.row(["length", "12", "The shortest 漢字漢字 that is reported, in characters"]);
        table.row(["entropy", "3", "Bits"]);
        table
    }

    #[test]
    fn the_last_column_is_wrapped_where_the_table_is_too_wide() {
        assert_eq!(
            options().render(&narrow(42)),
            "OPTION   LEAST  DESCRIPTION
length      12  The shortest 漢字漢字 that
                is reported, in characters
entropy      3  Bits
"
        );
    }

    #[test]
    fn optional_columns_are_left_out_where_the_table_is_too_wide() {
        let mut table = TextTable::new(&["RUN", "?KIND", "?MODEL", ">STEPS"]);
        table.row(["20260131", "lora", "Qwen2ForCausalLM", "12"]);
        assert_eq!(
            table.render(&narrow(39)),
            "RUN       KIND  MODEL             STEPS\n20260131  lora  Qwen2ForCausalLM     12\n"
        );
        assert_eq!(table.render(&narrow(38)), "RUN       KIND  STEPS\n20260131  lora     12\n");
        assert_eq!(table.render(&narrow(20)), "RUN       STEPS\n20260131     12\n");
        let anywhere = Terminal { fits: false, ..narrow(20) };
        assert_eq!(table.render(&anywhere), table.render(&narrow(39)));
    }

    #[test]
    fn rows_become_blocks_where_too_little_is_left_for_the_last_column() {
        assert_eq!(
            options().render(&narrow(37)),
            "OPTION       length
LEAST        12
DESCRIPTION  The shortest 漢字漢字
             that is reported, in
             characters

OPTION       entropy
LEAST        3
DESCRIPTION  Bits
"
        );
    }
}
