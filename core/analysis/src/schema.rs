/// Version of what this crate makes of an analyzer's answer; part of every cache key.
///
/// Raise it when the form of cached outcomes changes, or what is checked of an answer.
pub const SCHEMA_VERSION: u32 = 2;
