//! Syntax of TypeScript that is newer than the grammar, or that it has no place for.

use super::edits::Edits;
use super::tokens::{Token, TokenKind, Tokens, script_tokens};

/// Tokens that are looked at for the other end of something.
const MOST_TOKENS: usize = 500;

/// Writes over what the grammar does not know:
///
/// - modifiers of variance, `<in T, out U>` (TypeScript 4.7)
/// - `export type * from` (5.0)
/// - types of modules, `import("x").T`
/// - signatures of calls that begin a line in a type, where no semicolon ends the line before
/// - functions without name and body, `export default function (): T;` of declaration files
/// - type arguments before a template
pub(super) fn rewrite(text: &str, edits: &mut Edits) {
    let tokens = script_tokens(text);
    let code = Tokens { text, list: &tokens };
    for (index, token) in tokens.iter().enumerate() {
        match (token.kind, code.word(index)) {
            (TokenKind::Word, "in" | "out") => variance(code, index, edits),
            (TokenKind::Word, "type") if code.before(index, 1) == "export" && code.word(index + 1) == "*" => {
                edits.blank(token.span.clone());
            }
            (TokenKind::Word, "import") => module_type(code, index, edits),
            (TokenKind::Word, "default") => bare_function(code, index, edits),
            (TokenKind::Punctuation, "<" | "(") if token.starts_line => call_signature(code, index, edits),
            (TokenKind::String, template) if template.starts_with('`') => tagged_template(code, index, edits),
            _ => {}
        }
    }
}

impl Tokens<'_> {
    /// Whether the `>` at `index` is the end of an arrow.
    fn is_arrow(&self, index: usize) -> bool {
        let joined = |a: &Token, b: &Token| a.span.end == b.span.start;
        self.before(index, 1) == "="
            && index
                .checked_sub(1)
                .and_then(|before| self.get(before))
                .zip(self.get(index))
                .is_some_and(|(a, b)| joined(a, b))
    }

    /// The bracket that closes the one at `open`.
    fn close(&self, open: usize) -> Option<usize> {
        let angles = self.word(open) == "<";
        let mut depth = 0_usize;
        for index in open..self.list.len().min(open + MOST_TOKENS) {
            match self.word(index) {
                "(" | "[" | "{" => depth += 1,
                "<" if angles => depth += 1,
                ">" if angles && !self.is_arrow(index) => depth -= 1,
                ")" | "]" | "}" => depth = depth.checked_sub(1)?,
                _ => {}
            }
            if depth == 0 {
                return Some(index);
            }
        }
        None
    }
}

fn variance(code: Tokens<'_>, index: usize, edits: &mut Edits) {
    let in_list = matches!(code.before(index, 1), "<" | ",")
        || code.before(index, 1) == "in" && matches!(code.before(index, 2), "<" | ",");
    let named = !matches!(code.word(index + 1), "extends" | "as" | "satisfies" | "instanceof" | "in" | "of");
    let modifies = code.kind(index + 1) == Some(TokenKind::Word) && named;
    if in_list
        && modifies
        && let Some(token) = code.get(index)
    {
        edits.blank(token.span.clone());
    }
}

fn module_type(code: Tokens<'_>, index: usize, edits: &mut Edits) {
    let shape = code.word(index + 1) == "("
        && code.kind(index + 2) == Some(TokenKind::String)
        && code.word(index + 3) == ")"
        && code.word(index + 4) == ".";
    // Of a promise of the module.
    let expression =
        matches!(code.word(index + 5), "then" | "catch" | "finally") || code.before(index, 1) == "await";
    if shape
        && !expression
        && let (Some(first), Some(last)) = (code.get(index), code.get(index + 3))
    {
        edits.replace(first.span.start..last.span.end, "T");
    }
}

fn bare_function(code: Tokens<'_>, index: usize, edits: &mut Edits) {
    if code.before(index, 1) != "export" || code.word(index + 1) != "function" || code.word(index + 2) != "("
    {
        return;
    }
    let Some(close) = code.close(index + 2).filter(|&close| code.word(close + 1) == ":") else { return };
    let mut at = close + 2;
    while !matches!(code.word(at), ";" | "{" | "") && at < close + MOST_TOKENS {
        at += 1;
    }
    if code.word(at) == "{" {
        at = code.close(at).map_or(at, |close| close + 1);
    }
    if code.word(at) != "{"
        && let (Some(export), Some(open)) =
            (index.checked_sub(1).and_then(|e| code.get(e)), code.get(index + 2))
    {
        edits.replace(export.span.start..open.span.start, "export function _");
    }
}

fn call_signature(code: Tokens<'_>, index: usize, edits: &mut Edits) {
    let last = index.checked_sub(1).and_then(|last| code.get(last));
    let Some(last) = last else { return };
    let ends = last.kind == TokenKind::Word
        || last.kind == TokenKind::String
        || matches!(code.before(index, 1), ">" | ")" | "]" | "}");
    if !ends || code.is_arrow(index - 1) {
        return;
    }
    let Some(mut close) = code.close(index) else { return };
    if code.word(index) == "<" {
        if code.word(close + 1) != "(" {
            return;
        }
        let Some(end) = code.close(close + 1) else { return };
        close = end;
    }
    let apart = code.text.as_bytes().get(last.span.end).is_some_and(u8::is_ascii_whitespace);
    if code.word(close + 1) == ":" && apart {
        edits.replace(last.span.end..last.span.end + 1, ";");
    }
}

fn tagged_template(code: Tokens<'_>, index: usize, edits: &mut Edits) {
    if code.before(index, 1) != ">" || code.is_arrow(index - 1) {
        return;
    }
    let (mut depth, mut braces) = (0_usize, 0_usize);
    for at in (index.saturating_sub(MOST_TOKENS)..index).rev() {
        match code.word(at) {
            ">" if !code.is_arrow(at) => depth += 1,
            "<" => depth -= 1,
            "}" => braces += 1,
            "{" if braces > 0 => braces -= 1,
            ";" | "{" if braces == 0 => return,
            _ => {}
        }
        if depth == 0 {
            if let (Some(first), Some(last)) = (code.get(at), code.get(index - 1)) {
                edits.blank(first.span.start..last.span.end);
            }
            return;
        }
    }
}
