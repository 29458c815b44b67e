//! Reads and validates the values of a table in a run file.

use std::{cell::RefCell, ops::Range, path::PathBuf};

use codetune_validate::{Brought, Constraint, Field, Violation, brought_key, nearest, nearly_same};
use toml::de::{DeTable, DeValue};

use super::run_file_error::{FilePosition, RunFileError};

/// The text and name of a run file, and what is wrong with it.
pub(super) struct Reading<'a> {
    pub file: &'a str,
    pub text: &'a str,
    problems: RefCell<Vec<RunFileError>>,
}

/// A table; a missing table reads as an empty one.
///
/// A key is known because it was asked for. A value that cannot be used reads as an absent one and is a problem of the
/// [`Reading`], so that all keys are asked for in any case.
pub(super) struct Section<'a> {
    reading: &'a Reading<'a>,
    path: &'static str,
    table: Option<&'a DeTable<'a>>,
    at: usize,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, problems: RefCell::default() }
    }

    pub(super) fn place(&self, offset: usize) -> FilePosition {
        FilePosition::of(self.file, self.text, offset)
    }

    /// Adds a problem.
    pub(super) fn refuse(&self, problem: RunFileError) {
        self.problems.borrow_mut().push(problem);
    }

    /// The first unknown key of the sections, or else the first problem, if there is any.
    pub(super) fn finish(&self, sections: &[&Section<'_>]) -> Result<(), RunFileError> {
        sections.iter().try_for_each(|section| section.refuse_unknown(sections))?;
        let mut problems = self.problems.take();
        if problems.is_empty() { Ok(()) } else { Err(problems.swap_remove(0)) }
    }
}

impl<'a> Section<'a> {
    /// The root table.
    pub(super) fn root(reading: &'a Reading<'a>, table: &'a DeTable<'a>) -> Self {
        Self { reading, path: "", table: Some(table), at: 0, asked: RefCell::default() }
    }

    /// The table with that name.
    pub(super) fn section(&self, path: &'static str) -> Self {
        let (table, at) = match self.find(path) {
            None => (None, self.at),
            Some((DeValue::Table(table), span)) => (Some(table), span.start),
            Some((value, span)) => {
                self.refuse::<()>(path, value, &span, Constraint::Type, "a table");
                (None, span.start)
            }
        };
        Self { reading: self.reading, path, table, at, asked: RefCell::default() }
    }

    pub(super) fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// Rejects the first key that was not asked for.
    fn refuse_unknown(&self, sections: &[&Section<'_>]) -> Result<(), RunFileError> {
        let known = self.asked.borrow();
        let unknown = self
            .table
            .and_then(|table| table.iter().find(|(key, _)| !known.contains(&key.get_ref().as_ref())));
        let Some((key, _)) = unknown else { return Ok(()) };
        let meant = self.meant(key.get_ref(), sections);
        Err(RunFileError::UnknownKey {
            place: self.reading.place(key.span().start),
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
    fn meant(&self, key: &str, sections: &[&Section<'_>]) -> Result<String, Option<&'static str>> {
        let known = |section: &&Section<'_>| {
            section.asked.borrow().iter().map(|key| section.dotted(key)).collect::<Vec<_>>()
        };
        let all: Vec<String> = sections.iter().flat_map(known).collect();
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
        if let Some(ours) = nearest(key, self.asked.borrow().iter().copied()) {
            return Ok(self.dotted(ours));
        }
        let near = nearly_same(key, all.iter().map(|ours| last(ours)));
        all.iter().find(|ours| Some(last(ours)) == near).cloned().ok_or(None)
    }

    /// An integer within the field's bounds.
    pub(super) fn integer(&self, key: &'static str, field: &Field) -> Option<i64> {
        let (value, span) = self.find(key)?;
        let checked = match whole(value) {
            Some(Ok(whole)) => field.check_integer(whole),
            Some(Err(written)) => Err(violation(field, written, Constraint::TooLarge)),
            None => Err(self.check_other(value, field)),
        };
        self.accept(key, checked, &span)
    }

    /// As [`integer`](Self::integer), for fields with a lower bound of at least 0.
    pub(super) fn count(&self, key: &'static str, field: &Field) -> Option<u64> {
        self.integer(key, field).map(|value| u64::try_from(value).unwrap_or_default())
    }

    /// A finite number within the field's bounds; integers are accepted.
    pub(super) fn float(&self, key: &'static str, field: &Field) -> Option<f64> {
        let (value, span) = self.find(key)?;
        let checked = match (value, whole(value)) {
            (_, Some(Ok(whole))) => field.check_float(whole as f64),
            (_, Some(Err(written))) => Err(violation(field, written, Constraint::TooLarge)),
            (DeValue::Float(number), None) => field.check_float(number.as_str().parse().unwrap_or(f64::NAN)),
            (value, None) => Err(self.check_other(value, field)),
        };
        self.accept(key, checked, &span)
    }

    /// A text accepted by the field.
    pub(super) fn text(&self, key: &'static str, field: &Field) -> Option<String> {
        let (value, span) = self.find(key)?;
        let checked = match value {
            DeValue::String(text) => field.check_text(text).map(str::to_owned),
            other => Err(self.check_other(other, field)),
        };
        self.accept(key, checked, &span)
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self, key: &'static str) -> Option<bool> {
        match self.find(key)? {
            (DeValue::Boolean(value), _) => Some(*value),
            (value, span) => self.refuse(key, value, &span, Constraint::Type, "true or false"),
        }
    }

    /// One of several keywords.
    pub(super) fn word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let (value, span) = self.find(key)?;
        let found = value.as_str().and_then(|given| words.iter().find(|(word, _)| *word == given));
        match found {
            Some((_, meaning)) => Some(*meaning),
            None => {
                let known: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
                let constraint = if value.is_str() { Constraint::Format } else { Constraint::Type };
                self.refuse(key, value, &span, constraint, &known.join(" or "))
            }
        }
    }

    /// A keyword, or a non-empty list of texts.
    pub(super) fn word_or_list(&self, key: &'static str, word: &str) -> Option<Option<Vec<String>>> {
        let (value, span) = self.find(key)?;
        let expected = format!("\"{word}\" or a list of names");
        if value.as_str() == Some(word) {
            return Some(None);
        }
        let DeValue::Array(items) = value else {
            let constraint = if value.is_str() { Constraint::Format } else { Constraint::Type };
            return self.refuse(key, value, &span, constraint, &expected);
        };
        if items.is_empty() {
            return self.refuse(key, value, &span, Constraint::Empty, &expected);
        }
        let mut names = Vec::with_capacity(items.len());
        for item in items.iter() {
            let (value, span) = (item.get_ref(), item.span());
            match value.as_str() {
                Some(name) if !name.is_empty() && !name.chars().any(char::is_control) => {
                    names.push(name.to_owned());
                }
                Some(_) => return self.refuse(key, value, &span, Constraint::Format, &expected),
                None => return self.refuse(key, value, &span, Constraint::Type, &expected),
            }
        }
        Some(Some(names))
    }

    /// Rejects a path that is not Unicode, due to the directory of the run file.
    pub(super) fn not_unicode(&self, key: &'static str, path: PathBuf) {
        self.reading.refuse(RunFileError::NotUnicode {
            place: self.place_of(key),
            key: self.dotted(key),
            path,
        });
    }

    /// Rejects a path that only a shell would understand.
    pub(super) fn home(&self, key: &'static str, path: String) {
        self.reading.refuse(RunFileError::Home { place: self.place_of(key), key: self.dotted(key), path });
    }

    /// Rejects a table without a key.
    pub(super) fn missing(&self, key: &'static str, dotted: &'static str, remedy: &'static str) {
        self.reading.refuse(RunFileError::Missing { place: self.place_of(key), key: dotted, remedy });
    }

    /// Rejects a key together with another one.
    pub(super) fn conflict(
        &self,
        key: &'static str,
        dotted: &'static str,
        other: &'static str,
        remedy: &'static str,
    ) {
        let place = self.place_of(key);
        self.reading.refuse(RunFileError::Conflict { place, key: dotted, other, remedy });
    }

    /// Rejects a value that violates a constraint outside the table of bounds.
    pub(super) fn violation(&self, key: &'static str, violation: Violation) {
        let span = self.find(key).map_or(self.at..self.at, |(_, span)| span);
        self.accept::<()>(key, Err(violation), &span);
    }

    /// The position of a key, or of its table if it is absent.
    fn place_of(&self, key: &'static str) -> FilePosition {
        self.reading.place(self.find(key).map_or(self.at, |(_, span)| span.start))
    }

    fn find(&self, key: &'static str) -> Option<(&'a DeValue<'a>, Range<usize>)> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
        }
        let (_, value) = self.table?.iter().find(|(name, _)| name.get_ref() == key)?;
        Some((value.get_ref(), value.span()))
    }

    fn dotted(&self, key: &str) -> String {
        dotted(self.path, key)
    }

    /// The value, unless it violates a constraint.
    fn accept<T>(&self, key: &str, checked: Result<T, Violation>, span: &Range<usize>) -> Option<T> {
        let refused = |violation| {
            let violation = Violation { field: self.dotted(key), ..violation };
            self.reading.refuse(RunFileError::Value { place: self.reading.place(span.start), violation });
        };
        checked.map_err(refused).ok()
    }

    fn refuse<T>(
        &self,
        key: &str,
        value: &DeValue<'_>,
        span: &Range<usize>,
        constraint: Constraint,
        expected: &str,
    ) -> Option<T> {
        self.accept(key, Err(Violation::new(key, shown(value), constraint, expected)), span)
    }

    fn check_other(&self, value: &DeValue<'_>, field: &Field) -> Violation {
        violation(field, shown(value), Constraint::Type)
    }
}

fn violation(field: &Field, value: String, constraint: Constraint) -> Violation {
    Violation::new(field.name, value, constraint, field.kind.to_string())
}

/// The integer as written, or its digits if it exceeds 64 bits.
fn whole(value: &DeValue<'_>) -> Option<Result<i64, String>> {
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

fn dotted(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn last(dotted: &str) -> &str {
    dotted.rsplit('.').next().unwrap_or(dotted)
}
