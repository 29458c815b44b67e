//! Checking a value against a field.

use super::{
    field::{Bound, Field, Kind},
    violation::{Rule, Violation, shown_float, shown_text},
};

impl Field {
    /// Checks a whole number and gives it back.
    ///
    /// A float field takes a whole number too, as `3` is the number `3.0`.
    ///
    /// # Errors
    ///
    /// Out of bounds, or this field takes text.
    pub fn check_integer(&self, value: i64) -> Result<i64, Violation> {
        match self.kind {
            Kind::Integer { min, .. } if value < min => Err(self.refuse(value.to_string(), Rule::TooSmall)),
            Kind::Integer { max, .. } if value > max => Err(self.refuse(value.to_string(), Rule::TooLarge)),
            Kind::Integer { .. } => Ok(value),
            Kind::Float { .. } => self.check_float(value as f64).map(|_| value),
            Kind::Text { .. } => Err(self.refuse(format!("the number {value}"), Rule::Type)),
        }
    }

    /// Checks a number and gives it back.
    ///
    /// # Errors
    ///
    /// NaN, an infinity, out of bounds, or this field takes no float: `3.0` is no whole number here, because
    /// a value that was written as a float was meant as one.
    pub fn check_float(&self, value: f64) -> Result<f64, Violation> {
        let Kind::Float { min, max } = self.kind else {
            return Err(self.refuse(shown_float(value), Rule::Type));
        };
        if !value.is_finite() {
            return Err(self.refuse(shown_float(value), Rule::NotFinite));
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
            (false, _) => Err(self.refuse(shown_float(value), Rule::TooSmall)),
            (_, false) => Err(self.refuse(shown_float(value), Rule::TooLarge)),
            (true, true) => Ok(value),
        }
    }

    /// Checks a text and gives it back as it is.
    ///
    /// # Errors
    ///
    /// Empty, too short or too long in characters, a control character, a character that is not accepted, or
    /// this field takes a number.
    pub fn check_text<'text>(&self, value: &'text str) -> Result<&'text str, Violation> {
        let Kind::Text { min_chars, max_chars, charset } = self.kind else {
            return Err(self.refuse(format!("the text {}", shown_text(value)), Rule::Type));
        };
        let chars = value.chars().count();
        let rule = if chars == 0 && min_chars > 0 {
            Rule::Empty
        } else if chars < min_chars {
            Rule::TooShort
        } else if chars > max_chars {
            Rule::TooLong
        } else {
            match value.chars().find(|c| !charset.accepts(*c)) {
                None => return Ok(value),
                Some(c) if c.is_control() => Rule::ControlCharacter,
                Some(_) => Rule::Character,
            }
        };
        Err(self.refuse(shown_text(value), rule))
    }

    /// Checks a whole number that may lie beyond `i64`, such as a length or a seed.
    ///
    /// # Errors
    ///
    /// As [`check_integer`](Self::check_integer); what exceeds `i64` is too large for every integer field.
    pub fn check_unsigned(&self, value: u64) -> Result<u64, Violation> {
        match (i64::try_from(value), self.kind) {
            (Ok(whole), _) => self.check_integer(whole).map(|_| value),
            (Err(_), Kind::Float { .. }) => self.check_float(value as f64).map(|_| value),
            (Err(_), Kind::Integer { .. }) => Err(self.refuse(value.to_string(), Rule::TooLarge)),
            (Err(_), Kind::Text { .. }) => Err(self.refuse(format!("the number {value}"), Rule::Type)),
        }
    }

    pub(super) fn refuse(&self, value: impl Into<String>, rule: Rule) -> Violation {
        Violation::of(self, value, rule)
    }
}
