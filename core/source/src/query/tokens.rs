//! The tokens of a pattern, as far as they affect its shape.

/// A token.
pub(super) enum Token {
    Open,
    OpenAlternation,
    /// `)` or `]`: tree-sitter rejects patterns with unbalanced brackets.
    Close,
    /// A string or a `_`, which matches any node, without its own brackets.
    Part {
        any: bool,
    },
    Optional,
    Star,
    Plus,
    Capture,
}

/// Reads a pattern from left to right.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub fn of(text: &'a str) -> Self {
        Tokens { text, at: 0 }
    }

    /// The first character of the next token, after blanks and comments.
    pub fn peek(&mut self) -> Option<char> {
        loop {
            let next = self.text.get(self.at..)?.chars().next()?;
            if next == ';' {
                self.take_while(|c| c != '\n');
            } else if next.is_whitespace() {
                self.at += next.len_utf8();
            } else {
                return Some(next);
            }
        }
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let taken = rest.get(..rest.find(|c| !wanted(c)).unwrap_or(rest.len())).unwrap_or_default();
        self.at += taken.len();
        taken
    }

    /// The next name, which may be empty.
    pub fn word(&mut self) -> &'a str {
        self.peek();
        self.take_while(is_word)
    }

    /// The next token and its offset in bytes.
    pub fn next(&mut self) -> Option<(usize, Token)> {
        loop {
            let next = self.peek()?;
            let at = self.at;
            if is_word(next) && !matches!(next, '_' | '.') {
                // The name of a field, or something that tree-sitter rejects.
                self.word();
                continue;
            }
            self.at += next.len_utf8();
            let token = match next {
                // Where a node is expected, `___` is three of them.
                '_' => Token::Part { any: true },
                '(' => Token::Open,
                '[' => Token::OpenAlternation,
                ')' | ']' => Token::Close,
                '?' => Token::Optional,
                '*' => Token::Star,
                '+' => Token::Plus,
                '@' => {
                    self.take_while(is_word);
                    Token::Capture
                }
                '"' => {
                    self.string();
                    Token::Part { any: false }
                }
                '!' => {
                    self.word();
                    continue;
                }
                _ => continue,
            };
            return Some((at, token));
        }
    }

    /// Skips a string whose opening quote was read.
    fn string(&mut self) -> String {
        let mut text = String::new();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut characters = rest.chars();
        while let Some(next) = characters.next() {
            match next {
                '"' => break,
                '\\' => text.extend(characters.next().map(|escaped| match escaped {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    '0' => '\0',
                    other => other,
                })),
                other => text.push(other),
            }
        }
        self.at += rest.len() - characters.as_str().len();
        text
    }

    /// Skips a predicate whose opening bracket was read.
    pub fn predicate(&mut self) -> Predicate<'a> {
        let name = self.take_while(|c| is_word(c) || matches!(c, '#' | '?' | '!'));
        let mut predicate = Predicate { name, arguments: 0, last_string: None };
        while let Some(next) = self.peek() {
            if is_word(next) {
                self.word();
                predicate.arguments += 1;
                continue;
            }
            self.at += next.len_utf8();
            match next {
                ')' => break,
                '"' => {
                    predicate.last_string = Some(self.string());
                    predicate.arguments += 1;
                }
                _ => {}
            }
        }
        predicate
    }
}

/// A predicate, as far as its cost is concerned.
pub(super) struct Predicate<'a> {
    pub name: &'a str,
    pub arguments: u64,
    pub last_string: Option<String>,
}

/// Whether a character can be part of the name of a node, field or capture.
fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '.')
}
