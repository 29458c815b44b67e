//! Where anchors are kept that begin with the same two letters, in either case. The build script reads this file too.

/// How many slots there are.
pub(crate) const COUNT: usize = 2048;

/// The slot of what begins with these bytes. Small and capital letters have the same, and so have some others.
pub(crate) fn of(first: u8, second: u8) -> usize {
    (usize::from(first | 0x20) << 5 ^ usize::from(second | 0x20)) % COUNT
}
