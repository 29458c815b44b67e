//! What a field is: its name, the kind of value it takes, its default.

use std::fmt;

/// One named value of a configuration or a record, with everything that decides whether a value is accepted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// The key in run files, JSON and the database.
    pub name: &'static str,
    /// What kind of value is taken and its bounds.
    pub kind: Kind,
    /// The value used when none is given; `None` where one must be given.
    pub default: Option<Default>,
    /// One sentence on what the value means, with its unit.
    pub doc: &'static str,
}

/// The kind of value that a field takes, with its bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A whole number from `min` to `max`, both accepted.
    Integer {
        /// The smallest accepted value.
        min: i64,
        /// The largest accepted value.
        max: i64,
    },
    /// A finite number between two bounds.
    Float {
        /// The lower end.
        min: Bound,
        /// The upper end.
        max: Bound,
    },
    /// Text of `min_chars` to `max_chars` characters (Unicode scalar values, not bytes).
    Text {
        /// The least number of characters.
        min_chars: usize,
        /// The greatest number of characters.
        max_chars: usize,
        /// Which characters are accepted.
        charset: Charset,
    },
}

/// One end of a range of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// The value itself is accepted.
    Including(f64),
    /// The value itself is refused.
    Excluding(f64),
}

/// Which characters a text may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// ASCII letters, digits and `_ - / .`.
    Name,
    /// Anything on one line: no control characters.
    Line,
    /// Lines of text: no control characters but line feed and tab.
    Prose,
}

/// The value of a field that was not given.
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

/// Says what is accepted, as it stands behind "expected" in a message.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer { min, max: i64::MAX } => write!(f, "a whole number of {min} or more"),
            Self::Integer { min, max } => write!(f, "a whole number from {min} to {max}"),
            Self::Float { min, max } => {
                match min {
                    Bound::Including(low) => write!(f, "a number of {} or more", plain(*low))?,
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

/// Large and tiny numbers read better in scientific notation.
fn plain(value: f64) -> String {
    if value != 0.0 && !(1e-4..1e7).contains(&value.abs()) { format!("{value:e}") } else { value.to_string() }
}
