//! Run ids: the start time and random digits.

use std::fmt;

use codetune_redact::escape_control;
use codetune_validate::{Constraint, Violation};
use rand::Rng;
use time::{OffsetDateTime, UtcOffset};

/// `YYYYMMDD-HHMMSSmmm-xxxxxxxx`: UTC to the millisecond, then 32 random bits.
///
/// Sorts by time and is readable. Runs that start in the same millisecond differ in the last part.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(String);

impl RunId {
    /// Creates an id for a run that starts at this time.
    pub(super) fn new(started: OffsetDateTime) -> Self {
        let utc = started.to_offset(UtcOffset::UTC);
        let random: u32 = rand::rng().random();
        Self(format!(
            "{:04}{:02}{:02}-{:02}{:02}{:02}{:03}-{random:08x}",
            utc.year(),
            u8::from(utc.month()),
            utc.day(),
            utc.hour(),
            utc.minute(),
            utc.second(),
            utc.millisecond(),
        ))
    }

    /// Parses a complete id.
    ///
    /// # Errors
    ///
    /// The text has another format.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let fits = text.len() == 27
            && text.bytes().enumerate().all(|(place, byte)| match place {
                8 | 18 => byte == b'-',
                0..18 => byte.is_ascii_digit(),
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            });
        if fits {
            return Ok(Self(text.to_owned()));
        }
        let value = format!("\"{}\"", escape_control(text));
        Err(Violation::new("run", value, Constraint::Format, "an id like 20260131-120000123-0a1b2c3d"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunId({})", self.0)
    }
}
