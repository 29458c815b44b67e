//! Violations: which field, which value, which constraint.

use std::fmt;

use codetune_redact::escape_control;

use super::field::Field;
use super::told::Blame;

/// A value rejected by a [`Field`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("{field}: {value} {constraint}: expected {expected}")]
#[diagnostic(code(validate::violation))]
pub struct Violation {
    /// The name of the field.
    pub field: String,
    /// The value for display: escaped, truncated and redacted.
    pub value: String,
    /// The violated constraint.
    pub constraint: Constraint,
    /// The accepted values.
    pub expected: String,
}

/// A constraint that a value can violate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    /// Wrong type: a boolean instead of a number, a float instead of an integer, a number instead of text.
    Type,
    /// NaN or an infinity.
    NotFinite,
    /// Below the lower bound.
    TooSmall,
    /// Not zero, but zero as a 32-bit float, in which models are computed.
    Underflow,
    /// Above the upper bound.
    TooLarge,
    /// Empty text.
    Empty,
    /// Text with too few characters.
    TooShort,
    /// Text with too many characters.
    TooLong,
    /// A control character, including NUL and a trailing line feed.
    ControlCharacter,
    /// A character that is not accepted.
    Character,
    /// Text in the wrong format.
    Format,
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Type => "has the wrong type",
            Self::NotFinite => "is not allowed",
            Self::TooSmall => "is too small",
            Self::Underflow => "is zero in 32-bit arithmetic",
            Self::TooLarge => "is too large",
            Self::Empty => "is empty",
            Self::TooShort => "is too short",
            Self::TooLong => "is too long",
            Self::ControlCharacter => "contains a control character",
            Self::Character => "contains a character that is not allowed",
            Self::Format => "has the wrong format",
        })
    }
}

impl Violation {
    /// Who has to act.
    pub fn blame(&self) -> Blame {
        Blame::Input
    }

    /// A violation of a field's bounds.
    pub(crate) fn of(field: &Field, value: impl Into<String>, constraint: Constraint) -> Self {
        Self {
            field: field.name.to_owned(),
            value: value.into(),
            constraint,
            expected: field.kind.to_string(),
        }
    }

    /// A violation of a constraint outside the table.
    pub fn new(
        field: impl Into<String>,
        value: impl Into<String>,
        constraint: Constraint,
        expected: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), value: value.into(), constraint, expected: expected.into() }
    }
}

/// Maximum characters of a value in a message.
const SHOWN_CHARS: usize = 60;

/// A text for display: quoted, escaped, and with its length if it is truncated.
pub fn shown_text(text: &str) -> String {
    let chars = text.chars().count();
    if chars <= SHOWN_CHARS {
        return format!("\"{}\"", escape_control(text));
    }
    let head: String = text.chars().take(SHOWN_CHARS).collect();
    format!("\"{}\"… ({chars} characters)", escape_control(&head))
}

/// A number for display: `NaN`, `infinity`, `0.5`, `1e-9`.
pub(crate) fn shown_float(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "infinity" } else { "-infinity" }.to_owned()
    } else {
        format!("{value:?}")
    }
}
