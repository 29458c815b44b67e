/// Counts bytes that are looked at, in tests alone: what an input costs, without a clock.
#[inline]
pub(crate) fn examined(bytes: usize) {
    #[cfg(test)]
    EXAMINED.set(EXAMINED.get() + bytes);
    #[cfg(not(test))]
    let _ = bytes;
}

#[cfg(test)]
thread_local! {
    static EXAMINED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How many bytes this thread looked at during `work`.
#[cfg(test)]
pub(crate) fn count(work: impl FnOnce()) -> usize {
    let before = EXAMINED.get();
    work();
    EXAMINED.get() - before
}
