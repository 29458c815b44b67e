//! Checks of values against fields.

use super::{
    field::{Bound, Field, Kind},
    violation::{Constraint, Violation, shown_float, shown_text},
};

impl Field {
    /// Checks an integer and returns it.
    ///
    /// Float fields also accept integers: `3` is the number `3.0`.
    ///
    /// # Errors
    ///
    /// The value is out of bounds, or the field is text.
    pub fn check_integer(&self, value: i64) -> Result<i64, Violation> {
        match self.kind {
            Kind::Integer { min, .. } if value < min => {
                Err(self.refuse(value.to_string(), Constraint::TooSmall))
            }
            Kind::Integer { max, .. } if value > max => {
                Err(self.refuse(value.to_string(), Constraint::TooLarge))
            }
            Kind::Integer { .. } => Ok(value),
            Kind::Float { .. } => self.check_float(value as f64).map(|_| value),
            Kind::Text { .. } => Err(self.refuse(format!("the number {value}"), Constraint::Type)),
        }
    }

    /// Checks a number and returns it.
    ///
    /// # Errors
    ///
    /// The value is NaN, infinite, out of bounds or too small for 32-bit arithmetic, or the field is not a float. Integer fields reject `3.0`, since a
    /// value written as a float is meant as one.
    pub fn check_float(&self, value: f64) -> Result<f64, Violation> {
        let Kind::Float { min, max } = self.kind else {
            return Err(self.refuse(shown_float(value), Constraint::Type));
        };
        if !value.is_finite() {
            return Err(self.refuse(shown_float(value), Constraint::NotFinite));
        }
        let above = match min {
            Bound::Including(low) => value >= low,
            Bound::Excluding(low) => value > low,
        };
        let below = match max {
            Bound::Including(high) => value <= high,
            Bound::Excluding(high) => value < high,
        };
        match (above, below) {
            (false, _) => Err(self.refuse(shown_float(value), Constraint::TooSmall)),
            (_, false) => Err(self.refuse(shown_float(value), Constraint::TooLarge)),
            _ if value != 0.0 && value as f32 == 0.0 => {
                Err(self.refuse(shown_float(value), Constraint::Underflow))
            }
            (true, true) => Ok(value),
        }
    }

    /// Checks a text and returns it unchanged.
    ///
    /// # Errors
    ///
    /// The text is empty, too short or too long in characters, or contains a control character or one that is not
    /// accepted, or the field is a number.
    pub fn check_text<'text>(&self, value: &'text str) -> Result<&'text str, Violation> {
        let Kind::Text { min_chars, max_chars, charset } = self.kind else {
            return Err(self.refuse(format!("the text {}", shown_text(value)), Constraint::Type));
        };
        let chars = value.chars().count();
        let constraint = if chars == 0 && min_chars > 0 {
            Constraint::Empty
        } else if chars < min_chars {
            Constraint::TooShort
        } else if chars > max_chars {
            Constraint::TooLong
        } else {
            match value.chars().find(|c| !charset.accepts(*c)) {
                None => return Ok(value),
                Some(c) if c.is_control() => Constraint::ControlCharacter,
                Some(_) => Constraint::Character,
            }
        };
        Err(self.refuse(shown_text(value), constraint))
    }

    /// Checks an integer that may exceed `i64`, such as a length or a seed.
    ///
    /// # Errors
    ///
    /// As [`check_integer`](Self::check_integer); values beyond `i64` are too large for every integer field.
    pub fn check_unsigned(&self, value: u64) -> Result<u64, Violation> {
        match (i64::try_from(value), self.kind) {
            (Ok(whole), _) => self.check_integer(whole).map(|_| value),
            (Err(_), Kind::Float { .. }) => self.check_float(value as f64).map(|_| value),
            (Err(_), Kind::Integer { .. }) => Err(self.refuse(value.to_string(), Constraint::TooLarge)),
            (Err(_), Kind::Text { .. }) => Err(self.refuse(format!("the number {value}"), Constraint::Type)),
        }
    }

    pub(super) fn refuse(&self, value: impl Into<String>, constraint: Constraint) -> Violation {
        Violation::of(self, value, constraint)
    }
}
