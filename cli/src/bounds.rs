//! Numbers among the arguments, within the bounds of the core's one table.

use codetune_core::validate::Field;

/// Reads a whole number that the field accepts.
pub fn whole<T: TryFrom<i64>>(
    field: &'static Field,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| field.check_integer(*number).is_ok());
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| expected(field))
    }
}

/// Reads a number that the field accepts.
pub fn float(field: &'static Field) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| field.check_float(*number).is_ok());
        number.ok_or_else(|| expected(field))
    }
}

fn expected(field: &Field) -> String {
    format!("write {}", field.kind)
}
