use std::collections::HashSet;
use std::ops::Range;

use crate::gaps::Gaps;

/// One boolean operator and the expression it joins.
#[derive(Debug, Clone)]
pub(crate) struct BooleanNode {
    pub span: Range<usize>,
    pub operator: Range<usize>,
}

/// Finds the expression of each operator: the innermost around it.
///
/// Matching them in the query would keep every expression of a long chain open until its operator comes, and the
/// host allows only so many open matches. `expressions` are in order of start, longest first.
pub(crate) fn boolean_nodes(expressions: &[Range<usize>], operators: Vec<Range<usize>>) -> Vec<BooleanNode> {
    let mut open: Vec<Range<usize>> = Vec::new();
    let mut expressions = expressions.iter().peekable();
    let mut nodes = Vec::new();
    for operator in operators {
        while let Some(expression) = expressions.next_if(|expression| expression.start <= operator.start) {
            while open.last().is_some_and(|outer| outer.end <= expression.start) {
                open.pop();
            }
            open.push(expression.clone());
        }
        while open.last().is_some_and(|outer| outer.end <= operator.start) {
            open.pop();
        }
        if let Some(span) = open.last().cloned() {
            nodes.push(BooleanNode { span, operator });
        }
    }
    nodes
}

/// Finds the operators that begin a sequence of like operators, by where they start.
///
/// `a && b && c` is one sequence, `a && b || c` two. Parentheses and comments do not end a sequence, a negation or a
/// call does: `a && !(b && c)` is two. (SonarSource, *Cognitive Complexity*, 2023, "Sequences of logical operators".)
pub(crate) fn sequence_starts(text: &str, mut nodes: Vec<BooleanNode>, gaps: &Gaps<'_>) -> HashSet<usize> {
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
