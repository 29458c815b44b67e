//! File size limits.

/// The default size limit: 1 MiB. Larger files are nearly always generated, and take as long to parse as a thousand
/// ordinary ones.
pub const DEFAULT_MAX_BYTES: u64 = 1 << 20;

/// The maximum size limit: 1 GiB. Offsets have 32 bits, and decoding may triple the size of a text.
pub const MAX_BYTES_CEILING: u64 = 1 << 30;
