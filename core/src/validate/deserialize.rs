//! Reading checked values with serde, so that a run file's error names the field and the rule.
//!
//! Each type takes only values of its own kind: a boolean is no number and a float is no integer. Use the
//! functions from a `deserialize_with` function, or [`checked_fields!`](crate::checked_fields) to have those
//! written:
//!
//! ```
//! codetune_core::checked_fields! {
//!     batch_size: u32 = BATCH_SIZE;
//!     learning_rate: f64 = LEARNING_RATE;
//!     model_type: String = MODEL_TYPE;
//! }
//!
//! #[derive(serde::Deserialize)]
//! struct Run {
//!     #[serde(deserialize_with = "batch_size")]
//!     batch_size: u32,
//!     #[serde(deserialize_with = "learning_rate")]
//!     learning_rate: f64,
//!     #[serde(deserialize_with = "model_type")]
//!     model_type: String,
//! }
//!
//! let text = "batch_size = true\nlearning_rate = 0.1\nmodel_type = 'qwen2'";
//! let error = toml::from_str::<Run>(text).err().unwrap().to_string();
//! assert!(error.contains("batch_size: the boolean true is of another type"), "{error}");
//! ```

use std::fmt;

use serde::{Deserializer, de};

use super::{
    field::{Field, Kind},
    violation::{Rule, shown_float},
};

/// A number or a text that a [`Field`] has accepted.
#[derive(Debug, Clone, PartialEq)]
pub enum Checked {
    /// From an integer field.
    Integer(i64),
    /// From a float field.
    Float(f64),
    /// From a text field.
    Text(String),
}

/// A Rust type that a checked value can be read into.
pub trait FromChecked: Sized {
    /// Gives the value as this type, `None` when it is of another kind or does not fit.
    fn from_checked(value: Checked) -> Option<Self>;
}

/// Reads and checks the value of a field as the Rust type that is asked for.
///
/// # Errors
///
/// A value that the field refuses, with the violation as the message.
pub fn deserialize_field<'de, D: Deserializer<'de>, T: FromChecked>(
    deserializer: D,
    field: &'static Field,
) -> Result<T, D::Error> {
    let value = deserializer.deserialize_any(FieldVisitor(field))?;
    T::from_checked(value).ok_or_else(|| {
        de::Error::custom(field.refuse("a value that fits the field's table but not its type", Rule::Type))
    })
}

/// Writes one `deserialize_with` function for each field: `name: type = CONSTANT_OF_THE_TABLE;`.
///
/// `name: Option<type> = CONSTANT` reads an optional value that is checked when present; pair it with
/// `#[serde(default)]`.
#[macro_export]
macro_rules! checked_fields {
    () => {};
    ($name:ident: Option<$type:ty> = $constant:ident; $($rest:tt)*) => {
        fn $name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<$type>, D::Error> {
            $crate::validate::deserialize_field(deserializer, &$crate::validate::$constant).map(Some)
        }
        $crate::checked_fields! { $($rest)* }
    };
    ($name:ident: $type:ty = $constant:ident; $($rest:tt)*) => {
        fn $name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
            $crate::validate::deserialize_field(deserializer, &$crate::validate::$constant)
        }
        $crate::checked_fields! { $($rest)* }
    };
}

struct FieldVisitor(&'static Field);

impl de::Visitor<'_> for FieldVisitor {
    type Value = Checked;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {}", self.0.kind, self.0.name)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Checked, E> {
        self.0.check_integer(value).map_err(E::custom)?;
        Ok(match self.0.kind {
            Kind::Float { .. } => Checked::Float(value as f64),
            _ => Checked::Integer(value),
        })
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Checked, E> {
        self.0.check_unsigned(value).map_err(E::custom)?;
        match (self.0.kind, i64::try_from(value)) {
            (Kind::Float { .. }, _) => Ok(Checked::Float(value as f64)),
            (_, Ok(whole)) => Ok(Checked::Integer(whole)),
            (_, Err(_)) => Err(E::custom(self.0.refuse(value.to_string(), Rule::TooLarge))),
        }
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Checked, E> {
        self.0.check_float(value).map(Checked::Float).map_err(E::custom)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Checked, E> {
        self.0.check_text(value).map(|text| Checked::Text(text.to_owned())).map_err(E::custom)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Checked, E> {
        Err(E::custom(self.0.refuse(format!("the boolean {value}"), Rule::Type)))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Checked, E> {
        Err(E::custom(self.0.refuse("null", Rule::Type)))
    }
}

impl FromChecked for f64 {
    fn from_checked(value: Checked) -> Option<Self> {
        match value {
            Checked::Float(value) => Some(value),
            Checked::Integer(_) | Checked::Text(_) => None,
        }
    }
}

impl FromChecked for String {
    fn from_checked(value: Checked) -> Option<Self> {
        match value {
            Checked::Text(text) => Some(text),
            Checked::Integer(_) | Checked::Float(_) => None,
        }
    }
}

macro_rules! from_checked_integer {
    ($($type:ty),*) => {
        $(impl FromChecked for $type {
            fn from_checked(value: Checked) -> Option<Self> {
                match value {
                    Checked::Integer(value) => Self::try_from(value).ok(),
                    Checked::Float(_) | Checked::Text(_) => None,
                }
            }
        })*
    };
}

from_checked_integer!(u8, u16, u32, u64, usize, i32, i64);

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => f.write_str(&shown_float(*value)),
            Self::Text(text) => f.write_str(text),
        }
    }
}
