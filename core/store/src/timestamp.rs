//! Times as the database keeps them: UTC, nine digits of a second, a `Z`.

use codetune_validate::{Rule, Violation};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// Writes a time as `2026-01-31T12:00:00.123456789Z`, whatever zone it is given in; texts sort as times.
///
/// # Errors
///
/// A year outside 0 to 9999 in UTC.
pub(super) fn write(field: &'static str, time: OffsetDateTime) -> Result<String, Violation> {
    let utc = time
        .checked_to_offset(UtcOffset::UTC)
        .filter(|utc| (0..=9999).contains(&utc.year()))
        .ok_or_else(|| {
            Violation::new(
                field,
                time.to_string(),
                Rule::TooLarge,
                "a time within the years 0 to 9999 in UTC",
            )
        })?;
    Ok(format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z",
        utc.year(),
        u8::from(utc.month()),
        utc.day(),
        utc.hour(),
        utc.minute(),
        utc.second(),
        utc.nanosecond()
    ))
}

/// Reads a time back, always in UTC.
pub(super) fn read(text: &str) -> Result<OffsetDateTime, time::error::Parse> {
    OffsetDateTime::parse(text, &Rfc3339)
}
