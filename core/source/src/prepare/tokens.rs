//! Tokens of C and C++ and of TypeScript, as far as the rules look at them.

use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// An identifier or keyword.
    Word,
    Number,
    /// A string or character, with its prefix.
    String,
    /// A line of the preprocessor, with those that continue it.
    Directive,
    /// One byte of punctuation, except `::`, `->`, `&&` and `||`.
    Punctuation,
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub kind: TokenKind,
    pub span: Range<usize>,
    /// Whether it is the first of its line.
    pub starts_line: bool,
}

/// A text and its tokens, each of which is asked for by its index; there is none beyond either end.
#[derive(Clone, Copy)]
pub(crate) struct Tokens<'a> {
    pub text: &'a str,
    pub list: &'a [Token],
}

impl<'a> Tokens<'a> {
    pub fn get(&self, index: usize) -> Option<&'a Token> {
        self.list.get(index)
    }

    pub fn kind(&self, index: usize) -> Option<TokenKind> {
        self.get(index).map(|token| token.kind)
    }

    /// What a token is; empty where there is none.
    pub fn word(&self, index: usize) -> &'a str {
        self.get(index).and_then(|token| self.text.get(token.span.clone())).unwrap_or_default()
    }

    /// What the token so many places before `index` is.
    pub fn before(&self, index: usize, count: usize) -> &'a str {
        index.checked_sub(count).map_or("", |before| self.word(before))
    }
}

/// The tokens of C or C++, without white space and comments.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    scan(text, false)
}

/// The tokens of TypeScript, without white space and comments. A template is one; regular expressions are not told from
/// divisions.
pub(crate) fn script_tokens(text: &str) -> Vec<Token> {
    scan(text, true)
}

fn scan(text: &str, script: bool) -> Vec<Token> {
    let bytes = text.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or_default();
    let mut tokens = Vec::new();
    let (mut index, mut starts_line) = (0, true);
    while index < bytes.len() {
        let start = index;
        let kind = match at(index) {
            b'\n' => {
                starts_line = true;
                index += 1;
                continue;
            }
            byte if byte.is_ascii_whitespace() || byte == b'\\' => {
                index += 1;
                continue;
            }
            b'/' if at(index + 1) == b'/' => {
                index = line_end(bytes, index);
                continue;
            }
            b'/' if at(index + 1) == b'*' => {
                index = comment_end(bytes, index);
                continue;
            }
            b'#' if starts_line && !script => {
                index = directive_end(bytes, index);
                TokenKind::Directive
            }
            b'`' if script => {
                index = template_end(bytes, index);
                TokenKind::String
            }
            b'"' | b'\'' => {
                index = string_end(bytes, index);
                TokenKind::String
            }
            byte if byte.is_ascii_digit() || byte == b'.' && at(index + 1).is_ascii_digit() => {
                while is_word(at(index))
                    || matches!(at(index), b'.')
                    || at(index) == b'\'' && is_word(at(index + 1))
                    || matches!(at(index), b'+' | b'-') && matches!(at(index - 1), b'e' | b'E' | b'p' | b'P')
                {
                    index += 1;
                }
                TokenKind::Number
            }
            byte if is_word(byte) => {
                while is_word(at(index)) {
                    index += 1;
                }
                let word = bytes.get(start..index).unwrap_or_default();
                let prefix = !script
                    && matches!(word, b"L" | b"u" | b"U" | b"u8" | b"R" | b"LR" | b"uR" | b"UR" | b"u8R");
                match at(index) {
                    b'"' if prefix && word.ends_with(b"R") => {
                        index = raw_string_end(bytes, index);
                        TokenKind::String
                    }
                    b'"' | b'\'' if prefix => {
                        index = string_end(bytes, index);
                        TokenKind::String
                    }
                    _ => TokenKind::Word,
                }
            }
            _ => {
                let pair = bytes.get(index..index + 2).unwrap_or_default();
                index += if matches!(pair, b"::" | b"->" | b"&&" | b"||") { 2 } else { 1 };
                TokenKind::Punctuation
            }
        };
        tokens.push(Token { kind, span: start..index, starts_line });
        starts_line = false;
    }
    tokens
}

fn is_word(byte: u8) -> bool {
    byte == b'_' || byte == b'$' || byte.is_ascii_alphanumeric() || byte >= 0x80
}

fn line_end(bytes: &[u8], start: usize) -> usize {
    bytes.iter().skip(start).position(|&byte| byte == b'\n').map_or(bytes.len(), |at| start + at)
}

/// Behind the comment that starts at `start`.
fn comment_end(bytes: &[u8], start: usize) -> usize {
    let inner = bytes.get(start + 2..).unwrap_or_default();
    inner.windows(2).position(|pair| pair == b"*/").map_or(bytes.len(), |at| start + at + 4)
}

/// Where the line that starts at `start` ends, joined with those after a backslash and those that a comment spans.
fn directive_end(bytes: &[u8], start: usize) -> usize {
    let mut index = start;
    while let Some(&byte) = bytes.get(index) {
        match byte {
            b'\n' => {
                let line = bytes.get(start..index).unwrap_or_default();
                if !line.trim_ascii_end().ends_with(b"\\") {
                    return index;
                }
                index += 1;
            }
            b'/' if bytes.get(index + 1) == Some(&b'*') => index = comment_end(bytes, index),
            b'/' if bytes.get(index + 1) == Some(&b'/') => return line_end(bytes, index),
            b'"' => index = string_end(bytes, index),
            _ => index += 1,
        }
    }
    index
}

/// Behind the string or character that starts at `start`; one that does not end ends with its line.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let quote = bytes.get(start);
    let mut index = start + 1;
    while let Some(byte) = bytes.get(index) {
        match byte {
            b'\\' => index += 2,
            b'\n' => return index,
            byte if Some(byte) == quote => return index + 1,
            _ => index += 1,
        }
    }
    bytes.len()
}

/// Behind the template that starts at `start`, with those in its substitutions.
fn template_end(bytes: &[u8], start: usize) -> usize {
    // The braces that are open in each substitution around.
    let mut substitutions: Vec<usize> = Vec::new();
    let (mut index, mut in_text) = (start + 1, true);
    while let Some(&byte) = bytes.get(index) {
        match byte {
            b'\\' => index += 1,
            b'`' if in_text && substitutions.is_empty() => return index + 1,
            b'`' => in_text = !in_text,
            b'$' if in_text && bytes.get(index + 1) == Some(&b'{') => {
                substitutions.push(0);
                in_text = false;
                index += 1;
            }
            b'{' if !in_text => {
                if let Some(open) = substitutions.last_mut() {
                    *open += 1;
                }
            }
            b'}' if !in_text => match substitutions.last_mut() {
                Some(0) => {
                    substitutions.pop();
                    in_text = true;
                }
                Some(open) => *open -= 1,
                None => {}
            },
            _ => {}
        }
        index += 1;
    }
    bytes.len()
}

/// Behind the raw string whose quote is at `start`.
fn raw_string_end(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start + 1..).unwrap_or_default();
    let Some(open) = rest.iter().take(17).position(|&byte| byte == b'(') else {
        return string_end(bytes, start);
    };
    let mut close = vec![b')'];
    close.extend_from_slice(rest.get(..open).unwrap_or_default());
    close.push(b'"');
    let end = rest.windows(close.len()).position(|window| window == close);
    end.map_or(bytes.len(), |end| start + 1 + end + close.len())
}
