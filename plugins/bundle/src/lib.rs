//! The first-party plugins for all runtimes: linked in, as components and as native libraries.
//!
//! A program that uses this crate embeds all of them and chooses the runtime of each.
#![deny(missing_docs)]

// Linking the crates registers their built-in forms.
use codetune_decoder as _;
use codetune_metrics as _;
use codetune_plugin::{Registry, Runtime};
use codetune_secrets as _;

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The file forms of a plugin.
pub(crate) struct File {
    name: &'static str,
    component: &'static [u8],
    library: &'static [u8],
}

/// The first-party plugins and their default runtimes. They differ, so that every runtime is in daily use.
pub const DEFAULT: &[(&str, Runtime)] = &[
    ("codetune/decoder", Runtime::Wasm),
    ("codetune/metrics", Runtime::Builtin),
    ("codetune/secrets", Runtime::Native),
];

/// The default runtime of a plugin.
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

/// Registers all first-party plugins in the runtimes that `choice` returns. Must be called before any file is
/// registered, so that short names refer to them.
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
