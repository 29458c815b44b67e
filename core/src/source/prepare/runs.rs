//! Words in a row, of which a declaration has only so many.

use std::ops::Range;

use super::edits::Edits;
use super::macros::{Code, Context};
use super::tokens::Kind;

/// Words that name a type.
const TYPES: [&str; 19] = [
    "void", "char", "short", "int", "long", "float", "double", "signed", "unsigned", "_Bool", "bool",
    "wchar_t", "char8_t", "char16_t", "char32_t", "auto", "__int64", "__int128", "_Complex",
];

/// Words that go with a type, or come before it.
const SPECIFIERS: [&str; 25] = [
    "const",
    "volatile",
    "static",
    "extern",
    "inline",
    "register",
    "restrict",
    "typedef",
    "constexpr",
    "consteval",
    "constinit",
    "virtual",
    "explicit",
    "friend",
    "mutable",
    "thread_local",
    "_Thread_local",
    "__inline",
    "__inline__",
    "__restrict",
    "__extension__",
    "_Noreturn",
    "__volatile__",
    "__const",
    "__thread",
];

/// Words that are followed by the name of a type.
const TAGS: [&str; 4] = ["struct", "union", "enum", "class"];

/// Words between which and what follows no declaration lies.
const STATEMENTS: [&str; 55] = [
    "return",
    "case",
    "goto",
    "else",
    "do",
    "new",
    "delete",
    "throw",
    "sizeof",
    "namespace",
    "using",
    "operator",
    "and",
    "or",
    "not",
    "xor",
    "bitand",
    "bitor",
    "compl",
    "break",
    "continue",
    "default",
    "public",
    "private",
    "protected",
    "typename",
    "template",
    "if",
    "for",
    "while",
    "switch",
    "try",
    "catch",
    "co_return",
    "co_await",
    "co_yield",
    "override",
    "final",
    "noexcept",
    "requires",
    "concept",
    "alignas",
    "decltype",
    "static_assert",
    "_Static_assert",
    "asm",
    "__asm__",
    "__asm",
    "__attribute__",
    "__declspec",
    "typeof",
    "__typeof__",
    "true",
    "false",
    "nullptr",
];

/// The places in a run of words that are not keywords.
type Names = Vec<usize>;

pub(super) fn is_keyword(word: &str) -> bool {
    is_type_word(word)
        || SPECIFIERS.contains(&word)
        || TAGS.contains(&word)
        || STATEMENTS.contains(&word)
        || matches!(word, "this" | "alignof" | "_Alignof" | "export" | "module" | "import")
}

pub(super) fn is_type_word(word: &str) -> bool {
    TYPES.contains(&word)
}

/// Whether a word is written as macros are: in capitals.
pub(super) fn is_macro(word: &str) -> bool {
    word.len() > 1
        && word.bytes().any(|byte| byte.is_ascii_uppercase())
        && !word.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// Where the run of words that starts at `start` ends.
pub(super) fn end(code: &Code<'_>, start: usize) -> usize {
    if STATEMENTS.contains(&code.word(start)) {
        return start + 1;
    }
    let mut end = start + 1;
    while code.kind(end) == Some(Kind::Word) && !STATEMENTS.contains(&code.word(end)) {
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
    let constructs = || code.partner(run.end).is_some_and(|close| code.word(close + 1) == ":");
    if names.len() == 2
        && run.len() == 2
        && after == "("
        && is_macro(code.word(run.start))
        && code.context(run.start) == Context::Members
        && constructs()
    {
        edits.blank(code.span(run.start, run.start));
    }
    // `typedef void (CAPS *name)(int)`.
    if run.len() == 1
        && code.before(run.start) == "("
        && after == "*"
        && is_macro(code.word(run.start))
        && code.word(run.end + 2) == ")"
        && code.word(run.end + 3) == "("
    {
        edits.blank(code.span(run.start, run.start));
    }
    // Which the grammar knows in declarations only.
    if code.word(run.start) == "typename"
        && matches!(code.context(run.start), Context::Statements | Context::List)
        && !matches!(code.before(run.start), "<" | ",")
    {
        edits.blank(code.span(run.start, run.start));
    }
    if names.len() == 2 && run.len() == 2 && after == "(" && code.context(run.start) == Context::Statements {
        // A line of its own before a call.
        if code.at_start(run.start) && is_macro(code.word(run.start)) && code.starts_line(run.start + 1) {
            edits.blank(code.span(run.start, run.start));
        }
    }
    if run.len() < 2 || names.is_empty() {
        return;
    }
    let words = || run.clone().map(|index| code.word(index));
    if words().any(|word| word == "class" || TAGS.contains(&word) && matches!(after, "{" | ":")) {
        // `class API Name {`: the last word is the name.
        let tag = run.clone().find(|&index| TAGS.contains(&code.word(index))).unwrap_or(run.start);
        let inner: Names = names.iter().copied().filter(|&index| index > tag).collect();
        if matches!(after, "{" | ":" | ";" | "final" | "<") {
            blank_all(code, rest_of(&inner), edits);
        } else if after == "("
            && let [name] = inner.as_slice()
        {
            // `class API(1) Name {`.
            let close = code.partner(run.end);
            if let Some(close) = close.filter(|&close| code.is_name(close + 1) && is_macro(code.word(*name)))
            {
                edits.blank(code.span(*name, close));
            }
        }
        blank_all(code, &names.iter().copied().filter(|&index| index < tag).collect::<Names>(), edits);
        return;
    }
    let tags = words().filter(|word| TAGS.contains(word)).count();
    let template = || {
        let open = run.start.checked_sub(1).and_then(|close| code.angle(close));
        open.is_none_or(|open| code.before(open) == "template")
    };
    let behind_type = match code.before(run.start) {
        "*" | "&" | "&&" => true,
        ">" => !template(),
        _ => false,
    };
    let typed = words().any(is_type_word) || tags > 0 || behind_type;
    if matches!(after, "::" | "<") {
        // The last is the first part of a name or of a type, or its template.
        let macros: Names = names.iter().copied().filter(|&name| is_macro(code.word(name))).collect();
        let count = names.len() - 1;
        blank_first(code, macros.strip_suffix(&[run.end - 1]).unwrap_or(&macros), count, |_| false, edits);
        return;
    }
    let in_value = matches!(code.before(run.start), "=" | "(" | "," | "return" | "+" | "?");
    if in_value
        && names.len() == run.len()
        && names.iter().all(|&name| is_macro(code.word(name)))
        && matches!(after, ";" | "," | ")" | "+")
    {
        // Strings in a row.
        if code.context(run.start) == Context::Statements {
            blank_all(code, rest_of(&names), edits);
            return;
        }
    }
    let named = !matches!(after, "*" | "&" | "&&");
    // The names that may stand here: that of a type, unless there is one, its tag, and what is declared.
    let allowed = usize::from(!typed) + tags + usize::from(named);
    let Some(mut excess) = names.len().checked_sub(allowed).filter(|&excess| excess > 0) else { return };
    let Some((&last, rest)) = names.split_last() else { return };
    let after_tag = |index: usize| TAGS.contains(&code.before(index));

    // `name CAPS((…))`, of the time before prototypes.
    if after == "(" && code.word(run.end + 1) == "(" && is_macro(code.word(last)) && !rest.is_empty() {
        if let Some(close) = code.partner(run.end) {
            edits.blank(code.span(last, run.end));
            edits.blank(code.span(close, close));
            excess -= 1;
        }
        blank_first(code, rest, excess, after_tag, edits);
        return;
    }
    // An attribute behind the name: `int x CAPS;`, `void *data CAPS)`, `int x CAPS(lock);`.
    let is_attribute =
        is_macro(code.word(last)) && rest.last().is_some_and(|&before| !is_macro(code.word(before)));
    if is_attribute && named && !after_tag(last) {
        match code.partner(run.end).filter(|_| after == "(") {
            Some(close)
                if (code.kind(close + 1) == Some(Kind::Word)
                    || matches!(code.word(close + 1), ";" | "," | "=" | ")" | "{" | ":"))
                    && rest.len() + usize::from(typed) > 1 =>
            {
                edits.blank(code.span(last, close));
            }
            Some(_) => {
                blank_first(code, rest, excess, after_tag, edits);
                return;
            }
            None => edits.blank(code.span(last, last)),
        }
        blank_first(code, rest, excess - 1, after_tag, edits);
        return;
    }
    let candidates = if named { rest } else { &names };
    blank_first(code, candidates, excess, after_tag, edits);
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
    let directive = code.kind(run.end) == Some(Kind::Directive) && code.context(run.start) != Context::List;
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
