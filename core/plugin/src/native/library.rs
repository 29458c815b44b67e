use std::error::Error;
use std::path::Path;

use codetune_plugin_sdk::abi;

use super::tables::Tables;
use crate::manifest::Manifest;

/// Loads a dynamic library for good and takes its tables.
///
/// The caller has checked the file's digest against a pin and its symbol against the ABI.
///
/// # Errors
/// Says why the library cannot be loaded, or which part of the handshake fails.
pub(crate) fn open(path: &Path, symbol: &str, manifest: &Manifest) -> Result<Tables, String> {
    // SAFETY: loading runs the library's initialisers with the host's rights; its digest was pinned by the
    // user, who trusts it with exactly that.
    let library = unsafe { libloading::Library::new(path) }.map_err(|error| {
        let said = said(&error, path);
        format!(
            "the library cannot be loaded: {said}; install what it needs, or get the plugin as a component"
        )
    })?;
    // SAFETY: the symbol's name says that it is a table of this ABI's major version.
    let plugin = unsafe {
        let found = library.get::<*const abi::Plugin>(symbol.as_bytes());
        *found.map_err(|error| format!("its symbol {symbol} cannot be read: {}", said(&error, path)))?
    };
    // Unloading would leave instances, thread-locals and the tables dangling, so it never happens.
    std::mem::forget(library);
    if plugin.is_null() {
        return Err("its symbol is null".into());
    }
    // SAFETY: as above; the library is never unloaded.
    unsafe { Tables::of(plugin, manifest) }
}

/// What the system's loader said, which names the library or the symbol that is missing. The file it loaded is a copy
/// whose name says nothing to the user.
fn said(error: &libloading::Error, path: &Path) -> String {
    let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    cause.replace(&format!("{}: ", path.display()), "")
}
