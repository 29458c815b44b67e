//! Tokens of C and C++ with their brackets, and what they are in.

use std::cell::Cell;
use std::ops::Range;

use super::conditionals::directive;
use super::edits::Edits;
use super::tokens::{Token, TokenKind, Tokens};
use super::words;

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
    tokens: Tokens<'a>,
    pub cpp: bool,
    /// The bracket that belongs to each bracket.
    partners: Vec<Option<usize>>,
    /// What each token is in, and whether in parentheses there.
    contexts: Vec<(Context, bool)>,
    /// Behind the last statement or declaration that was taken away.
    settled: Cell<usize>,
}

impl<'a> Code<'a> {
    pub fn new(text: &'a str, tokens: &'a [Token], cpp: bool) -> Self {
        let mut code = Code {
            tokens: Tokens { text, list: tokens },
            cpp,
            partners: vec![None; tokens.len()],
            contexts: vec![(Context::Declarations, false); tokens.len()],
            settled: Cell::new(0),
        };
        let mut open: Vec<(usize, (Context, bool))> = Vec::new();
        // What is open where a conditional begins is open in each of its branches.
        let mut conditionals: Vec<Vec<(usize, (Context, bool))>> = Vec::new();
        for index in 0..tokens.len() {
            if code.kind(index) == Some(TokenKind::Directive) {
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
                        && let Some(at) = open.iter().rev().take(8).position(fits)
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
        self.tokens.word(index)
    }

    pub fn kind(&self, index: usize) -> Option<TokenKind> {
        self.tokens.kind(index)
    }

    pub fn is_name(&self, index: usize) -> bool {
        self.kind(index) == Some(TokenKind::Word) && !words::is_keyword(self.word(index))
    }

    pub fn before(&self, index: usize) -> &'a str {
        self.tokens.before(index, 1)
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
            || index.checked_sub(1).and_then(|before| self.kind(before)) == Some(TokenKind::Directive)
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
            .is_some_and(|last| words::is_macro(self.word(last)) && self.before(last) == ")");
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
