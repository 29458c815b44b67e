use std::path::Path;

use codetune_plugin_sdk::abi;

use super::Tables;
use crate::plugin::Manifest;

/// Loads a dynamic library for good and takes its tables.
///
/// The caller has checked the file's digest against a pin and its symbol against the ABI.
///
/// # Errors
/// Says why the library cannot be loaded, or which part of the handshake fails.
pub(crate) fn open(path: &Path, symbol: &str, manifest: &Manifest) -> Result<Tables, String> {
    // SAFETY: loading runs the library's initialisers with the host's rights; its digest was pinned by the
    // user, who trusts it with exactly that.
    let library = unsafe { libloading::Library::new(path) }.map_err(|error| error.to_string())?;
    // SAFETY: the symbol's name says that it is a table of this ABI's major version.
    let plugin = unsafe {
        let symbol = library.get::<*const abi::Plugin>(symbol.as_bytes());
        let address = *symbol.map_err(|error| error.to_string())?;
        address.as_ref()
    };
    // Unloading would leave instances, thread-locals and the tables dangling, so it never happens.
    std::mem::forget(library);
    let plugin = plugin.ok_or("its symbol is null")?;
    // SAFETY: as above; the library is never unloaded.
    unsafe { Tables::of(plugin, manifest) }
}
