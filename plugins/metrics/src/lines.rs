use std::ops::Range;

/// Lines of a text by what is on them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LineCounts {
    pub total: usize,
    pub code: usize,
    pub comment: usize,
    pub blank: usize,
}

impl LineCounts {
    /// Comment lines divided by comment and code lines; 0 where there are neither.
    pub fn comment_ratio(&self) -> f64 {
        let filled = self.comment + self.code;
        if filled == 0 { 0.0 } else { self.comment as f64 / filled as f64 }
    }
}

/// The lines of a text, each code, comment or blank.
pub(crate) struct Lines {
    /// Where each line starts.
    starts: Vec<usize>,
    /// Counts of the lines before each line, and of all.
    before: Vec<LineCounts>,
}

impl Lines {
    /// Sorts the lines of `text`, in which `comments` are the spans of comments in order of their start.
    ///
    /// A line with nothing but white space is blank, inside a comment too; one with anything outside a
    /// comment is code; the others are comment. Lines end with `\n`, which the host made of a lone `\r` where that
    /// ends lines; one at the end starts no further line.
    pub fn new(text: &str, comments: &[Range<usize>]) -> Lines {
        let mut lines = Lines { starts: Vec::new(), before: vec![LineCounts::default()] };
        let mut comments = comments.iter().peekable();
        let mut counts = LineCounts::default();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let end = start + line.len();
            let mut code = false;
            let mut at = start;
            while let Some(comment) = comments.peek().filter(|comment| comment.start < end) {
                code |= has_ink(text, at..comment.start);
                at = at.max(comment.end.min(end));
                if comment.end > end {
                    break;
                }
                comments.next();
            }
            code |= has_ink(text, at..end);
            counts.total += 1;
            match code {
                true => counts.code += 1,
                false if has_ink(text, start..end) => counts.comment += 1,
                false => counts.blank += 1,
            }
            lines.starts.push(start);
            lines.before.push(counts);
            start = end;
        }
        lines
    }

    /// Counts all lines.
    pub fn all(&self) -> LineCounts {
        self.before.last().copied().unwrap_or_default()
    }

    /// Counts the lines that `span` touches.
    pub fn within(&self, span: &Range<usize>) -> LineCounts {
        let first = self.starts.partition_point(|&start| start <= span.start).saturating_sub(1);
        let last = self.starts.partition_point(|&start| start < span.end).max(first);
        let (Some(before), Some(after)) = (self.before.get(first), self.before.get(last)) else {
            return LineCounts::default();
        };
        LineCounts {
            total: after.total - before.total,
            code: after.code - before.code,
            comment: after.comment - before.comment,
            blank: after.blank - before.blank,
        }
    }
}

fn has_ink(text: &str, span: Range<usize>) -> bool {
    text.get(span).is_some_and(|part| !part.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_lines_into_code_comment_and_blank() {
        let text = "a /* x */ b\n\n/* one\n\n two */ c\n// d\n";
        let comments = [2..9, 13..28, 31..35];
        let counts = Lines::new(text, &comments).all();
        assert_eq!(counts, LineCounts { total: 6, code: 2, comment: 2, blank: 2 });
    }

    #[test]
    fn counts_the_lines_of_a_span() {
        let lines = Lines::new("a\nb\n\nc\n", &[]);
        assert_eq!(lines.within(&(2..5)), LineCounts { total: 2, code: 1, comment: 0, blank: 1 });
        assert_eq!(lines.within(&(5..6)), LineCounts { total: 1, code: 1, comment: 0, blank: 0 });
    }

    #[test]
    fn an_empty_text_has_no_lines() {
        let lines = Lines::new("", &[]);
        assert_eq!(lines.all(), LineCounts::default());
        assert_eq!(lines.within(&(0..0)), LineCounts::default());
        assert_eq!(lines.all().comment_ratio(), 0.0);
    }
}
