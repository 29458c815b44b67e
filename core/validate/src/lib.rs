//! Bounds and formats of values, shared by the command line, run files, the API and the database.
//!
//! [`FIELDS`] is the table. Each [`Field`] checks values at the boundary and rejects them with a [`Violation`] that
//! names the field, the value and the constraint. Values are rejected or used unchanged: nothing here trims, rounds,
//! truncates or rewrites them. The database repeats the bounds as `CHECK` constraints, and a test inserts values just
//! inside and just outside of each.
//!
//! ```
//! use codetune_validate::{LEARNING_RATE, MODEL_TYPE};
//!
//! assert_eq!(LEARNING_RATE.check_float(2e-5), Ok(2e-5));
//! assert_eq!(MODEL_TYPE.check_text("Qwen/Qwen2.5-Coder-0.5B"), Ok("Qwen/Qwen2.5-Coder-0.5B"));
//! assert_eq!(
//!     LEARNING_RATE.check_float(f64::NAN).unwrap_err().to_string(),
//!     "learning_rate: NaN is not allowed: expected a number greater than 0 and less than 1",
//! );
//! ```

mod brought_key;
mod check;
mod digest;
mod field;
mod nearest;
mod plugin_name;
mod sequence_length;
mod setting;
mod table;
mod told;
mod unknown_key;
mod violation;

#[cfg(test)]
mod tests;

pub use brought_key::{Brought, brought_key};
pub use digest::check_digest;
pub use field::{Bound, Charset, Default, Field, Kind};
pub use nearest::{nearest, nearly_same};
pub use plugin_name::check_plugin_name;
pub use sequence_length::check_max_seq_length;
pub use setting::{NamedText, Setting, SettingError};
pub use table::*;
pub use told::{Blame, Whole, whole};
pub use unknown_key::{UnknownKey, unknown_key, unknown_key_in};
pub use violation::shown_text;
pub use violation::{Constraint, Violation};
