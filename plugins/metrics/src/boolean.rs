use std::collections::HashSet;
use std::ops::Range;

/// One boolean operator and the expression it joins.
#[derive(Debug, Clone)]
pub(crate) struct BooleanNode {
    pub span: Range<usize>,
    pub operator: Range<usize>,
}

/// Finds the operators that begin a sequence of like operators, by where they start.
///
/// `a && b && c` is one sequence, `a && b || c` two. Parentheses do not end a sequence, a negation or a call
/// does: `a && !(b && c)` is two. (SonarSource, *Cognitive Complexity*, 2023, "Sequences of logical operators".)
pub(crate) fn sequence_starts(text: &str, mut nodes: Vec<BooleanNode>) -> HashSet<usize> {
    nodes.sort_by_key(|node| (node.span.start, std::cmp::Reverse(node.span.end), node.operator.start));
    let begins: HashSet<usize> = nodes.iter().map(|node| node.operator.start).collect();
    let ends: HashSet<usize> = nodes.iter().map(|node| node.operator.end).collect();

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
            let before = text.get(outer.start..node.span.start).unwrap_or("x");
            let after = text.get(node.span.end..outer.end).unwrap_or("x");
            let left = outer.start + before.trim_end_matches(|c: char| c == '(' || c.is_whitespace()).len();
            let right = outer.end - after.trim_start_matches(|c: char| c == ')' || c.is_whitespace()).len();
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
