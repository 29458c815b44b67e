//! Fields: names, types, bounds and defaults.

use std::fmt;

/// A named value of a configuration or record, with its type, bounds and default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// The key in run files, JSON and the database.
    pub name: &'static str,
    /// The type of the value and its bounds.
    pub kind: Kind,
    /// The default value; `None` if the value is required.
    pub default: Option<Default>,
    /// A description of the value, with its unit.
    pub doc: &'static str,
}

/// The type of a field's value, with its bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// An integer from `min` to `max`, inclusive.
    Integer {
        /// The minimum.
        min: i64,
        /// The maximum.
        max: i64,
    },
    /// A finite number between two bounds.
    Float {
        /// The lower bound.
        min: Bound,
        /// The upper bound.
        max: Bound,
    },
    /// Text of `min_chars` to `max_chars` characters (Unicode scalar values, not bytes).
    Text {
        /// The minimum number of characters.
        min_chars: usize,
        /// The maximum number of characters.
        max_chars: usize,
        /// Which characters are accepted.
        charset: Charset,
    },
}

/// A bound of a range of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// The bound itself is accepted.
    Including(f64),
    /// The bound itself is rejected.
    Excluding(f64),
}

/// The characters that a text may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// ASCII letters, digits and `_ - / .`.
    Name,
    /// A single line: no control characters.
    Line,
    /// Several lines: no control characters except line feed and tab.
    Prose,
}

/// A default value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Default {
    /// For [`Kind::Integer`].
    Integer(i64),
    /// For [`Kind::Float`].
    Float(f64),
}

impl Charset {
    /// Whether a character is accepted.
    pub fn accepts(self, c: char) -> bool {
        match self {
            Self::Name => c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | '.'),
            Self::Line => !c.is_control(),
            Self::Prose => !c.is_control() || matches!(c, '\n' | '\t'),
        }
    }
}

impl Field {
    /// The default of an integer field, `None` for fields of another kind or without a default.
    pub const fn default_integer(&self) -> Option<i64> {
        match self.default {
            Some(Default::Integer(value)) => Some(value),
            _ => None,
        }
    }

    /// The default of a float field, `None` for fields of another kind or without a default.
    pub const fn default_float(&self) -> Option<f64> {
        match self.default {
            Some(Default::Float(value)) => Some(value),
            _ => None,
        }
    }

    pub(super) const fn integer(
        name: &'static str,
        min: i64,
        max: i64,
        default: Option<i64>,
        doc: &'static str,
    ) -> Self {
        let default = match default {
            Some(value) => Some(Default::Integer(value)),
            None => None,
        };
        Self { name, kind: Kind::Integer { min, max }, default, doc }
    }

    pub(super) const fn float(
        name: &'static str,
        min: Bound,
        max: Bound,
        default: Option<f64>,
        doc: &'static str,
    ) -> Self {
        let default = match default {
            Some(value) => Some(Default::Float(value)),
            None => None,
        };
        Self { name, kind: Kind::Float { min, max }, default, doc }
    }

    pub(super) const fn text(
        name: &'static str,
        min_chars: usize,
        max_chars: usize,
        charset: Charset,
        doc: &'static str,
    ) -> Self {
        Self { name, kind: Kind::Text { min_chars, max_chars, charset }, default: None, doc }
    }
}

/// Describes the accepted values, to follow "expected" in a message.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer { min, max: i64::MAX } => write!(f, "an integer of at least {min}"),
            Self::Integer { min, max } => write!(f, "an integer from {min} to {max}"),
            Self::Float { min, max } => {
                match min {
                    Bound::Including(low) => write!(f, "a number of at least {}", plain(*low))?,
                    Bound::Excluding(low) => write!(f, "a number greater than {}", plain(*low))?,
                }
                match max {
                    Bound::Including(high) => write!(f, " and at most {}", plain(*high)),
                    Bound::Excluding(high) => write!(f, " and less than {}", plain(*high)),
                }
            }
            Self::Text { min_chars, max_chars, charset } => {
                write!(f, "text of {min_chars} to {max_chars} characters, {charset}")
            }
        }
    }
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "letters (a-z, A-Z), digits and _ - / .",
            Self::Line => "without control characters",
            Self::Prose => "without control characters except line feeds and tabs",
        })
    }
}

/// Large and small numbers are more readable in scientific notation.
fn plain(value: f64) -> String {
    if value != 0.0 && !(1e-4..1e7).contains(&value.abs()) { format!("{value:e}") } else { value.to_string() }
}
