//! A value that was refused: which field, which value, which rule.

use std::fmt;

use codetune_redact::escape_control;

use super::field::Field;

/// A value refused by a [`Field`], in words that tell what to give instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {value} {rule}: expected {expected}")]
pub struct Violation {
    /// The name of the field.
    pub field: String,
    /// The refused value for people: control characters escaped, shortened when long, secrets hidden.
    pub value: String,
    /// The rule that the value breaks.
    pub rule: Rule,
    /// What is accepted instead.
    pub expected: String,
}

/// Why a value was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A value of another type: a boolean for a number, a float for an integer, a number for text.
    Type,
    /// NaN or an infinity.
    NotFinite,
    /// Below the lower bound.
    TooSmall,
    /// Above the upper bound.
    TooLarge,
    /// Text without a character.
    Empty,
    /// Text with too few characters.
    TooShort,
    /// Text with too many characters.
    TooLong,
    /// A control character, NUL and a trailing line feed included.
    ControlCharacter,
    /// A character outside the accepted ones.
    Character,
    /// Text that does not follow the field's format.
    Format,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Type => "is of another type",
            Self::NotFinite => "is not allowed",
            Self::TooSmall => "is too small",
            Self::TooLarge => "is too large",
            Self::Empty => "is empty",
            Self::TooShort => "is too short",
            Self::TooLong => "is too long",
            Self::ControlCharacter => "holds a control character",
            Self::Character => "holds a character that is not accepted",
            Self::Format => "does not follow the format",
        })
    }
}

impl Violation {
    /// A violation of a field's own bounds.
    pub(crate) fn of(field: &Field, value: impl Into<String>, rule: Rule) -> Self {
        Self { field: field.name.to_owned(), value: value.into(), rule, expected: field.kind.to_string() }
    }

    /// A violation of a rule that is not in the table.
    pub fn new(
        field: impl Into<String>,
        value: impl Into<String>,
        rule: Rule,
        expected: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), value: value.into(), rule, expected: expected.into() }
    }
}

/// Characters of a refused text that a message shows: enough to recognise it, short enough for one line.
const SHOWN_CHARS: usize = 60;

/// A text as messages show it: quoted, escaped, with its length where it is cut.
pub fn shown_text(text: &str) -> String {
    let chars = text.chars().count();
    if chars <= SHOWN_CHARS {
        return format!("\"{}\"", escape_control(text));
    }
    let head: String = text.chars().take(SHOWN_CHARS).collect();
    format!("\"{}\"… ({chars} characters)", escape_control(&head))
}

/// A number as messages show it: `NaN`, `infinity`, `0.5`, `1e-9`.
pub(crate) fn shown_float(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "infinity" } else { "-infinity" }.to_owned()
    } else {
        format!("{value:?}")
    }
}
