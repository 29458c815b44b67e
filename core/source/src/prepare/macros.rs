//! Macros that are no part of the syntax of C and C++, and what else the grammars have no place for.

use super::calls;
use super::code::{Code, Context};
use super::conditionals::directive;
use super::edits::Edits;
use super::runs;
use super::tokens::{Token, TokenKind};

/// Blanks or replaces macros, and what else the grammar has no place for.
pub(super) fn remove(text: &str, tokens: &[Token], cpp: bool, edits: &mut Edits) {
    let code = Code::new(text, tokens, cpp);
    let mut index = 0;
    while index < tokens.len() {
        // What lies in something that was taken away is done with.
        if edits.is_blank(code.span(index, index)) {
            index += 1;
            continue;
        }
        match code.kind(index) {
            Some(TokenKind::Directive) => directive_in_list(&code, index, edits),
            Some(TokenKind::Word) => {
                let end = runs::end(&code, index);
                runs::settle(&code, index..end, edits);
                calls::settle(&code, end - 1, edits);
                index = end;
                continue;
            }
            Some(TokenKind::String) => beside_string(&code, index, edits),
            Some(TokenKind::Punctuation) if cpp && code.word(index) == "=" => {
                unnamed_default(&code, index, edits)
            }
            Some(TokenKind::Number) if code.is_name(index + 1) && !code.starts_line(index + 1) => {
                // A unit: `64 MB`.
                edits.blank(code.span(index + 1, index + 1));
            }
            _ => {}
        }
        index += 1;
    }
}

/// Directives have a place between statements, declarations and members only; conditions are read as they are.
fn directive_in_list(code: &Code<'_>, index: usize, edits: &mut Edits) {
    let (name, condition) = directive(code.word(index));
    if name == "define" {
        definition(code, index, edits);
    }
    let conditional =
        matches!(name, "if" | "ifdef" | "ifndef" | "elif" | "else" | "endif" | "elifdef" | "elifndef");
    if !conditional && (code.in_parentheses(index) || code.context(index) == Context::List) {
        edits.blank(code.span(index, index));
    } else if matches!(name, "if" | "elif") && (condition.contains("__has_") || condition.contains("::")) {
        let span = code.span(index, index);
        edits.replace(span, if name == "if" { "#if 1" } else { "#elif 1" });
    }
}

/// The body of a macro ends for the grammars where a comment begins, and `...` stands alone.
fn definition(code: &Code<'_>, index: usize, edits: &mut Edits) {
    let (span, text) = (code.span(index, index), code.word(index));
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find("/*")).map(|start| at + start) {
        let Some(end) = text.get(start..).and_then(|rest| rest.find("*/")).map(|end| start + end + 2) else {
            break;
        };
        if text.get(end..).is_some_and(|rest| !rest.trim_matches(['\\', ' ', '\t', '\r', '\n']).is_empty()) {
            edits.blank(span.start + start..span.start + end);
        }
        at = end;
    }
    if let Some(dots) = text.find("...)")
        && text.get(..dots).is_some_and(|head| head.ends_with(|c: char| c.is_alphanumeric()))
    {
        edits.blank(span.start + dots..span.start + dots + 3);
    }
}

/// A parameter of a template that has a default and no name, as of `enable_if`, gets one.
fn unnamed_default(code: &Code<'_>, index: usize, edits: &mut Edits) {
    let value = matches!(code.word(index + 1), "nullptr" | "0" | "true" | "false" | "NULL");
    let ends = matches!(code.word(index + 2), ">" | ",");
    let bare = matches!(code.before(index), ">" | "*" | "&");
    let span = code.span(index, index);
    if value && ends && bare && edits.is_blank(span.start - 1..span.start) {
        edits.replace(span.start - 1..span.start, "_");
    }
}

/// What stands beside a string is one too: `"%" PRIx64 "\n"`, `"a" QUOTED("b")`.
fn beside_string(code: &Code<'_>, index: usize, edits: &mut Edits) {
    if code.is_name(index + 1) && !code.starts_line(index)
        || code.is_name(index + 1) && code.in_parentheses(index)
    {
        match code.word(index + 2) {
            "(" => {
                if let Some(close) = code.partner(index + 2) {
                    edits.blank(code.span(index + 1, close));
                }
            }
            "," | ")" | ";" => edits.blank(code.span(index + 1, index + 1)),
            _ if code.kind(index + 2) == Some(TokenKind::String) => {
                edits.blank(code.span(index + 1, index + 1))
            }
            _ => {}
        }
    }
    let Some(last) = index.checked_sub(1) else { return };
    if code.word(last) == ")" {
        let open = code.partner(last).filter(|&open| open > 0 && code.is_name(open - 1));
        if let Some(open) = open {
            edits.blank(code.span(open - 1, last));
        }
    } else if code.is_name(last)
        && matches!(code.before(last), "(" | "," | "=" | "return" | "?" | ":" | "{" | "<" | "+")
    {
        edits.blank(code.span(last, last));
    }
}
