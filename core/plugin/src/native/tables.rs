use codetune_plugin_sdk::abi;

use super::table;
use crate::manifest::Manifest;

/// The tables of a plugin whose handshake went well, copied. The functions in them live as long as this program:
/// built-ins are part of it, and libraries are never unloaded.
#[derive(Clone, Copy)]
pub(crate) struct Tables {
    pub(super) analyzer: Option<abi::Analyzer>,
    pub(super) backend: Option<abi::Backend>,
}

impl Tables {
    /// Takes the tables of a plugin that may be trusted to be what it says.
    ///
    /// # Errors
    /// Says which part of the handshake fails.
    ///
    /// # Safety
    /// `plugin` must be a table of [`abi::MAJOR`], as long as it says, as are the tables that it names.
    pub(crate) unsafe fn of(plugin: *const abi::Plugin, manifest: &Manifest) -> Result<Self, String> {
        // SAFETY: the magic comes first in every version.
        if unsafe { (*plugin).magic } != abi::MAGIC {
            return Err("its symbol is not a plugin table".into());
        }
        // SAFETY: the caller vouches for the table and for those behind its pointers.
        let (analyzer, backend) = unsafe {
            let plugin = table::read(plugin)?;
            (table::read_functions(plugin.analyzer)?, table::read_functions(plugin.backend)?)
        };
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
