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
        // SAFETY: the caller vouches for the tables behind the pointers.
        let (analyzer, backend) = unsafe { (plugin.analyzer.as_ref(), plugin.backend.as_ref()) };
        if analyzer.is_some_and(|table| table.size < size_of::<abi::Analyzer>())
            || backend.is_some_and(|table| table.size < size_of::<abi::Backend>())
        {
            return Err("its function tables are shorter than ABI 0 has them: build it with this SDK".into());
        }
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
