use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// One boolean operator and the expression it joins.
#[derive(Debug, Clone)]
pub(crate) struct BooleanNode {
    pub span: Range<usize>,
    pub operator: Range<usize>,
}

/// Finds the operators that begin a sequence of like operators, by where they start.
///
/// `a && b && c` is one sequence, `a && b || c` two. Parentheses and comments do not end a sequence, a negation or a
/// call does: `a && !(b && c)` is two. (SonarSource, *Cognitive Complexity*, 2023, "Sequences of logical operators".)
pub(crate) fn sequence_starts(
    text: &str,
    mut nodes: Vec<BooleanNode>,
    comments: &[Range<usize>],
) -> HashSet<usize> {
    nodes.sort_by_key(|node| (node.span.start, std::cmp::Reverse(node.span.end), node.operator.start));
    let begins: HashSet<usize> = nodes.iter().map(|node| node.operator.start).collect();
    let ends: HashSet<usize> = nodes.iter().map(|node| node.operator.end).collect();

    let gaps = Gaps::new(text, comments);
    // Each group holds the operators of expressions that are operands of one another.
    let mut groups: Vec<Vec<Range<usize>>> = Vec::new();
    let mut open: Vec<(Range<usize>, usize)> = Vec::new();
    for node in nodes {
        while open.last().is_some_and(|(span, _)| span.end <= node.span.start) {
            open.pop();
        }
        let operand = |outer: &Range<usize>| {
            if *outer == node.span {
                return true;
            }
            let left = gaps.left_of(node.span.start, outer.start);
            let right = gaps.right_of(node.span.end, outer.end);
            (left == outer.start || ends.contains(&left)) && (right == outer.end || begins.contains(&right))
        };
        let group = match open.last() {
            Some((outer, group)) if operand(outer) => *group,
            _ => {
                groups.push(Vec::new());
                groups.len() - 1
            }
        };
        open.push((node.span, group));
        if let Some(operators) = groups.get_mut(group) {
            operators.push(node.operator);
        }
    }

    let mut starts = HashSet::new();
    for mut operators in groups {
        operators.sort_by_key(|operator| operator.start);
        let mut previous = None;
        for operator in operators {
            let kind = text.get(operator.clone());
            if kind != previous {
                starts.insert(operator.start);
            }
            previous = kind;
        }
    }
    starts
}

/// What may stand between an operand and its operator: white space, parentheses, comments.
struct Gaps<'a> {
    text: &'a str,
    /// Where a comment that ends there starts, and the other way round.
    starts: HashMap<usize, usize>,
    ends: HashMap<usize, usize>,
}

impl<'a> Gaps<'a> {
    fn new(text: &'a str, comments: &[Range<usize>]) -> Self {
        let starts = comments.iter().map(|comment| (comment.end, comment.start)).collect();
        let ends = comments.iter().map(|comment| (comment.start, comment.end)).collect();
        Gaps { text, starts, ends }
    }

    /// Where what stands left of `at` ends, down to `least`.
    fn left_of(&self, mut at: usize, least: usize) -> usize {
        loop {
            let before = self.text.get(least..at).unwrap_or_default();
            at = least + before.trim_end_matches(|c: char| c == '(' || c.is_whitespace()).len();
            match self.starts.get(&at) {
                Some(&start) if start >= least && start < at => at = start,
                _ => return at,
            }
        }
    }

    /// Where what stands right of `at` starts, up to `most`.
    fn right_of(&self, mut at: usize, most: usize) -> usize {
        loop {
            let after = self.text.get(at..most).unwrap_or_default();
            at = most - after.trim_start_matches(|c: char| c == ')' || c.is_whitespace()).len();
            match self.ends.get(&at) {
                Some(&end) if end <= most && end > at => at = end,
                _ => return at,
            }
        }
    }
}
