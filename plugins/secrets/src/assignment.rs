use std::ops::Range;

use crate::bare_word::BareWord;
use crate::name;
use crate::span::{backward, backward_within, blank, forward, forward_within, url_safe};
use crate::value;

/// The longest name, in bytes.
const LONGEST_NAME: usize = 80;

/// The longest type between a name and its value, in bytes.
const LONGEST_TYPE: usize = 48;

/// The longest index or length after a name, in bytes.
const LONGEST_INDEX: usize = 32;

/// How far from the start of its line a name is looked for `#define`, in bytes.
const LONGEST_DEFINE: usize = 256;

/// A value that is assigned to a name that suggests a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub name: Range<usize>,
    pub value: Range<usize>,
}

/// Finds the value assigned to the name around a keyword that lies at `at`: `name = "value"`, `"name": "value"`,
/// `name: Type = "value"`, `name[] = "value"`, `string name("value")`, `#define NAME "value"`,
/// `<name>value</name>`, `export NAME=value`; where there are settings also a bare word to the end of its line.
pub(crate) fn assignment(
    text: &str,
    at: Range<usize>,
    settings: bool,
    word: &mut BareWord,
) -> Option<Assignment> {
    let bytes = text.as_bytes();
    if !is_word(bytes, &at) {
        return None;
    }
    let name = backward_within(text, at.start, LONGEST_NAME, url_safe)
        ..forward_within(text, at.end, LONGEST_NAME, url_safe);
    if name.len() > LONGEST_NAME {
        return None;
    }
    let closed = match bytes.get(name.end)? {
        b'[' => index(text, name.end)?,
        _ => forward(text, name.end, |b| matches!(b, b'"' | b'\'' | b'`' | b']')),
    };
    let at = conditional(text, forward(text, closed, blank));
    let mut after =
        |at: usize| value::quoted(text, at).or_else(|| value::bare(text, &name, at, settings, word));
    let value = match bytes.get(at)? {
        b'=' | b':' => after(operator(text, at)?)?,
        b'"' if at > closed && is_defined(text, name.start) => value::quoted(text, at)?,
        // Go's `var name string = …`.
        b'a'..=b'z' | b'[' | b'*' if at > closed => after(operator(text, at)?)?,
        b'(' | b'{' if at == name.end && is_string(text, name.start) => value::quoted(text, at + 1)?,
        b'>' if at == name.end => value::element(text, &name, at)?,
        _ => return None,
    };
    // Last, because most names that are found are assigned nothing.
    name::is_secret(text.get(name.clone())?).then_some(Assignment { name, value })
}

/// Steps over `[…]`, the length of an array or the index of an element.
fn index(text: &str, at: usize) -> Option<usize> {
    let end = forward_within(text, at + 1, LONGEST_INDEX, |b| url_safe(b) || b" +*.:".contains(&b));
    (text.as_bytes().get(end) == Some(&b']')).then_some(end + 1)
}

/// Steps over what makes an operator conditional: `?` of `?:` and `?=`, `||` of `||=`, and such.
fn conditional(text: &str, at: usize) -> usize {
    let is_next = |operator: &&str| text.get(at..at + operator.len()) == Some(operator);
    ["?:", "!:", "?=", "||=", "??="].iter().find(|o| is_next(o)).map_or(at, |o| at + o.len() - 1)
}

/// Steps over `=`, `:`, `:=`, `=>` or a type and `=`, and what is blank after it.
fn operator(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let after = |at: usize| Some(forward(text, at, blank));
    match (bytes.get(at)?, bytes.get(at + 1)) {
        (b'=', Some(b'=')) => None,
        (b'=', Some(b'>')) | (b':', Some(b'=')) => after(at + 2),
        (b'=', _) => after(at + 1),
        (first, _) => {
            let start = at + usize::from(*first == b':');
            let mut depth = 0;
            let is_type = |b: u8| {
                depth += i32::from(matches!(b, b'[' | b'<')) - i32::from(matches!(b, b']' | b'>'));
                b.is_ascii_alphanumeric()
                    || b"_&*<>[]'.?| \t".contains(&b)
                    || depth > 0 && matches!(b, b',' | b';')
            };
            let end = forward_within(text, start, LONGEST_TYPE + 1, is_type);
            match bytes.get(end) {
                Some(b'=') if end - start <= LONGEST_TYPE && bytes.get(end + 1) != Some(&b'=') => {
                    after(end + 1)
                }
                _ if *first == b':' => after(start),
                _ => None,
            }
        }
    }
}

/// Whether the line of a name that starts at `at` begins with `#define`.
fn is_defined(text: &str, at: usize) -> bool {
    let start = backward_within(text, at, LONGEST_DEFINE, |b| b != b'\n');
    let whole = start.checked_sub(1).is_none_or(|before| text.as_bytes().get(before) == Some(&b'\n'));
    whole && text.get(start..at).is_some_and(|line| line.trim_start().starts_with("#define"))
}

/// Whether a name that starts at `at` is declared as a string of C++: `std::string name`.
fn is_string(text: &str, at: usize) -> bool {
    let end = backward(text, at, blank);
    let start = backward_within(text, end, LONGEST_TYPE, url_safe);
    end < at && text.get(start..end).is_some_and(|word| word.to_ascii_lowercase().contains("string"))
}

/// Whether a keyword is a word of its own, or the end of one.
fn is_word(bytes: &[u8], keyword: &Range<usize>) -> bool {
    let next = bytes.get(keyword.end);
    let small = bytes.get(keyword.end.wrapping_sub(1)).is_some_and(u8::is_ascii_lowercase);
    let goes_on = next.is_some_and(|b| if small { b.is_ascii_lowercase() } else { b.is_ascii_uppercase() });
    !goes_on
}
