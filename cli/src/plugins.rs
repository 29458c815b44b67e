//! The plugin registry of an invocation, with the first-party plugins.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use codetune_core::plugin::{CallRules, Digest, Origin, PluginDirectories, Registry, Runtime, Trust};

use crate::command_error::CommandError;
use crate::failure::Failure;
use crate::folders::Folders;

/// The plugin options of the command line.
#[derive(Debug, Clone, Default)]
pub struct PluginSettings {
    /// Directories with more plugins.
    pub folders: Vec<PathBuf>,
    /// Digests of trusted native libraries.
    pub trusted: BTreeSet<Digest>,
    /// Disabled plugins, by full name or file.
    pub disabled: BTreeSet<String>,
    /// The runtime of first-party plugins; each has its own default.
    pub runtime: Option<Runtime>,
    /// Limits of every call into a plugin.
    pub rules: CallRules,
}

impl PluginSettings {
    /// Registers the first-party plugins, then those of the directories in the given order.
    ///
    /// # Errors
    /// A directory cannot be read, or a plugin to disable or limit is unknown.
    pub fn registry(&self, folders: &Folders) -> Result<Registry, Failure> {
        let trust = Trust { native: self.trusted.clone(), disabled: self.disabled.clone() };
        let mut registry = Registry::new(PluginDirectories::below(&folders.cache), trust);
        registry.hold_to(self.rules.clone());
        let choice = |name: &str| self.runtime.unwrap_or_else(|| codetune_plugins::default_runtime(name));
        codetune_plugins::register(&mut registry, &choice);
        for folder in &self.folders {
            registry.discover(folder)?;
        }
        for name in &self.disabled {
            let file = Path::new(name);
            if registry.list().any(|entry| matches!(&entry.origin, Origin::File(path) if path == file)) {
                continue;
            }
            let entry = registry.get(name)?;
            if entry.name != *name {
                return Err(not_full("--disable", name, &entry.name, "").into());
            }
        }
        for name in self.rules.limits.plugins() {
            let entry = registry.get(name)?;
            if entry.name != *name {
                return Err(not_full("--plugin-limit", name, &entry.name, ".LIMIT=N").into());
            }
        }
        Ok(registry)
    }
}

fn not_full(option: &'static str, name: &str, full: &str, rest: &'static str) -> CommandError {
    CommandError::FullName { option, name: name.to_owned(), full: full.to_owned(), rest }
}
