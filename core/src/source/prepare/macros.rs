//! Macros that are no part of the syntax of C and C++.

use std::cell::Cell;
use std::ops::Range;

use super::conditionals::directive;
use super::edits::Edits;
use super::runs;
use super::tokens::{Kind, Token};

/// Open brackets that are remembered at a conditional.
const MOST_OPEN: usize = 64;

/// What a pair of braces is around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// Declarations: the file, a namespace, `extern "C"`.
    Declarations,
    /// Members of a type.
    Members,
    /// Statements.
    Statements,
    /// An enumeration or an initializer, where the grammars know of no preprocessor.
    List,
}

/// Tokens with their brackets.
pub(super) struct Code<'a> {
    text: &'a str,
    pub tokens: &'a [Token],
    pub cpp: bool,
    /// The bracket that belongs to each bracket.
    partners: Vec<Option<usize>>,
    /// What each token is in, and whether in parentheses there.
    contexts: Vec<(Context, bool)>,
    /// Behind the last statement or declaration that was taken away.
    settled: Cell<usize>,
}

impl<'a> Code<'a> {
    fn new(text: &'a str, tokens: &'a [Token], cpp: bool) -> Self {
        let mut code = Code {
            text,
            tokens,
            cpp,
            partners: vec![None; tokens.len()],
            contexts: vec![(Context::Declarations, false); tokens.len()],
            settled: Cell::new(0),
        };
        let mut open: Vec<(usize, (Context, bool))> = Vec::new();
        // What is open where a conditional begins is open in each of its branches.
        let mut conditionals: Vec<Vec<(usize, (Context, bool))>> = Vec::new();
        for index in 0..tokens.len() {
            if code.kind(index) == Some(Kind::Directive) {
                let kept = open.len() <= MOST_OPEN;
                match directive(code.word(index)).0 {
                    "if" | "ifdef" | "ifndef" if kept => conditionals.push(open.clone()),
                    "if" | "ifdef" | "ifndef" => conditionals.push(Vec::new()),
                    "else" | "elif" | "elifdef" | "elifndef" => {
                        if let Some(before) = conditionals.last().filter(|_| kept) {
                            open.clone_from(before);
                        }
                    }
                    "endif" => _ = conditionals.pop(),
                    _ => {}
                }
            }
            let here = open.last().map_or((Context::Declarations, false), |(_, inner)| *inner);
            let word = code.word(index);
            match word {
                "(" | "[" => open.push((index, (here.0, true))),
                "{" => open.push((index, (code.context_of_brace(index, here.0), false))),
                ")" | "]" | "}" => {
                    let fits = |&(other, _): &(usize, _)| {
                        matches!((code.word(other), word), ("(", ")") | ("[", "]") | ("{", "}"))
                    };
                    if let Some((other, _)) = open.pop_if(|last| fits(last)) {
                        code.partners[index] = Some(other);
                        code.partners[other] = Some(index);
                    } else if word == "}"
                        && let Some(at) = open.iter().rev().take(8).position(|last| fits(last))
                    {
                        // A bracket that another branch of the preprocessor closes.
                        open.truncate(open.len() - 1 - at);
                    }
                }
                _ => {}
            }
            let inner = open.last().map_or((Context::Declarations, false), |(_, inner)| *inner);
            code.contexts[index] = if matches!(word, "(" | "[" | "{") { here } else { inner };
        }
        code
    }

    pub fn word(&self, index: usize) -> &'a str {
        self.tokens.get(index).and_then(|token| self.text.get(token.span.clone())).unwrap_or_default()
    }

    pub fn kind(&self, index: usize) -> Option<Kind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    pub fn is_name(&self, index: usize) -> bool {
        self.kind(index) == Some(Kind::Word) && !runs::is_keyword(self.word(index))
    }

    pub fn before(&self, index: usize) -> &'a str {
        index.checked_sub(1).map_or("", |before| self.word(before))
    }

    pub fn partner(&self, index: usize) -> Option<usize> {
        self.partners.get(index).copied().flatten()
    }

    pub fn context(&self, index: usize) -> Context {
        self.contexts.get(index).map_or(Context::Declarations, |context| context.0)
    }

    pub fn in_parentheses(&self, index: usize) -> bool {
        self.contexts.get(index).is_some_and(|context| context.1)
    }

    pub fn span(&self, from: usize, to: usize) -> Range<usize> {
        let start = self.tokens.get(from).map_or(0, |token| token.span.start);
        start..self.tokens.get(to).map_or(start, |token| token.span.end.max(start))
    }

    pub fn starts_line(&self, index: usize) -> bool {
        self.tokens.get(index).is_none_or(|token| token.starts_line)
    }

    /// Whether what stands before `index` is the end of a function's head, or of an array's.
    pub fn behind_head(&self, index: usize) -> bool {
        let qualified =
            matches!(self.before(index), "const" | "noexcept" | "override" | "final" | "volatile")
                && index.checked_sub(2).is_some_and(|at| self.word(at) == ")");
        matches!(self.before(index), ")" | "]") || qualified
    }

    /// Whether a statement or declaration may begin at `index`.
    pub fn at_start(&self, index: usize) -> bool {
        let label = self.before(index) == ":"
            && (self.context(index) == Context::Statements
                || index
                    .checked_sub(2)
                    .is_some_and(|at| matches!(self.word(at), "public" | "protected" | "private")));
        index == self.settled.get()
            || matches!(self.before(index), "" | ";" | "{" | "}" | "else" | "do")
            || label
            || index.checked_sub(1).and_then(|before| self.kind(before)) == Some(Kind::Directive)
    }

    /// Takes a statement or declaration away, so that what follows is at the start of one.
    pub fn settle(&self, from: usize, to: usize, edits: &mut Edits) {
        edits.blank(self.span(from, to));
        self.settled.set(to + 1);
    }

    /// The `<` that belongs to the `>` at `close`, as far back as one usually reaches.
    pub fn angle(&self, close: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for back in (close.saturating_sub(64)..=close).rev() {
            match self.word(back) {
                ">" => depth += 1,
                "<" => depth -= 1,
                ";" | "{" | "}" => return None,
                _ => {}
            }
            if depth == 0 {
                return Some(back);
            }
        }
        None
    }

    fn context_of_brace(&self, index: usize, around: Context) -> Context {
        let marked = index
            .checked_sub(1)
            .is_some_and(|last| runs::is_macro(self.word(last)) && self.before(last) == ")");
        if matches!(self.before(index), "else" | "do" | "try")
            || self.behind_head(index) && self.before(index) != "]"
            || marked
        {
            return Context::Statements;
        }
        // The head of what the brace belongs to, as far back as one usually reaches.
        let mut back = index;
        for _ in 0..64 {
            let Some(before) = back.checked_sub(1) else { break };
            back = before;
            match self.word(back) {
                "namespace" | "extern" => return Context::Declarations,
                "enum" => return Context::List,
                "struct" | "class" | "union" => return Context::Members,
                "=" | "," | "return" | "(" | "[" => return Context::List,
                ")" => match self.partner(back) {
                    Some(open) => back = open,
                    None => break,
                },
                ";" | "{" | "}" => break,
                _ => {}
            }
        }
        if around == Context::List { Context::List } else { Context::Statements }
    }
}

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
            Some(Kind::Directive) => directive_in_list(&code, index, edits),
            Some(Kind::Word) => {
                let end = runs::end(&code, index);
                runs::settle(&code, index..end, edits);
                calls(&code, end - 1, edits);
                index = end;
                continue;
            }
            Some(Kind::String) => beside_string(&code, index, edits),
            Some(Kind::Punctuation) if cpp && code.word(index) == "=" => unnamed_default(&code, index, edits),
            Some(Kind::Number) if code.is_name(index + 1) && !code.starts_line(index + 1) => {
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
            _ if code.kind(index + 2) == Some(Kind::String) => edits.blank(code.span(index + 1, index + 1)),
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

/// A macro with arguments, whose name is at `name`.
fn calls(code: &Code<'_>, name: usize, edits: &mut Edits) {
    let open = name + 1;
    if code.word(open) != "(" || !code.is_name(name) || edits.is_blank(code.span(name, name)) {
        return;
    }
    let Some(close) = code.partner(open) else { return };
    let (whole, after) = (code.span(name, close), code.word(close + 1));
    let word = code.word(name);
    let statements = code.context(name) == Context::Statements && !code.in_parentheses(name);
    let follows = code.kind(close + 1);
    let typed = follows == Some(Kind::Word) && after != "and" && after != "or";
    let next_begins = follows == Some(Kind::Word)
        && !matches!(
            after,
            "const"
                | "noexcept"
                | "override"
                | "final"
                | "volatile"
                | "throw"
                | "try"
                | "and"
                | "or"
                | "requires"
        );
    // An attribute behind a parameter list.
    let in_statements = code.context(name) == Context::Statements;
    if code.behind_head(name)
        && !in_statements
        && runs::is_macro(word)
        && matches!(after, ";" | "{" | "," | "=" | ")" | ":")
    {
        edits.blank(whole);
        return;
    }
    // `static CAPS(name)`, which declares something.
    let mut first = name;
    while first > 0 && matches!(code.before(first), "static" | "inline" | "extern" | "constexpr") {
        first -= 1;
    }
    if first < name
        && !in_statements
        && runs::is_macro(word)
        && code.at_start(first)
        && (typed || matches!(after, ";" | ""))
    {
        code.settle(first, close, edits);
        return;
    }
    // `EXTERN ATTRIBUTE(1) type name`.
    let mut macros = name;
    while macros > 0 && runs::is_macro(code.before(macros)) && code.is_name(macros - 1) {
        macros -= 1;
    }
    if macros < name
        && !in_statements
        && runs::is_macro(word)
        && typed
        && (code.at_start(macros) || edits.is_blank(code.span(macros, name - 1)))
    {
        code.settle(macros, close, edits);
        return;
    }
    if !code.at_start(name) && !(statements && code.before(name) == ")") {
        if in_statements || code.context(name) == Context::List {
            type_arguments(code, open, close, edits);
        }
        return;
    }
    let loops = word.to_ascii_lowercase().replace('_', "").contains("foreach") || word.starts_with("for_");
    if statements && (after == "{" || next_begins && (loops || code.starts_line(close + 1))) {
        if loops {
            // A loop over a list, whatever its arguments mean.
            let arguments = code.span(open + 1, close - 1);
            if arguments.is_empty() || word.len() < "while".len() {
                edits.blank(whole);
            } else {
                edits.replace(arguments, "1");
                edits.replace(code.span(name, name), "while");
            }
        } else if after == "{" {
            edits.blank(whole);
        } else if runs::is_macro(word) {
            code.settle(name, close, edits);
        }
    } else if statements {
        type_arguments(code, open, close, edits);
    } else if after == "{" {
        // A function by a macro, whose arguments are no parameters.
        if odd_macro(code, open, close) {
            edits.blank(code.span(open + 1, close - 1));
        }
    } else if runs::is_macro(word)
        && matches!(after, "->" | ".")
        && code.context(name) == Context::Declarations
    {
        // An expression that registers something.
        let end = (close..close + 200).find(|&at| code.word(at) == ";");
        if let Some(end) = end {
            code.settle(name, end, edits);
        }
    } else if (runs::is_macro(word) || word.len() == 1 && code.context(name) != Context::Members)
        && (typed
            || matches!(after, "}" | "" | "[" | "~")
            || follows == Some(Kind::Directive)
            || after == ";" && code.context(name) == Context::Declarations)
    {
        code.settle(name, close, edits);
    } else if !code.cpp
        && code.context(name) == Context::Declarations
        && odd_macro(code, open, close)
        && (typed || after == "" || follows == Some(Kind::Directive))
    {
        code.settle(name, close, edits);
    } else if after == ";" && !code.cpp && code.context(name) == Context::Declarations {
        // A declaration by a macro: C has none of this shape.
        edits.blank(whole);
    }
}

/// Whether arguments are no parameters.
fn odd_macro(code: &Code<'_>, open: usize, close: usize) -> bool {
    (open..close.min(open + 64)).any(|index| matches!(code.kind(index), Some(Kind::String | Kind::Number)))
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
                    (start..index).all(|at| code.kind(at) == Some(Kind::Word) || code.word(at) == "*");
                let last = code.before(index);
                let is_type = start < index
                    && (code.word(start) != "void" || index > start + 1)
                    && all_words
                    && code.kind(start) == Some(Kind::Word)
                    && (runs::is_type_word(last)
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
