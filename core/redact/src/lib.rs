//! Makes text safe for logs and messages: redacts secrets and escapes control characters.

mod control;
mod secrets;
mod seen_json;

pub use control::{escape_control, is_unseen};
pub use secrets::{redact, redact_url};
pub use seen_json::write_seen_json;
