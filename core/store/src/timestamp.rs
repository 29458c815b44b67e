//! Timestamps in the database: UTC with nine digits of a second and a `Z`.

use codetune_validate::{Constraint, Violation};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// Formats a time as `2026-01-31T12:00:00.123456789Z`, converted to UTC; the text sorts by time.
///
/// # Errors
///
/// The year in UTC is not within 0 to 9999.
pub(super) fn write(field: &'static str, time: OffsetDateTime) -> Result<String, Violation> {
    let utc = time
        .checked_to_offset(UtcOffset::UTC)
        .filter(|utc| (0..=9999).contains(&utc.year()))
        .ok_or_else(|| {
            Violation::new(
                field,
                time.to_string(),
                Constraint::TooLarge,
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

/// Parses a time, always in UTC.
pub(super) fn read(text: &str) -> Result<OffsetDateTime, time::error::Parse> {
    OffsetDateTime::parse(text, &Rfc3339)
}
