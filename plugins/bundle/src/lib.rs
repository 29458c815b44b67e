//! The first-party plugins, each in all three forms: linked in, as a component and as a native library.
//!
//! A program that uses this crate carries them all and chooses for each how it is loaded.
#![deny(missing_docs)]

// Linking the crates makes their built-in forms known.
use codetune_decoder as _;
use codetune_metrics as _;
use codetune_plugin::{Registry, Runtime};
use codetune_secrets as _;

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// A plugin's file forms.
pub(crate) struct File {
    name: &'static str,
    component: &'static [u8],
    library: &'static [u8],
}

/// The first-party plugins and how each is loaded unless the user says otherwise: what reads untrusted text
/// with many patterns, and what describes a model, in forms that third parties use as well, so that every
/// runtime is in daily use.
pub const DEFAULT: &[(&str, Runtime)] = &[
    ("codetune/decoder", Runtime::Wasm),
    ("codetune/metrics", Runtime::Builtin),
    ("codetune/secrets", Runtime::Native),
];

/// How a plugin is loaded unless the user says otherwise.
pub fn default_runtime(plugin: &str) -> Runtime {
    DEFAULT.iter().find(|(name, _)| *name == plugin).map_or(Runtime::Builtin, |(_, runtime)| *runtime)
}

/// The component of a first-party plugin.
pub fn component(plugin: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|file| file.name == plugin).map(|file| file.component)
}

/// The native library of a first-party plugin.
pub fn library(plugin: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|file| file.name == plugin).map(|file| file.library)
}

/// Registers every first-party plugin by the runtime that `choice` names for it. To be called before any file is
/// registered, so that their short names mean them.
pub fn register(registry: &mut Registry, choice: &dyn Fn(&str) -> Runtime) {
    let own = |name: &str| FILES.iter().any(|file| file.name == name);
    registry.register_builtins(|name| own(name) && choice(name) == Runtime::Builtin);
    for file in FILES {
        match choice(file.name) {
            Runtime::Builtin => {}
            Runtime::Native => registry.register_embedded(file.name, file.library),
            Runtime::Wasm => registry.register_embedded(file.name, file.component),
        }
    }
}
