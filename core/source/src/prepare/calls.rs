//! Macros with arguments.

use super::code::{Code, Context};
use super::edits::Edits;
use super::tokens::TokenKind;
use super::words;

/// Tokens that are looked at for the end of an expression.
const MOST_TOKENS: usize = 200;

/// What looks like a call, by the places of its tokens.
struct Call<'a> {
    name: usize,
    open: usize,
    close: usize,
    /// Its name.
    word: &'a str,
    /// What comes behind it.
    after: &'a str,
    /// Whether that is a word that goes on with a declaration or begins something.
    typed: bool,
    /// Whether it stands among statements, maybe within one.
    in_statements: bool,
}

/// Blanks or replaces the macro with arguments whose name is at `name`, if there is one.
pub(super) fn settle(code: &Code<'_>, name: usize, edits: &mut Edits) {
    let open = name + 1;
    if code.word(open) != "(" || !code.is_name(name) || edits.is_blank(code.span(name, name)) {
        return;
    }
    let Some(close) = code.partner(open) else { return };
    let after = code.word(close + 1);
    if after == "{" && name.checked_sub(2).is_some_and(|at| code.word(at) == "namespace") {
        // `namespace name CAPS(x) {`.
        edits.blank(code.span(name, close));
        return;
    }
    let call = Call {
        name,
        open,
        close,
        word: code.word(name),
        after,
        typed: code.kind(close + 1) == Some(TokenKind::Word) && !matches!(after, "and" | "or"),
        in_statements: code.context(name) == Context::Statements,
    };
    if attribute(code, &call, edits) || declaration(code, &call, edits) {
        return;
    }
    let statement = call.in_statements && !code.in_parentheses(name);
    if code.at_start(name) || statement && code.before(name) == ")" {
        match statement {
            true => in_statements(code, &call, edits),
            false => in_declarations(code, &call, edits),
        }
    } else if call.in_statements || code.context(name) == Context::List {
        type_arguments(code, open, close, edits);
    }
}

/// An attribute behind the head of a function: `int f() LOCKED(mutex);`.
fn attribute(code: &Code<'_>, call: &Call<'_>, edits: &mut Edits) -> bool {
    let found = code.behind_head(call.name)
        && !call.in_statements
        && words::is_macro(call.word)
        && matches!(call.after, ";" | "{" | "," | "=" | ")" | ":");
    if found {
        edits.blank(code.span(call.name, call.close));
    }
    found
}

/// `static DEFINE(name)`, which declares something, and `EXTERN ATTRIBUTE(1) type name`.
fn declaration(code: &Code<'_>, call: &Call<'_>, edits: &mut Edits) -> bool {
    if call.in_statements || !words::is_macro(call.word) {
        return false;
    }
    let back = |goes_on: &dyn Fn(usize) -> bool| {
        let mut first = call.name;
        while first > 0 && goes_on(first - 1) {
            first -= 1;
        }
        first
    };
    let specifiers = back(&|at| matches!(code.word(at), "static" | "inline" | "extern" | "constexpr"));
    let macros = back(&|at| code.is_name(at) && words::is_macro(code.word(at)));
    let defines =
        specifiers < call.name && code.at_start(specifiers) && (call.typed || matches!(call.after, ";" | ""));
    let marks = macros < call.name
        && call.typed
        && (code.at_start(macros) || edits.is_blank(code.span(macros, call.name - 1)));
    if defines {
        code.settle(specifiers, call.close, edits);
    } else if marks {
        code.settle(macros, call.close, edits);
    }
    defines || marks
}

/// A macro that is a statement, or the head of one.
fn in_statements(code: &Code<'_>, call: &Call<'_>, edits: &mut Edits) {
    let loops =
        call.word.to_ascii_lowercase().replace('_', "").contains("foreach") || call.word.starts_with("for_");
    let begins = call.typed && !matches!(call.after, "const" | "volatile" | "throw" | "try");
    let head = call.after == "{" || begins && (loops || code.starts_line(call.close + 1));
    let arguments = code.span(call.open + 1, call.close - 1);
    if !head {
        type_arguments(code, call.open, call.close, edits);
    } else if loops && !arguments.is_empty() && call.word.len() >= "while".len() {
        // A loop over a list, whatever its arguments mean.
        edits.replace(arguments, "1");
        edits.replace(code.span(call.name, call.name), "while");
    } else if call.after == "{" {
        edits.blank(code.span(call.name, call.close));
    } else if words::is_macro(call.word) {
        code.settle(call.name, call.close, edits);
    }
}

/// A macro that is a declaration or member, or before one.
fn in_declarations(code: &Code<'_>, call: &Call<'_>, edits: &mut Edits) {
    let top = code.context(call.name) == Context::Declarations;
    let is_macro = words::is_macro(call.word);
    // No parameters, so no function.
    let odd = (call.open..call.close.min(call.open + MOST_TOKENS))
        .any(|index| matches!(code.kind(index), Some(TokenKind::String | TokenKind::Number)));
    if call.after == "{" {
        // A function by a macro.
        if odd {
            edits.blank(code.span(call.open + 1, call.close - 1));
        }
        return;
    }
    if is_macro && top && matches!(call.after, "->" | ".") {
        // An expression that registers something.
        let end = (call.close..call.close + MOST_TOKENS).find(|&at| code.word(at) == ";");
        if let Some(end) = end {
            code.settle(call.name, end, edits);
        }
        return;
    }
    let directive = code.kind(call.close + 1) == Some(TokenKind::Directive);
    let alone = call.typed || call.after.is_empty() || directive;
    let written = is_macro
        || top && words::begins_as_macro(call.word)
        || call.word.len() == 1 && code.context(call.name) != Context::Members;
    let marked = written && (alone || matches!(call.after, "}" | "[" | "~") || call.after == ";" && top);
    // C has no declaration of this shape.
    let unknown = !code.cpp && top && (odd && alone || call.after == ";");
    if marked || unknown {
        code.settle(call.name, call.close, edits);
    }
}

/// Arguments that are types, as of `va_arg`, become values.
fn type_arguments(code: &Code<'_>, open: usize, close: usize, edits: &mut Edits) {
    const OF_TYPES: [&str; 8] =
        ["sizeof", "alignof", "_Alignof", "offsetof", "typeof", "__typeof__", "decltype", "typeid"];
    if OF_TYPES.contains(&code.before(open)) {
        return;
    }
    let mut start = open + 1;
    let mut index = start;
    while index <= close {
        match code.word(index) {
            "," | ")" if index == close || code.word(index) == "," => {
                let all_words =
                    (start..index).all(|at| code.kind(at) == Some(TokenKind::Word) || code.word(at) == "*");
                let last = code.before(index);
                let is_type = start < index
                    && (code.word(start) != "void" || index > start + 1)
                    && all_words
                    && code.kind(start) == Some(TokenKind::Word)
                    && (words::is_type_word(last)
                        || last == "size_t"
                        || last == "*"
                        || matches!(code.before(index - 1), "struct" | "union" | "enum"));
                if is_type {
                    edits.replace(code.span(start, index - 1), "0");
                }
                start = index + 1;
            }
            "(" | "[" | "{" => index = code.partner(index).unwrap_or(index),
            _ => {}
        }
        index += 1;
    }
}
