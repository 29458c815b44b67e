//! Value parsers: numbers within the bounds of `codetune_core::validate`, and settings of files.

use codetune_core::validate::{self, Field, Setting, SettingError};

/// Parses an integer within the bounds of the field.
pub fn whole<T: TryFrom<i64>>(
    field: &'static Field,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| field.check_integer(*number).is_ok());
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| expected(field))
    }
}

/// Parses an integer with no other bound than the least.
pub fn at_least<T: TryFrom<i64>>(
    least: i64,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| *number >= least);
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| format!("expected an integer of at least {least}"))
    }
}

/// Parses a number within the bounds of the field.
pub fn float(field: &'static Field) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| field.check_float(*number).is_ok());
        number.ok_or_else(|| expected(field))
    }
}

fn expected(field: &Field) -> String {
    format!("expected {}", field.kind)
}

/// A setting of a file, `KEY=VALUE`.
pub fn setting(text: &str) -> Result<Setting, String> {
    text.parse().map_err(|error: SettingError| validate::whole(&error))
}
