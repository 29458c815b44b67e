use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::digest::Digest;
use crate::limits::Limits;
use crate::manifest::Manifest;
use crate::plugin::Plugin;
use crate::runtime::Runtime;

/// Where a plugin came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Linked into this program.
    Builtin,
    /// Carried inside this program as a file.
    Embedded(String),
    /// A file that was found or named.
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Builtin => f.write_str("built in"),
            Origin::Embedded(name) => write!(f, "embedded {name}"),
            Origin::File(path) => path.display().fmt(f),
        }
    }
}

/// Whether a plugin can be used, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginState {
    /// It can be used.
    Ready,
    /// The user, or the lack of the user's consent, keeps it from being used.
    Disabled(String),
    /// It needs something that this host or machine lacks: another contract or ABI version, a capability,
    /// another processor.
    Unavailable(String),
    /// Its file is broken.
    Failed(String),
}

impl PluginState {
    /// The state in a word.
    pub fn word(&self) -> &'static str {
        match self {
            PluginState::Ready => "ready",
            PluginState::Disabled(_) => "disabled",
            PluginState::Unavailable(_) => "unavailable",
            PluginState::Failed(_) => "failed",
        }
    }

    /// Why it cannot be used, with the remedy.
    pub fn reason(&self) -> Option<&str> {
        match self {
            PluginState::Ready => None,
            PluginState::Disabled(reason)
            | PluginState::Unavailable(reason)
            | PluginState::Failed(reason) => Some(reason),
        }
    }
}

/// A plugin in the registry, usable or not.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The plugin's name, or the file's where no name could be read.
    pub name: String,
    /// Where it came from.
    pub origin: Origin,
    /// Whether it can be used.
    pub state: PluginState,
    pub(super) plugin: Option<Arc<Plugin>>,
    /// The state that it has by itself, whatever others are registered.
    pub(super) own_state: PluginState,
}

impl Entry {
    pub(super) fn new(name: String, origin: Origin, state: PluginState, plugin: Option<Plugin>) -> Self {
        Entry { name, origin, own_state: state.clone(), state, plugin: plugin.map(Arc::new) }
    }

    /// The manifest, where it could be read.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.plugin.as_ref().map(|plugin| plugin.manifest())
    }

    /// The limits in force for its calls, where its manifest could be read.
    pub fn limits(&self) -> Option<Limits> {
        self.plugin.as_ref().map(|plugin| plugin.limits())
    }

    /// How the plugin is loaded, where that could be told.
    pub fn runtime(&self) -> Option<Runtime> {
        self.plugin.as_ref().map(|plugin| plugin.runtime())
    }

    /// The plugin's digest, where its file could be read.
    pub fn digest(&self) -> Option<Digest> {
        self.plugin.as_ref().map(|plugin| plugin.digest())
    }
}
