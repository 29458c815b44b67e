//! The program's allocator, and how it deals with memory that training gives back.

/// Training makes and drops large tensors all the time: the system's allocator gives their pages back and
/// faults them in again, which took a fifth of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay`, the 16th of `mi_option_t` in versions 2 and 3 of `mimalloc.h`; the bindings name few of
/// them.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// Never, in milliseconds.
const NEVER: std::ffi::c_long = -1;

/// Keeps pages that were given back for whatever is allocated next, instead of returning them to the system after a
/// second: every step of a run needs as much again, and the system clears each page that it hands out.
///
/// `MIMALLOC_PURGE_DELAY` in the environment goes first.
pub fn keep_pages() {
    // SAFETY: the call writes one number of a table of the allocator's own, which knows the option, and reads it
    // without a lock whenever it looks at it. Any number is a delay, and negative ones mean that there is no purging.
    unsafe { libmimalloc_sys::mi_option_set_default(PURGE_DELAY, NEVER) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_is_the_one_that_the_environment_calls_purge_delay() {
        // SAFETY: reads one number of that table.
        let read = || unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) };
        // The delays that versions 2 and 3 start with, which no neighbouring option does.
        assert!([10, 1000].contains(&read()), "{}", read());
        keep_pages();
        assert_eq!(read(), NEVER);
    }
}
