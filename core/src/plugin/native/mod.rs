//! The carriers that go through the C ABI: built-ins and native dynamic libraries.

mod analyzer;
mod backend;
mod host;
mod library;

use std::ffi::c_void;
use std::sync::Arc;

use codetune_plugin_sdk::abi;

pub(crate) use analyzer::NativeAnalyzer;
pub(crate) use backend::NativeBackend;
pub(crate) use library::open as open_library;

use crate::plugin::Manifest;
use host::Session;

/// The tables of a plugin whose handshake went well. They are constant data that lives as long as this
/// program: built-ins are part of it, and libraries are never unloaded.
#[derive(Clone, Copy)]
pub(crate) struct Tables {
    analyzer: Option<&'static abi::Analyzer>,
    backend: Option<&'static abi::Backend>,
}

impl Tables {
    /// Takes the tables of a plugin that may be trusted to be what it says.
    ///
    /// # Errors
    /// Says which part of the handshake fails.
    ///
    /// # Safety
    /// `plugin` must be a table of [`abi::MAJOR`] with its tables valid for as long as the program runs.
    pub(crate) unsafe fn of(plugin: &'static abi::Plugin, manifest: &Manifest) -> Result<Self, String> {
        if plugin.magic != abi::MAGIC {
            return Err("its symbol is no plugin table".into());
        }
        let smallest = size_of::<abi::Plugin>();
        if plugin.size < smallest {
            return Err(format!("its table has {} bytes, this host reads {smallest}", plugin.size));
        }
        // SAFETY: the caller vouches for the tables behind the pointers, and both begin with their size.
        unsafe {
            check_functions(plugin.analyzer.cast(), size_of::<abi::Analyzer>())?;
            check_functions(plugin.backend.cast(), size_of::<abi::Backend>())?;
        }
        // SAFETY: as above; the tables are whole and no function of them is null.
        let (analyzer, backend) = unsafe { (plugin.analyzer.as_ref(), plugin.backend.as_ref()) };
        for (kind, declared, provided) in [
            ("analyzer", manifest.analyzer.is_some(), analyzer.is_some()),
            ("training-backend", manifest.training_backend.is_some(), backend.is_some()),
        ] {
            if declared != provided {
                let (has, lacks) = if declared { ("manifest", "table") } else { ("table", "manifest") };
                return Err(format!("its {has} provides [{kind}], its {lacks} does not"));
            }
        }
        Ok(Tables { analyzer, backend })
    }
}

/// Refuses a function table that is too short, or that lacks a function: a null one must not even be looked at as
/// a function.
///
/// # Safety
/// `table` is null, or a table of pointer-sized fields that begins with its size in bytes.
unsafe fn check_functions(table: *const usize, bytes: usize) -> Result<(), String> {
    if table.is_null() {
        return Ok(());
    }
    // SAFETY: the first field is the size.
    if unsafe { *table } < bytes {
        return Err("its function tables are shorter than ABI 0 has them: build it with this SDK".into());
    }
    // SAFETY: the table says itself that it is so long.
    let fields = unsafe { std::slice::from_raw_parts(table, bytes / size_of::<usize>()) };
    if fields.contains(&0) {
        return Err("its function table lacks a function: set every pointer of the ABI's tables".into());
    }
    Ok(())
}

/// What a native instance and its host keep of each other.
struct Instance {
    pointer: *mut c_void,
    session: Box<Session>,
    table: Box<abi::Host>,
    /// A panicked instance is never called again, not even to free it.
    poisoned: bool,
    manifest: Arc<Manifest>,
}

// SAFETY: instances are `Send` by the author's trait, and one worker calls one at a time.
unsafe impl Send for Instance {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_that_are_short_or_lack_a_function_are_refused() {
        let bytes = 4 * size_of::<usize>();
        let check = |fields: &[usize]| {
            // SAFETY: as many fields as are asked for are there.
            unsafe { check_functions(fields.as_ptr(), bytes) }
        };
        assert_eq!(check(&[bytes, 1, 1, 1]), Ok(()));
        assert!(check(&[bytes, 1, 0, 1]).unwrap_err().contains("lacks a function"));
        assert!(check(&[bytes - 8, 1, 1, 1]).unwrap_err().contains("shorter"));
        // SAFETY: null is allowed.
        assert_eq!(unsafe { check_functions(std::ptr::null(), bytes) }, Ok(()));
    }
}
