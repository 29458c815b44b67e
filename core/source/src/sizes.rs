//! How large a file may be.

/// The size above which a file is left out unless the options say otherwise: 1 MiB. What is larger is
/// nearly always generated, and parsing it takes as long as a thousand ordinary files.
pub const DEFAULT_MAX_BYTES: u64 = 1 << 20;

/// The largest size limit there is: 1 GiB. Offsets are 32 bits wide and decoding may triple a text.
pub const MAX_BYTES_CEILING: u64 = 1 << 30;
