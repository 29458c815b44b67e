use std::ops::Range;

use crate::bare;
use crate::file_kind::FileKind;
use crate::literal::{LONGEST, Quote, quote};
use crate::operator::{LONGEST_TYPE, comparison, operator};
use crate::span::{backward, backward_within, blank, forward_within, is_at, name as name_byte, url_safe};
use crate::value::{argument, default_within, element, next_element, quoted, skip_blank, unquoted};

/// The longest name, in bytes.
const LONGEST_NAME: usize = 80;

/// The longest index or length after a name, in bytes.
const LONGEST_INDEX: usize = 32;

/// How far from the start of its line a name is looked for a word before it, in bytes.
const LONGEST_LINE: usize = 128;

/// The longest scheme of the header `Authorization`, in bytes.
const LONGEST_SCHEME: usize = 12;

/// How far apart a name and its value may be that stand in a record each: `name: A` and `value: b` below it.
const LONGEST_GAP: usize = 40;

/// How a value stands beside its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    /// It is in quotes, or in an element.
    Quoted,
    /// It has no quotes where none are needed: in a file for settings, behind an option of a command.
    Bare,
    /// It may be something else: a word of a text, what the name is compared with, the next argument of a call.
    Loose,
}

/// What is assigned to a name that suggests a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub name: Range<usize>,
    /// More than one in a list.
    pub values: Vec<Range<usize>>,
    pub context: Context,
}

/// Finds what is assigned to the name around a keyword that lies at `at`: `name = "value"`, `"name": "value"`,
/// `name: Type = "value"`, `name[] = "value"`, `string name("value")`, `#define NAME "value"`,
/// `<name>value</name>`, `--name value`, `name == "value"`, `"name", "value"`, `${NAME:-value}`; where there are
/// settings also the rest of the line, and anywhere a word that adjoins, `name=value`.
pub(crate) fn assignment(text: &str, at: Range<usize>, kind: FileKind) -> Option<Assignment> {
    let bytes = text.as_bytes();
    if !is_word(bytes, &at) {
        return None;
    }
    let name = backward_within(text, at.start, LONGEST_NAME, name_byte)
        ..forward_within(text, at.end, LONGEST_NAME, name_byte);
    if name.len() > LONGEST_NAME {
        return None;
    }
    let closed = closed(text, name.end)?;
    let place = Place { text, kind, name: name.clone(), closed, at: skip_blank(text, closed) };
    let (values, context) = place.value()?;
    let values = values.into_iter().map(|value| default_within(text, value)).collect();
    Some(Assignment { name, values, context })
}

/// One past the quotes and brackets that close a name, which end an index or a key.
fn closed(text: &str, name: usize) -> Option<usize> {
    if text.as_bytes().get(name)? == &b'[' {
        let end = forward_within(text, name + 1, LONGEST_INDEX, |b| url_safe(b) || b" +*.:".contains(&b));
        return is_at(text, end, |byte| byte == b']').then_some(end + 1);
    }
    let quoted = quote(text, name).map_or(name, |quote| quote.end);
    Some(forward_within(text, quoted, 3, |byte| byte == b']' || byte == b')' && quoted > name))
}

type Found = Option<(Vec<Range<usize>>, Context)>;

/// A name and what comes after it.
struct Place<'a> {
    text: &'a str,
    kind: FileKind,
    name: Range<usize>,
    /// Behind what closes the name.
    closed: usize,
    /// Behind blanks after that.
    at: usize,
}

impl Place<'_> {
    fn value(&self) -> Found {
        let Place { text, at, closed, .. } = *self;
        let bytes = text.as_bytes();
        let apart = at > closed;
        let is_closed = closed > self.name.end;
        let rest = text.get(at..)?;
        if let Some(found) = self.lookup(rest).or_else(|| self.compared_before()) {
            return Some(found);
        }
        match bytes.get(at)? {
            b'=' | b'!' | b'~' if comparison(rest) > 0 => self.loose(at + comparison(rest)),
            b':' if self.kind == FileKind::Settings && !rest.starts_with("::") => {
                let after = at + 1 + usize::from(rest.starts_with(":="));
                // A tag: `image/token-service:v1`.
                let tag =
                    !is_at(text, after, |byte| byte.is_ascii_whitespace() || byte == b'"' || byte == b'\'')
                        && self
                            .name
                            .start
                            .checked_sub(1)
                            .is_some_and(|before| is_at(text, before, |byte| byte == b'/'));
                if tag { None } else { self.assigned(after, false) }
            }
            b'=' | b':' | b'?' | b'|' | b'+' if operator(text, at).is_some() => {
                let (after, adjoins) = operator(text, at)?;
                self.assigned(after, adjoins && !apart)
            }
            b'<' if rest.starts_with("<-") => self.assigned(at + 2, false),
            b'<' if rest.starts_with("</") => single(next_element(text, at), Context::Quoted),
            b'>' if !apart => {
                let name = text.get(self.name.clone())?;
                single(element(text, at, if is_closed { "" } else { name }), Context::Quoted)
            }
            b',' | b'\n' | b'\r' => self.record().or_else(|| self.argument(rest)),
            b'|' | b'?' if rest.starts_with("||") || rest.starts_with("??") => self.loose(at + 2),
            b'|' => self.default(at + 1),
            b'.' if !apart => self.method(rest),
            b'&' if rest.starts_with("&gt;") => single(bare::word(text, at + 4), Context::Loose),
            b'%' if ["%3A", "%3a", "%3D", "%3d"].iter().any(|operator| rest.starts_with(operator)) => {
                self.assigned(at + 3, true)
            }
            b'(' | b'{' if !apart && !is_closed => self.called(at + 1),
            b'{' => self.record().or_else(|| self.loose(at + 1)),
            _ if apart => self.beside(rest),
            _ => None,
        }
    }

    /// `${NAME:-value}`: what a shell takes where the name has no value.
    fn lookup(&self, rest: &str) -> Found {
        let start =
            backward_within(self.text, self.name.start, LONGEST_NAME, |byte| byte == b'.' || name_byte(byte));
        if !self.text.get(..start)?.ends_with("${") {
            return None;
        }
        let length = [":-", ":=", "-", "=", ":"].iter().find(|operator| rest.starts_with(**operator))?.len();
        let start = self.at + length;
        let mut depth = 0;
        let end = forward_within(self.text, start, LONGEST_NAME * 2, |byte| {
            depth += i32::from(byte == b'{') - i32::from(byte == b'}');
            depth >= 0 && byte != b'\n'
        });
        let closes = is_at(self.text, end, |byte| byte == b'}');
        closes.then(|| (vec![unquoted(self.text, start..end)], Context::Bare))
    }

    /// `"value" == name`.
    fn compared_before(&self) -> Found {
        let text = self.text;
        let start =
            backward_within(text, self.name.start, LONGEST_NAME, |byte| byte == b'.' || name_byte(byte));
        let operator = backward(text, start, blank);
        let before = text.get(..operator)?;
        let length = ["===", "!==", "==", "!="].iter().find(|operator| before.ends_with(**operator))?.len();
        let quote = backward(text, operator - length, blank).checked_sub(1)?;
        let mark = *text.as_bytes().get(quote).filter(|mark| b"\"'`".contains(mark))?;
        let start = backward_within(text, quote, LONGEST, |byte| byte != mark && byte != b'\n');
        let opened = start.checked_sub(1).is_some_and(|open| text.as_bytes().get(open) == Some(&mark));
        single(opened.then_some(start..quote), Context::Loose)
    }

    /// What an operator that ends at `after` assigns.
    fn assigned(&self, after: usize, adjoins: bool) -> Found {
        let Place { text, kind, .. } = *self;
        let at = skip_blank(text, after);
        // A function that gives the value.
        let at = if text.get(at..).is_some_and(|rest| rest.starts_with("() =>")) {
            skip_blank(text, at + 5)
        } else {
            at
        };
        if let Some(values) = quoted(text, at) {
            return Some((values, Context::Quoted));
        }
        if let Some(default) = lookup_with_default(text, at) {
            return Some((vec![default], Context::Loose));
        }
        if self
            .text
            .get(self.name.clone())
            .is_some_and(|name| name.to_ascii_lowercase().ends_with("authorization"))
        {
            let scheme = forward_within(text, at, LONGEST_SCHEME, |byte| byte.is_ascii_alphabetic());
            if text.get(at..scheme)?.eq_ignore_ascii_case("basic") {
                return None;
            }
            let at = if scheme > at && is_at(text, scheme, blank) { skip_blank(text, scheme) } else { at };
            return single(bare::word(text, at), Context::Bare);
        }
        let flag = self.is_flag();
        let exported = self.line_before().is_some_and(|before| before.trim_end().ends_with("export"));
        match kind {
            // A shell puts something else in its place.
            _ if (exported || kind == FileKind::Shell) && is_at(text, at, |byte| byte == b'$') => {
                let value = bare::word(text, at)
                    .filter(|value| text.get(value.clone()).is_some_and(|v| v.starts_with("${")));
                single(value, Context::Bare)
            }
            _ if flag || exported && at == after => single(bare::word(text, at), Context::Bare),
            FileKind::Settings if is_at(text, at, |byte| b"\r\n|>".contains(&byte)) => {
                bare::block(text, at).map(|values| (values, Context::Bare))
            }
            FileKind::Settings => single(bare::line(text, at), Context::Bare),
            FileKind::Shell if at == after => single(bare::word(text, at), Context::Bare),
            _ if adjoins && at == after
                || at == after + 1 && text.as_bytes().get(after - 1) == Some(&b':') =>
            {
                single(bare::part(text, at).or_else(|| bare::word(text, at)), Context::Loose)
            }
            _ => None,
        }
    }

    /// A literal that is compared with the name or given where it has no value.
    fn loose(&self, after: usize) -> Found {
        quoted(self.text, skip_blank(self.text, after)).map(|values| (values, Context::Loose))
    }

    /// `| default "value"`, `| default('value')`.
    fn default(&self, after: usize) -> Found {
        let at = skip_blank(self.text, after);
        self.text.get(at..)?.strip_prefix("default")?;
        let at = skip_blank(self.text, at + "default".len());
        self.loose(at)
    }

    /// `name.equals("value")`.
    fn method(&self, rest: &str) -> Found {
        let name = self.text.get(self.name.clone())?;
        if name.eq_ignore_ascii_case("jwt") {
            let call = [".sign(", ".verify(", ".encode(", ".decode("]
                .iter()
                .find(|call| rest.starts_with(**call))?;
            let start = self.at + call.len();
            let comma = forward_within(self.text, start, LONGEST_GAP, |byte| byte != b',' && byte != b'\n');
            return if is_at(self.text, comma, |byte| byte == b',') { self.loose(comma + 1) } else { None };
        }
        let call = [".compare(", ".equals(", ".Equals(", ".equalsIgnoreCase(", ".eq(", ".compareTo("];
        let call = call.iter().find(|call| rest.starts_with(**call))?;
        self.loose(self.at + call.len())
    }

    /// `string name("value")`, `.setName("value")`.
    fn called(&self, after: usize) -> Found {
        let name = self.text.get(self.name.clone())?;
        let method =
            self.name.start.checked_sub(1).is_some_and(|before| is_at(self.text, before, |b| b == b'.'));
        let sets = ["set", "with", "use"]
            .iter()
            .any(|verb| name.get(..verb.len()).is_some_and(|v| v.eq_ignore_ascii_case(verb)));
        if is_string(self.text, self.name.start) {
            return quoted(self.text, after).map(|values| (values, Context::Quoted));
        }
        // The user comes first: `basic_auth("user", "password")`.
        let second = || argument(self.text, after, 1).map(|value| (vec![value], Context::Loose));
        let sql = name == "PASSWORD";
        second().or_else(|| if method || sets || sql { self.loose(after) } else { None })
    }

    /// `"name", "value"`: the next argument, or element.
    fn argument(&self, rest: &str) -> Found {
        if !rest.starts_with(',') {
            return None;
        }
        let at = forward_within(self.text, self.at + 1, LONGEST_GAP, |byte| byte.is_ascii_whitespace());
        let values = quoted(self.text, at)?;
        let first = values.into_iter().next()?;
        // A pair, not one of the keys of a map.
        let after = skip_blank(self.text, first.end + 1);
        let key = is_at(self.text, after, |byte| byte == b':' || byte == b'=');
        (!key).then(|| (vec![first], Context::Loose))
    }

    /// `name: NAME` and `value: …` on the next line, or both in one object.
    fn record(&self) -> Found {
        let text = self.text;
        let gap = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'"' | b'\'' | b'{');
        let at = forward_within(text, self.at, LONGEST_GAP, gap);
        let key = ["value", "Value", "default", "Default"]
            .iter()
            .find(|key| text.get(at..).is_some_and(|r| r.starts_with(**key)))?;
        let end = quote(text, at + key.len()).map_or(at + key.len(), |Quote { end, .. }| end);
        let (after, _) = operator(text, skip_blank(text, end))?;
        self.assigned(after, false)
    }

    /// What stands after the name with nothing but blanks between them.
    fn beside(&self, rest: &str) -> Found {
        let Place { text, at, .. } = *self;
        if let Some(by) = rest.get(..3).filter(|by| by.eq_ignore_ascii_case("by ")) {
            return self.loose(at + by.len());
        }
        if let Some(is) = rest.strip_prefix("is ") {
            return single(bare::word(text, at + rest.len() - is.len()), Context::Loose);
        }
        if let Some(string) = rest.strip_prefix("-String ") {
            return self.loose(at + rest.len() - string.len());
        }
        // An element with attributes.
        if self.name.start.checked_sub(1).is_some_and(|before| is_at(text, before, |byte| byte == b'<')) {
            let end = forward_within(text, at, LONGEST_LINE, |byte| byte != b'>' && byte != b'\n');
            return single(element(text, end, text.get(self.name.clone())?), Context::Quoted);
        }
        if quote(text, at).is_some() {
            let defined = self.line_before().is_some_and(|before| before.trim_start().starts_with("#define"));
            let sql = is_at(text, at, |byte| byte == b'\'')
                && self.text.get(self.name.clone()).is_some_and(|n| n.eq_ignore_ascii_case("password"));
            let context = if defined || sql || self.is_flag() { Context::Quoted } else { Context::Loose };
            return quoted(text, at).map(|values| (values, context));
        }
        let before = self.line_before().unwrap_or_default().trim();
        if self.is_flag() || matches!(before, "ENV" | "ARG") || self.is_netrc(before) {
            return single(bare::word(text, at), Context::Bare);
        }
        // The type of a declaration.
        if self.text.as_bytes().get(at).is_some_and(|byte| byte.is_ascii_lowercase() || b"[*".contains(byte))
        {
            let (after, _) = operator(text, at)?;
            return self.assigned(after, false);
        }
        None
    }

    /// Whether the name is an option of a command: `--name`.
    fn is_flag(&self) -> bool {
        let name = self.text.get(self.name.clone()).unwrap_or_default();
        name.starts_with('-')
    }

    /// Whether a line names a machine and who logs in, as `.netrc` does.
    fn is_netrc(&self, before: &str) -> bool {
        self.text.get(self.name.clone()) == Some("password")
            && (before.contains("login ") || before.starts_with("login"))
    }

    /// The line up to the name, where it is short.
    fn line_before(&self) -> Option<&str> {
        let start = backward_within(self.text, self.name.start, LONGEST_LINE, |byte| byte != b'\n');
        let whole = start.checked_sub(1).is_none_or(|before| is_at(self.text, before, |byte| byte == b'\n'));
        if whole { self.text.get(start..self.name.start) } else { None }
    }
}

fn single(value: Option<Range<usize>>, context: Context) -> Found {
    value.map(|value| (vec![value], context))
}

/// The default of something that is looked up elsewhere: `process.env.NAME || "value"`, `os.getenv(NAME) or "value"`.
fn lookup_with_default(text: &str, at: usize) -> Option<Range<usize>> {
    let end = forward_within(text, at, LONGEST_TYPE, |byte| url_safe(byte) || b".()[]?!\"'".contains(&byte));
    let operator = forward_within(text, end, 3, blank);
    let rest = text.get(operator..)?;
    let length =
        ["|| ", "?? ", "or ", "||", "??"].iter().find(|operator| rest.starts_with(**operator))?.len();
    quoted(text, skip_blank(text, operator + length))?.into_iter().next()
}

/// Whether a name that starts at `at` is declared as a string of C++: `std::string name`.
fn is_string(text: &str, at: usize) -> bool {
    let end = backward(text, at, blank);
    let start = backward_within(text, end, LONGEST_TYPE, url_safe);
    end < at && text.get(start..end).is_some_and(|word| word.to_ascii_lowercase().contains("string"))
}

/// Whether a keyword is a word of its own or the end of one, also in the plural.
fn is_word(bytes: &[u8], keyword: &Range<usize>) -> bool {
    let small = bytes.get(keyword.end.wrapping_sub(1)).is_some_and(u8::is_ascii_lowercase);
    let plural = bytes.get(keyword.end).is_some_and(|byte| byte.eq_ignore_ascii_case(&b's'));
    let goes_on = |at: usize| {
        bytes.get(at).is_some_and(|b| if small { b.is_ascii_lowercase() } else { b.is_ascii_uppercase() })
    };
    !goes_on(keyword.end) || plural && !goes_on(keyword.end + 1)
}
