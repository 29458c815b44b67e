//! Reading a plugin's tables, which may be older or newer than this build's.

use std::mem::MaybeUninit;

use codetune_plugin_sdk::abi::Table;

/// One field of a table.
const WORD: usize = size_of::<usize>();

/// Copies a table of any size: fields that it lacks are 0 in the copy, and what it has beyond is left alone.
///
/// No reference to the original is made, since it may end before this build's type does.
///
/// # Errors
/// It is shorter than the major version began with.
///
/// # Safety
/// `table` points to as many initialised bytes as the table says that it has.
pub(super) unsafe fn read<T: Table>(table: *const T) -> Result<T, String> {
    // SAFETY: the caller vouches for the table, which says its size there in every version.
    let size = unsafe { table.cast::<u8>().add(T::SIZE_AT).cast::<usize>().read_unaligned() };
    if size < T::NEEDED {
        return Err(format!(
            "a table of it has {size} bytes and ABI 0 began with {}: build it with this SDK",
            T::NEEDED
        ));
    }
    // A field that is cut in two is one that is not there.
    let known = size.min(size_of::<T>()) / WORD * WORD;
    let mut copy = MaybeUninit::<T>::zeroed();
    // SAFETY: the table is `size` bytes long, the copy `size_of::<T>()`, and `known` is at most either. What the
    // table lacks stays 0, which the trait says is valid.
    unsafe {
        std::ptr::copy_nonoverlapping(table.cast::<u8>(), copy.as_mut_ptr().cast::<u8>(), known);
        Ok(copy.assume_init())
    }
}

/// Copies a table of functions, where there is one.
///
/// # Errors
/// As [`read`], or it lacks a function: a null one must not even be looked at as a function.
///
/// # Safety
/// As [`read`], where `table` is not null.
pub(super) unsafe fn read_functions<T: Table>(table: *const T) -> Result<Option<T>, String> {
    if table.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller vouches for the table, which begins with its size.
    let size = unsafe { table.cast::<usize>().read() };
    if size >= T::NEEDED {
        // SAFETY: the table says itself that it is so long.
        let fields = unsafe { std::slice::from_raw_parts(table.cast::<*const ()>(), T::NEEDED / WORD) };
        if fields.iter().any(|field| field.is_null()) {
            return Err("its function table lacks a function: set every pointer of the ABI's tables".into());
        }
    }
    // SAFETY: as the caller vouches for; no function that `T` must have is null.
    unsafe { read(table) }.map(Some)
}

#[cfg(test)]
mod tests {
    use std::alloc::{Layout, alloc_zeroed, dealloc};
    use std::mem::offset_of;

    use codetune_plugin_sdk::abi;

    use super::*;

    /// A table of functions as a later version of this host would know it.
    #[derive(Clone, Copy)]
    #[repr(C)]
    struct Later {
        size: usize,
        first: extern "C" fn() -> u32,
        /// What came later.
        later: Option<extern "C" fn() -> u32>,
    }

    // SAFETY: the size comes first, and an `Option` of a function is valid where it is 0.
    unsafe impl Table for Later {
        const NEEDED: usize = offset_of!(Later, first) + WORD;
    }

    extern "C" fn seven() -> u32 {
        7
    }

    /// A table in exactly as many bytes as it says, so that whoever reads past its end is caught by Miri,
    /// AddressSanitizer or valgrind.
    struct Exact {
        place: *mut u8,
        layout: Layout,
    }

    impl Exact {
        fn of(fields: &[usize]) -> Self {
            let layout = Layout::array::<usize>(fields.len()).unwrap();
            // SAFETY: there is at least the size; the place is as long as the fields.
            unsafe {
                let place = alloc_zeroed(layout);
                std::ptr::copy_nonoverlapping(fields.as_ptr().cast(), place, layout.size());
                Exact { place, layout }
            }
        }

        /// A table with the function in its first field, so many bytes long as it says.
        fn with_function(size: usize) -> Self {
            let mut fields = vec![0; size.div_ceil(WORD)];
            fields[0] = size;
            let exact = Exact::of(&fields);
            // SAFETY: the second field is a function, which a copied number would have lost the provenance of.
            unsafe { exact.place.add(WORD).cast::<extern "C" fn() -> u32>().write(seven) };
            exact
        }

        fn table<T>(&self) -> *const T {
            self.place.cast_const().cast()
        }
    }

    impl Drop for Exact {
        fn drop(&mut self) {
            // SAFETY: it was allocated with this layout.
            unsafe { dealloc(self.place, self.layout) };
        }
    }

    #[test]
    fn an_older_table_is_read_without_what_came_later() {
        for size in [2 * WORD, 2 * WORD + 4] {
            let older = Exact::with_function(size);
            // SAFETY: the table is as long as it says.
            let table = unsafe { read_functions(older.table::<Later>()) }.unwrap().unwrap();
            assert_eq!((table.first)(), 7);
            assert!(table.later.is_none(), "{size}");
        }
    }

    #[test]
    fn a_newer_table_is_read_as_far_as_this_host_knows_it() {
        for size in [3 * WORD, 5 * WORD, 4096] {
            let newer = Exact::with_function(size);
            // SAFETY: the table is as long as it says.
            let table = unsafe { read_functions(newer.table::<Later>()) }.unwrap().unwrap();
            assert_eq!(((table.first)(), table.size), (7, size));
        }
    }

    #[test]
    fn tables_that_are_short_or_lack_a_function_are_refused() {
        let refused = |fields: &[usize]| {
            let table = Exact::of(fields);
            // SAFETY: the table is as long as it says, or says less than is needed.
            unsafe { read_functions(table.table::<Later>()) }.map(|table| table.is_some()).unwrap_err()
        };
        assert!(refused(&[2 * WORD, 0]).contains("lacks a function"));
        let short = refused(&[2 * WORD - 1, 1]);
        assert!(short.contains("has 15 bytes and ABI 0 began with 16"), "{short}");
        assert!(refused(&[0]).contains("has 0 bytes"));
        // SAFETY: null is allowed.
        assert!(matches!(unsafe { read_functions(std::ptr::null::<Later>()) }, Ok(None)));
    }

    #[test]
    fn what_abi_0_began_with_never_changes() {
        // The sizes of the first tables with 64-bit pointers, as `codetune_plugin.h` of 0.1.0 has them.
        assert_eq!(WORD, 8, "recompute these numbers for this machine");
        assert_eq!(abi::Plugin::NEEDED, 48);
        assert_eq!(abi::Analyzer::NEEDED, 32);
        assert_eq!(abi::Backend::NEEDED, 56);
        assert_eq!(abi::Host::NEEDED, 88);
    }
}
