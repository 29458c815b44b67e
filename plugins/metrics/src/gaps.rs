use std::collections::HashMap;
use std::ops::Range;

/// What may stand between an operand and its operator, or a value and its place: white space, parentheses, comments,
/// a backslash that joins two lines, and lines of the preprocessor.
pub(crate) struct Gaps<'a> {
    text: &'a str,
    /// Where a comment that ends there starts, and the other way round.
    starts: HashMap<usize, usize>,
    ends: HashMap<usize, usize>,
}

impl<'a> Gaps<'a> {
    /// `comments` are those of `text`. `preprocessed` says whether lines that begin with `#` are gaps as well.
    pub fn new(text: &'a str, comments: &[Range<usize>], preprocessed: bool) -> Self {
        let mut starts: HashMap<usize, usize> =
            comments.iter().map(|comment| (comment.end, comment.start)).collect();
        let mut ends: HashMap<usize, usize> =
            comments.iter().map(|comment| (comment.start, comment.end)).collect();
        let mut at = 0;
        for line in text.split_inclusive('\n').filter(|_| preprocessed) {
            let body = line.trim();
            if body.starts_with('#') {
                let start = at + line.len() - line.trim_start().len();
                starts.insert(start + body.len(), start);
                ends.insert(start, start + body.len());
            }
            at += line.len();
        }
        Gaps { text, starts, ends }
    }

    /// Where what stands left of `at` ends, down to `least`.
    pub fn left_of(&self, mut at: usize, least: usize) -> usize {
        loop {
            let before = self.text.get(least..at).unwrap_or_default();
            let kept = before.trim_end_matches(|c: char| c == '(' || c.is_whitespace());
            let broken = kept.ends_with('\\') && before.get(kept.len()..).is_some_and(begins_a_line);
            at = least + kept.len() - usize::from(broken);
            match self.starts.get(&at) {
                Some(&start) if start >= least && start < at => at = start,
                _ if broken => {}
                _ => return at,
            }
        }
    }

    /// Where what stands right of `at` starts, up to `most`.
    pub fn right_of(&self, mut at: usize, most: usize) -> usize {
        loop {
            let after = self.text.get(at..most).unwrap_or_default();
            let kept = after.trim_start_matches(|c: char| c == ')' || c.is_whitespace());
            let broken = kept.strip_prefix('\\').is_some_and(begins_a_line);
            at = most - kept.len() + usize::from(broken);
            match self.ends.get(&at) {
                Some(&end) if end <= most && end > at => at = end,
                _ if broken => {}
                _ => return at,
            }
        }
    }
}

fn begins_a_line(text: &str) -> bool {
    text.starts_with(['\n', '\r'])
}
