//! Value parsers: numbers within the bounds of `codetune_core::validate`, and settings of files.

use codetune_core::validate::{self, Field, Setting, SettingError};

/// Why the value of an option is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum ValueError {
    /// It is not what the option takes.
    #[error("expected {expected}")]
    #[diagnostic(code(cli::value))]
    Expected {
        /// What the option takes.
        expected: String,
    },
    /// It is no setting of a file.
    #[error("{0}")]
    #[diagnostic(code(cli::setting))]
    Setting(String),
}

impl ValueError {
    /// A value that is not what the option takes.
    pub fn new(expected: impl Into<String>) -> Self {
        ValueError::Expected { expected: expected.into() }
    }
}

/// Parses an integer within the bounds of the field.
pub fn whole<T: TryFrom<i64>>(
    field: &'static Field,
) -> impl Fn(&str) -> Result<T, ValueError> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| field.check_integer(*number).is_ok());
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| expected(field))
    }
}

/// Parses an integer with no other bound than the least.
pub fn at_least<T: TryFrom<i64>>(
    least: i64,
) -> impl Fn(&str) -> Result<T, ValueError> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| *number >= least);
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| ValueError::new(format!("an integer of at least {least}")))
    }
}

/// Parses a number within the bounds of the field.
pub fn float(
    field: &'static Field,
) -> impl Fn(&str) -> Result<f64, ValueError> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| field.check_float(*number).is_ok());
        number.ok_or_else(|| expected(field))
    }
}

fn expected(field: &Field) -> ValueError {
    ValueError::new(field.kind.to_string())
}

/// A setting of a file, `KEY=VALUE`.
pub fn setting(text: &str) -> Result<Setting, ValueError> {
    text.parse().map_err(|error: SettingError| ValueError::Setting(validate::whole(&error)))
}
