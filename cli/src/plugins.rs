//! Which plugins there are: the only place that knows how first-party ones come into the program.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use codetune_core::plugin::{CallRules, Digest, Origin, PluginDirectories, Registry, Runtime, Trust};

use crate::failure::Failure;
use crate::folders::Folders;

/// What the user says about plugins.
#[derive(Debug, Clone, Default)]
pub struct PluginSettings {
    /// Folders to look for more in.
    pub folders: Vec<PathBuf>,
    /// Native libraries that are trusted.
    pub trusted: BTreeSet<Digest>,
    /// Plugins that are switched off, by whole name or by file.
    pub disabled: BTreeSet<String>,
    /// How first-party plugins are loaded; each in its own way where absent.
    pub runtime: Option<Runtime>,
    /// What holds for every call into a plugin.
    pub rules: CallRules,
}

impl PluginSettings {
    /// Every plugin: the first-party ones, then those of the folders in the order given.
    ///
    /// # Errors
    /// A folder cannot be read, or what is to be switched off or limited is not known.
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
                return Err(Failure::usage(format!("--disable {name} is not a whole name"))
                    .help(format!("pass --disable {}", entry.name)));
            }
        }
        for name in self.rules.limits.plugins() {
            let entry = registry.get(name)?;
            if entry.name != *name {
                return Err(Failure::usage(format!("--plugin-limit {name} is not a whole name"))
                    .help(format!("write --plugin-limit {}.LIMIT=NUMBER", entry.name)));
            }
        }
        Ok(registry)
    }
}
