//! Reads and validates the values of a table in a run file.

use std::{ops::Range, path::PathBuf};

use codetune_validate::{Brought, Constraint, Field, Violation, brought_key, nearest, nearly_same};
use toml::de::{DeTable, DeValue};

use super::run_file_error::{FilePosition, RunFileError};

type Result<T> = std::result::Result<T, RunFileError>;

/// The text and name of a run file.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub file: &'a str,
    pub text: &'a str,
}

/// The known keys of each table; the first entry is the root.
pub(super) type Keys = [(&'static str, &'static [&'static str])];

/// A table; a missing table reads as an empty one.
pub(super) struct Section<'a> {
    text: Text<'a>,
    path: &'static str,
    table: Option<&'a DeTable<'a>>,
    at: usize,
}

impl Text<'_> {
    pub(super) fn place(&self, offset: usize) -> FilePosition {
        FilePosition::of(self.file, self.text, offset)
    }
}

impl<'a> Section<'a> {
    /// The root table.
    pub(super) fn root(text: Text<'a>, table: &'a DeTable<'a>) -> Self {
        Self { text, path: "", table: Some(table), at: 0 }
    }

    /// The table with that name.
    pub(super) fn section(&self, path: &'static str) -> Result<Self> {
        let (table, at) = match self.find(path) {
            None => (None, self.at),
            Some((DeValue::Table(table), span)) => (Some(table), span.start),
            Some((value, span)) => return Err(self.refuse(path, value, &span, Constraint::Type, "a table")),
        };
        Ok(Self { text: self.text, path, table, at })
    }

    pub(super) fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// Rejects the first key that is not in `keys`.
    pub(super) fn refuse_unknown(&self, keys: &Keys) -> Result<()> {
        let known = known_at(keys, self.path);
        let unknown = self
            .table
            .and_then(|table| table.iter().find(|(key, _)| !known.contains(&key.get_ref().as_ref())));
        let Some((key, _)) = unknown else { return Ok(()) };
        let meant = self.meant(key.get_ref(), keys);
        Err(RunFileError::UnknownKey {
            place: self.text.place(key.span().start),
            key: codetune_redact::escape_control(&self.dotted(key.get_ref())).into_owned(),
            reason: meant.as_ref().err().copied().flatten(),
            nearest: meant.ok(),
            known: known.join(", ").into(),
        })
    }

    /// The dotted key that an unknown key most likely means, or the reason why there is no such key.
    ///
    /// Candidates in order: an equivalent in this table, the same key in another table, an equivalent of another tool's
    /// key, a similar key in this table, and a nearly identical key in another table.
    fn meant(&self, key: &str, keys: &Keys) -> std::result::Result<String, Option<&'static str>> {
        let all: Vec<String> =
            keys.iter().flat_map(|(path, known)| known.iter().map(|key| dotted(path, key))).collect();
        let here = |ours: &str| self.dotted(last(ours)) == ours;
        // Prefer this table among equals.
        let choose = |fitting: Vec<&String>| {
            fitting.iter().find(|ours| here(ours)).or_else(|| fitting.first()).map(|ours| (*ours).clone())
        };
        let brought = brought_key(&self.dotted(key));
        let folded = key.to_lowercase().replace('-', "_");
        let misplaced = || choose(all.iter().filter(|ours| last(ours) == folded).collect());
        if let (None, Some(ours)) = (brought, misplaced()) {
            return Ok(ours);
        }
        match brought.or_else(|| brought_key(key)) {
            Some(Brought::Nothing(reason)) => return Err(Some(reason)),
            Some(Brought::Keys(meant)) => {
                let known = meant.iter().filter_map(|meant| all.iter().find(|ours| ours == meant));
                if let Some(ours) = choose(known.collect()) {
                    return Ok(ours);
                }
            }
            None => {}
        }
        if let Some(ours) = nearest(key, known_at(keys, self.path).iter().copied()) {
            return Ok(self.dotted(ours));
        }
        let near = nearly_same(key, all.iter().map(|ours| last(ours)));
        all.iter().find(|ours| Some(last(ours)) == near).cloned().ok_or(None)
    }

    /// An integer within the field's bounds.
    pub(super) fn integer(&self, key: &'static str, field: &Field) -> Result<Option<i64>> {
        let Some((value, span)) = self.find(key) else { return Ok(None) };
        let checked = match whole(value) {
            Some(Ok(whole)) => field.check_integer(whole),
            Some(Err(written)) => Err(violation(field, written, Constraint::TooLarge)),
            None => Err(self.check_other(value, field)),
        };
        checked.map(Some).map_err(|violation| self.named(key, violation, &span))
    }

    /// As [`integer`](Self::integer), for fields with a lower bound of at least 0.
    pub(super) fn count(&self, key: &'static str, field: &Field) -> Result<Option<u64>> {
        Ok(self.integer(key, field)?.map(|value| u64::try_from(value).unwrap_or_default()))
    }

    /// A finite number within the field's bounds; integers are accepted.
    pub(super) fn float(&self, key: &'static str, field: &Field) -> Result<Option<f64>> {
        let Some((value, span)) = self.find(key) else { return Ok(None) };
        let checked = match (value, whole(value)) {
            (_, Some(Ok(whole))) => field.check_float(whole as f64),
            (_, Some(Err(written))) => Err(violation(field, written, Constraint::TooLarge)),
            (DeValue::Float(number), None) => field.check_float(number.as_str().parse().unwrap_or(f64::NAN)),
            (value, None) => Err(self.check_other(value, field)),
        };
        checked.map(Some).map_err(|violation| self.named(key, violation, &span))
    }

    /// A text accepted by the field.
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
            Some((value, span)) => Err(self.refuse(key, value, &span, Constraint::Type, "true or false")),
        }
    }

    /// One of several keywords.
    pub(super) fn word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some((value, span)) = self.find(key) else { return Ok(None) };
        let found = value.as_str().and_then(|given| words.iter().find(|(word, _)| *word == given));
        match found {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => {
                let known: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
                let constraint = if value.is_str() { Constraint::Format } else { Constraint::Type };
                Err(self.refuse(key, value, &span, constraint, &known.join(" or ")))
            }
        }
    }

    /// A keyword, or a non-empty list of texts.
    pub(super) fn word_or_list(&self, key: &'static str, word: &str) -> Result<Option<Option<Vec<String>>>> {
        let Some((value, span)) = self.find(key) else { return Ok(None) };
        let expected = format!("\"{word}\" or a list of names");
        if value.as_str() == Some(word) {
            return Ok(Some(None));
        }
        let DeValue::Array(items) = value else {
            let constraint = if value.is_str() { Constraint::Format } else { Constraint::Type };
            return Err(self.refuse(key, value, &span, constraint, &expected));
        };
        if items.is_empty() {
            return Err(self.refuse(key, value, &span, Constraint::Empty, &expected));
        }
        let mut names = Vec::with_capacity(items.len());
        for item in items.iter() {
            match item.get_ref().as_str() {
                Some(name) if !name.is_empty() && !name.chars().any(char::is_control) => {
                    names.push(name.to_owned());
                }
                Some(_) => {
                    return Err(self.refuse(
                        key,
                        item.get_ref(),
                        &item.span(),
                        Constraint::Format,
                        &expected,
                    ));
                }
                None => {
                    return Err(self.refuse(key, item.get_ref(), &item.span(), Constraint::Type, &expected));
                }
            }
        }
        Ok(Some(Some(names)))
    }

    /// The error for a path that is not Unicode, due to the directory of the run file.
    pub(super) fn not_unicode(&self, key: &'static str, path: PathBuf) -> RunFileError {
        RunFileError::NotUnicode { place: self.place_of(key), key: self.dotted(key), path }
    }

    /// Refuses a path that only a shell would understand.
    pub(super) fn home(&self, key: &'static str, path: String) -> RunFileError {
        RunFileError::Home { place: self.place_of(key), key: self.dotted(key), path }
    }

    /// The position of a key, or of its table if it is absent.
    pub(super) fn place_of(&self, key: &str) -> FilePosition {
        self.text.place(self.find(key).map_or(self.at, |(_, span)| span.start))
    }

    /// The error for a value that violates a constraint outside the table of bounds.
    pub(super) fn violation(&self, key: &'static str, violation: Violation) -> RunFileError {
        let span = self.find(key).map_or(self.at..self.at, |(_, span)| span);
        self.named(key, violation, &span)
    }

    fn find(&self, key: &str) -> Option<(&'a DeValue<'a>, Range<usize>)> {
        let (_, value) = self.table?.iter().find(|(name, _)| name.get_ref() == key)?;
        Some((value.get_ref(), value.span()))
    }

    fn dotted(&self, key: &str) -> String {
        dotted(self.path, key)
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
        constraint: Constraint,
        expected: &str,
    ) -> RunFileError {
        self.named(key, Violation::new(key, shown(value), constraint, expected), span)
    }

    fn check_other(&self, value: &DeValue<'_>, field: &Field) -> Violation {
        violation(field, shown(value), Constraint::Type)
    }
}

fn violation(field: &Field, value: String, constraint: Constraint) -> Violation {
    Violation::new(field.name, value, constraint, field.kind.to_string())
}

/// The integer as written, or its digits if it exceeds 64 bits.
fn whole(value: &DeValue<'_>) -> Option<std::result::Result<i64, String>> {
    let number = value.as_integer()?;
    Some(i64::from_str_radix(number.as_str(), number.radix()).map_err(|_| number.as_str().to_owned()))
}

fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("\"{}\"", codetune_redact::escape_control(text)),
        DeValue::Integer(number) => format!("the number {}", number.as_str()),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(value) => format!("the boolean {value}"),
        DeValue::Datetime(date) => format!("the date {date}"),
        DeValue::Array(items) if items.is_empty() => "an empty list".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// The known keys of a table.
fn known_at(keys: &Keys, path: &str) -> &'static [&'static str] {
    keys.iter().find(|(known, _)| *known == path).map_or(&[][..], |(_, known)| known)
}

fn dotted(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn last(dotted: &str) -> &str {
    dotted.rsplit('.').next().unwrap_or(dotted)
}
