//! Reading the values of one table of a run file, each checked against its bounds and named by its full path.

use std::{ops::Range, path::PathBuf};

use toml::de::{DeTable, DeValue};

use super::run_file_error::{Place, RunFileError};
use crate::validate::{Field, Rule, Violation, unknown_key};

type Result<T> = std::result::Result<T, RunFileError>;

/// The text of a run file with its name.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub file: &'a str,
    pub text: &'a str,
}

/// Every table with its keys; the first is the file itself.
pub(super) type Keys = [(&'static str, &'static [&'static str])];

/// One table; a table that is not there reads as an empty one.
pub(super) struct Section<'a> {
    text: Text<'a>,
    path: &'static str,
    table: Option<&'a DeTable<'a>>,
    at: usize,
}

impl Text<'_> {
    pub(super) fn place(&self, offset: usize) -> Place {
        Place::of(self.file, self.text, offset)
    }
}

impl<'a> Section<'a> {
    /// The file itself.
    pub(super) fn root(text: Text<'a>, table: &'a DeTable<'a>) -> Self {
        Self { text, path: "", table: Some(table), at: 0 }
    }

    /// The table of that name.
    pub(super) fn section(&self, path: &'static str) -> Result<Self> {
        let (table, at) = match self.find(path) {
            None => (None, self.at),
            Some((DeValue::Table(table), span)) => (Some(table), span.start),
            Some((value, span)) => return Err(self.refuse(path, value, &span, Rule::Type, "a table")),
        };
        Ok(Self { text: self.text, path, table, at })
    }

    pub(super) fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// Refuses the first key that `keys` does not list for this table.
    pub(super) fn refuse_unknown(&self, keys: &Keys) -> Result<()> {
        let known = keys.iter().find(|(path, _)| *path == self.path).map_or(&[][..], |(_, known)| known);
        let unknown = self
            .table
            .and_then(|table| table.iter().find(|(key, _)| !known.contains(&key.get_ref().as_ref())));
        let Some((key, _)) = unknown else { return Ok(()) };
        let nearest = match unknown_key(key.get_ref(), known).nearest {
            Some(nearest) => Some(self.dotted(&nearest)),
            None => elsewhere(key.get_ref(), keys),
        };
        Err(RunFileError::UnknownKey {
            place: self.text.place(key.span().start),
            key: crate::validate::escape_control(&self.dotted(key.get_ref())).into_owned(),
            nearest,
            known: known.join(", "),
        })
    }

    /// A whole number within the field's bounds.
    pub(super) fn integer(&self, key: &'static str, field: &Field) -> Result<Option<i64>> {
        let Some((value, span)) = self.find(key) else { return Ok(None) };
        let checked = match whole(value) {
            Some(Ok(whole)) => field.check_integer(whole),
            Some(Err(written)) => Err(violation(field, written, Rule::TooLarge)),
            None => Err(self.check_other(value, field)),
        };
        checked.map(Some).map_err(|violation| self.named(key, violation, &span))
    }

    /// As [`integer`](Self::integer), of a field whose lower bound is at least 0.
    pub(super) fn count(&self, key: &'static str, field: &Field) -> Result<Option<u64>> {
        Ok(self.integer(key, field)?.map(|value| u64::try_from(value).unwrap_or_default()))
    }

    /// A finite number within the field's bounds; a whole number is one too.
    pub(super) fn float(&self, key: &'static str, field: &Field) -> Result<Option<f64>> {
        let Some((value, span)) = self.find(key) else { return Ok(None) };
        let checked = match (value, whole(value)) {
            (_, Some(Ok(whole))) => field.check_float(whole as f64),
            (_, Some(Err(written))) => Err(violation(field, written, Rule::TooLarge)),
            (DeValue::Float(number), None) => field.check_float(number.as_str().parse().unwrap_or(f64::NAN)),
            (value, None) => Err(self.check_other(value, field)),
        };
        checked.map(Some).map_err(|violation| self.named(key, violation, &span))
    }

    /// Text that the field accepts.
    pub(super) fn text(&self, key: &'static str, field: &Field) -> Result<Option<String>> {
        let Some((value, span)) = self.find(key) else { return Ok(None) };
        let checked = match value {
            DeValue::String(text) => field.check_text(text).map(str::to_owned),
            other => Err(self.check_other(other, field)),
        };
        checked.map(Some).map_err(|violation| self.named(key, violation, &span))
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self, key: &'static str) -> Result<Option<bool>> {
        match self.find(key) {
            None => Ok(None),
            Some((DeValue::Boolean(value), _)) => Ok(Some(*value)),
            Some((value, span)) => Err(self.refuse(key, value, &span, Rule::Type, "true or false")),
        }
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some((value, span)) = self.find(key) else { return Ok(None) };
        let found = value.as_str().and_then(|given| words.iter().find(|(word, _)| *word == given));
        match found {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => {
                let known: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
                let rule = if value.is_str() { Rule::Format } else { Rule::Type };
                Err(self.refuse(key, value, &span, rule, &known.join(" or ")))
            }
        }
    }

    /// A word, or a list of one or more texts.
    pub(super) fn word_or_list(&self, key: &'static str, word: &str) -> Result<Option<Option<Vec<String>>>> {
        let Some((value, span)) = self.find(key) else { return Ok(None) };
        let expected = format!("\"{word}\" or a list of names");
        if value.as_str() == Some(word) {
            return Ok(Some(None));
        }
        let DeValue::Array(items) = value else {
            let rule = if value.is_str() { Rule::Format } else { Rule::Type };
            return Err(self.refuse(key, value, &span, rule, &expected));
        };
        if items.is_empty() {
            return Err(self.refuse(key, value, &span, Rule::Empty, &expected));
        }
        let mut names = Vec::with_capacity(items.len());
        for item in items.iter() {
            match item.get_ref().as_str() {
                Some(name) if !name.is_empty() && !name.chars().any(char::is_control) => {
                    names.push(name.to_owned());
                }
                Some(_) => {
                    return Err(self.refuse(key, item.get_ref(), &item.span(), Rule::Format, &expected));
                }
                None => return Err(self.refuse(key, item.get_ref(), &item.span(), Rule::Type, &expected)),
            }
        }
        Ok(Some(Some(names)))
    }

    /// Refuses a path that the run file's folder makes one that is no Unicode.
    pub(super) fn not_unicode(&self, key: &'static str, path: PathBuf) -> RunFileError {
        RunFileError::NotUnicode { place: self.place_of(key), key: self.dotted(key), path }
    }

    /// Where a key stands, or its table where it is absent.
    pub(super) fn place_of(&self, key: &str) -> Place {
        self.text.place(self.find(key).map_or(self.at, |(_, span)| span.start))
    }

    /// Refuses a value that the table of bounds cannot judge.
    pub(super) fn violation(&self, key: &'static str, violation: Violation) -> RunFileError {
        let span = self.find(key).map_or(self.at..self.at, |(_, span)| span);
        self.named(key, violation, &span)
    }

    fn find(&self, key: &str) -> Option<(&'a DeValue<'a>, Range<usize>)> {
        let (_, value) = self.table?.iter().find(|(name, _)| name.get_ref() == key)?;
        Some((value.get_ref(), value.span()))
    }

    fn dotted(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn named(&self, key: &str, violation: Violation, span: &Range<usize>) -> RunFileError {
        let violation = Violation { field: self.dotted(key), ..violation };
        RunFileError::Value { place: self.text.place(span.start), violation }
    }

    fn refuse(
        &self,
        key: &str,
        value: &DeValue<'_>,
        span: &Range<usize>,
        rule: Rule,
        expected: &str,
    ) -> RunFileError {
        self.named(key, Violation::new(key, shown(value), rule, expected), span)
    }

    fn check_other(&self, value: &DeValue<'_>, field: &Field) -> Violation {
        violation(field, shown(value), Rule::Type)
    }
}

fn violation(field: &Field, value: String, rule: Rule) -> Violation {
    Violation::new(field.name, value, rule, field.kind.to_string())
}

/// The whole number that is written there, or its digits where it is beyond 64 bits.
fn whole(value: &DeValue<'_>) -> Option<std::result::Result<i64, String>> {
    let number = value.as_integer()?;
    Some(i64::from_str_radix(number.as_str(), number.radix()).map_err(|_| number.as_str().to_owned()))
}

fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("\"{}\"", crate::validate::escape_control(text)),
        DeValue::Integer(number) => format!("the number {}", number.as_str()),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(value) => format!("the boolean {value}"),
        DeValue::Datetime(date) => format!("the date {date}"),
        DeValue::Array(items) if items.is_empty() => "an empty list".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// The most alike key of any table.
fn elsewhere(key: &str, keys: &Keys) -> Option<String> {
    let all: Vec<&str> = keys.iter().flat_map(|(_, known)| known.iter().copied()).collect();
    let nearest = unknown_key(key, &all).nearest?;
    let (path, _) = keys.iter().find(|(_, known)| known.contains(&nearest.as_str()))?;
    Some(if path.is_empty() { nearest } else { format!("{path}.{nearest}") })
}
