//! Words in a row, of which a declaration has only so many.

use std::ops::Range;

use super::code::{Code, Context};
use super::edits::Edits;
use super::tokens::TokenKind;
use super::words::{STATEMENTS, TAGS, is_macro, is_type_word};

/// The places in a run of words that are not keywords.
type Names = Vec<usize>;

/// Where the run of words that starts at `start` ends.
pub(super) fn end(code: &Code<'_>, start: usize) -> usize {
    if STATEMENTS.contains(&code.word(start)) {
        return start + 1;
    }
    let mut end = start + 1;
    while code.kind(end) == Some(TokenKind::Word) && !STATEMENTS.contains(&code.word(end)) {
        end += 1;
    }
    end
}

/// Blanks words of a run that a declaration has no place for.
pub(super) fn settle(code: &Code<'_>, run: Range<usize>, edits: &mut Edits) {
    let names: Names = run.clone().filter(|&index| code.is_name(index)).collect();
    let after = code.word(run.end);
    stray(code, &run, &names, after, edits);
    attribute(code, &run, after, edits);
    first_word(code, &run, &names, after, edits);
    if run.len() < 2 || names.is_empty() {
        return;
    }
    let tag = run.clone().find(|&index| {
        code.word(index) == "class" || TAGS.contains(&code.word(index)) && matches!(after, "{" | ":")
    });
    let macros = || names.iter().all(|&name| is_macro(code.word(name)));
    let in_value = matches!(code.before(run.start), "=" | "(" | "," | "return" | "+" | "?");
    let in_statements = code.context(run.start) == Context::Statements;
    if code.before(run.start) == "namespace" && after == "{" {
        blank_all(code, names.get(1..).unwrap_or_default(), edits);
    } else if let Some(tag) = tag {
        type_head(code, &run, tag, &names, edits);
    } else if matches!(after, "::" | "<") {
        // The last is the first part of a name or of a type, or its template.
        let before: Names =
            names.iter().copied().filter(|&name| name + 1 < run.end && is_macro(code.word(name))).collect();
        blank_first(code, &before, names.len() - 1, |_| false, edits);
    } else if in_value
        && in_statements
        && names.len() == run.len()
        && matches!(after, ";" | "," | ")" | "+")
        && macros()
    {
        // Strings in a row.
        blank_all(code, rest_of(&names), edits);
    } else {
        declaration(code, &run, &names, edits);
    }
}

/// `class API Name {`: the last word is the name. `class API(1) Name {`.
fn type_head(code: &Code<'_>, run: &Range<usize>, tag: usize, names: &Names, edits: &mut Edits) {
    let after = code.word(run.end);
    let (outer, inner): (Names, Names) = names.iter().partition(|&&index| index < tag);
    if matches!(after, "{" | ":" | ";" | "final" | "<") {
        blank_all(code, rest_of(&inner), edits);
    } else if after == "("
        && let [name] = inner.as_slice()
        && let Some(close) = code.partner(run.end)
        && code.is_name(close + 1)
        && is_macro(code.word(*name))
    {
        edits.blank(code.span(*name, close));
    }
    blank_all(code, &outer, edits);
}

/// The specifiers and the name of something that is declared.
fn declaration(code: &Code<'_>, run: &Range<usize>, names: &Names, edits: &mut Edits) {
    let after = code.word(run.end);
    let tags = run.clone().filter(|&index| TAGS.contains(&code.word(index))).count();
    let typed =
        tags > 0 || run.clone().any(|index| is_type_word(code.word(index))) || behind_type(code, run.start);
    let named = !matches!(after, "*" | "&" | "&&");
    // The names that may stand here: that of a type, unless there is one, its tag, and what is declared.
    let allowed = usize::from(!typed) + tags + usize::from(named);
    let Some(excess) = names.len().checked_sub(allowed).filter(|&excess| excess > 0) else { return };
    let Some((&last, rest)) = names.split_last() else { return };
    let after_tag = |index: usize| TAGS.contains(&code.before(index));
    let arguments = code.partner(run.end).filter(|_| after == "(");

    if let Some(close) = arguments
        && code.word(run.end + 1) == "("
        && is_macro(code.word(last))
        && !rest.is_empty()
    {
        // `name CAPS((…))`, of the time before prototypes.
        edits.blank(code.span(last, run.end));
        edits.blank(code.span(close, close));
        blank_first(code, rest, excess - 1, after_tag, edits);
        return;
    }
    let marks = is_macro(code.word(last)) && rest.last().is_some_and(|&before| !is_macro(code.word(before)));
    if marks && named && !after_tag(last) {
        // An attribute behind the name: `int x CAPS;`, `void *data CAPS)`, `int x CAPS(lock);`.
        let ends = |close: usize| {
            code.kind(close + 1) == Some(TokenKind::Word)
                || matches!(code.word(close + 1), ";" | "," | "=" | ")" | "{" | ":")
        };
        let end = match arguments {
            Some(close) if ends(close) && rest.len() + usize::from(typed) > 1 => Some(close),
            Some(_) => None,
            None => Some(last),
        };
        if let Some(end) = end {
            edits.blank(code.span(last, end));
        }
        blank_first(code, rest, excess - usize::from(end.is_some()), after_tag, edits);
        return;
    }
    blank_first(code, if named { rest } else { names }, excess, after_tag, edits);
}

/// Whether what stands before `start` is the end of a type.
fn behind_type(code: &Code<'_>, start: usize) -> bool {
    match code.before(start) {
        "*" | "&" | "&&" => true,
        ">" => start
            .checked_sub(1)
            .and_then(|close| code.angle(close))
            .is_some_and(|open| code.before(open) != "template"),
        _ => false,
    }
}

/// The first word of a run, where what follows tells that it is none of the declaration.
fn first_word(code: &Code<'_>, run: &Range<usize>, names: &Names, after: &str, edits: &mut Edits) {
    let first = run.start;
    let (context, word) = (code.context(first), code.word(first));
    let pair = names.len() == 2 && run.len() == 2 && after == "(" && is_macro(word);
    let constructor = || code.partner(run.end).is_some_and(|close| code.word(close + 1) == ":");
    let pointer = run.len() == 1
        && after == "*"
        && code.before(first) == "("
        && code.word(run.end + 2) == ")"
        && code.word(run.end + 3) == "(";
    let away = pair && context == Context::Members && constructor()
        // A line of its own before a call.
        || pair && context == Context::Statements && code.at_start(first) && code.starts_line(first + 1)
        // `typedef void (CAPS *name)(int)`.
        || pointer && is_macro(word)
        // Which the grammar knows in declarations only.
        || word == "typename"
            && matches!(context, Context::Statements | Context::List)
            && !matches!(code.before(first), "<" | ",");
    if away {
        edits.blank(code.span(first, first));
    }
}

/// A word behind the head of a function: `void f(void) CAPS;`, `int f() const CAPS {`.
fn attribute(code: &Code<'_>, run: &Range<usize>, after: &str, edits: &mut Edits) {
    let last = run.end - 1;
    let statement = code.context(run.start) == Context::Statements;
    if code.context(run.start) == Context::List || code.in_parentheses(run.start) {
        return;
    }
    let marks = if statement || code.cpp { is_macro(code.word(last)) } else { true };
    if code.behind_head(last)
        && code.is_name(last)
        && marks
        && (after == "{" || !statement && matches!(after, ";" | "," | "="))
    {
        edits.blank(code.span(last, last));
    }
}

/// Words that stand alone where a declaration begins or a block ends.
fn stray(code: &Code<'_>, run: &Range<usize>, names: &Names, after: &str, edits: &mut Edits) {
    if names.len() != run.len()
        || !code.at_start(run.start)
        || !names.iter().all(|&name| is_macro(code.word(name)))
    {
        return;
    }
    let begins = matches!(after, "namespace" | "using" | "template" | "public" | "private" | "protected")
        || matches!(
            after,
            "if" | "for" | "while" | "switch" | "return" | "do" | "case" | "goto" | "break" | "#"
        ) && code.starts_line(run.end);
    let ends = matches!(after, "}" | "") && code.context(run.start) != Context::List;
    let directive =
        code.kind(run.end) == Some(TokenKind::Directive) && code.context(run.start) != Context::List;
    let head = after == "{"
        && code.starts_line(run.end)
        && run.len() == 1
        && code.context(run.start) != Context::List;
    if begins || ends || directive || head {
        blank_all(code, names, edits);
    }
}

fn rest_of(names: &[usize]) -> &[usize] {
    names.split_last().map_or(&[], |(_, rest)| rest)
}

fn blank_all(code: &Code<'_>, names: &[usize], edits: &mut Edits) {
    for &name in names {
        edits.blank(code.span(name, name));
    }
}

/// Blanks as many names as there are too many: macros first, from the left.
fn blank_first(
    code: &Code<'_>,
    names: &[usize],
    count: usize,
    keep: impl Fn(usize) -> bool,
    edits: &mut Edits,
) {
    let free: Names = names.iter().copied().filter(|&name| !keep(name)).collect();
    let (macros, others): (Names, Names) = free.into_iter().partition(|&name| is_macro(code.word(name)));
    let chosen: Names = macros.into_iter().chain(others).take(count).collect();
    blank_all(code, &chosen, edits);
}
