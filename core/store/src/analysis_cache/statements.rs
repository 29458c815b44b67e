//! The statements of the cache, and how many rows each has.

use std::sync::LazyLock;

/// Keys of one SELECT: more save nothing, fewer cost a round trip each.
pub(super) const KEYS_A_SELECT: usize = 500;

/// Rows of one INSERT, well below SQLite's limit of parameters.
pub(super) const ROWS_AN_INSERT: usize = 200;

pub(super) static SELECT: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT key, value FROM outcome WHERE key IN ({})", ["?"; KEYS_A_SELECT].join(","))
});

pub(super) static INSERT_MANY: LazyLock<String> = LazyLock::new(|| {
    format!("INSERT OR REPLACE INTO outcome (key, value) VALUES {}", ["(?,?)"; ROWS_AN_INSERT].join(","))
});

pub(super) const INSERT_ONE: &str = "INSERT OR REPLACE INTO outcome (key, value) VALUES (?,?)";
