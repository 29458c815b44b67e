//! One table of bounds and formats that the command line, the run file, the API and the database follow.
//!
//! [`FIELDS`] is the table; each [`Field`] checks a value where it enters and answers with a [`Violation`]
//! that names the field, the value and the rule. Values are refused or taken as they are: nothing here trims,
//! rounds, shortens or rewrites what it was given. The database's `CHECK` constraints state the same bounds,
//! and a test inserts just inside and just outside of each of them.
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
mod table;
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
pub use table::*;
pub use unknown_key::{UnknownKey, unknown_key, unknown_key_in};
pub use violation::shown_text;
pub use violation::{Rule, Violation};
