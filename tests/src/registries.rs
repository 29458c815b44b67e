use std::path::Path;

use codetune_core::plugin::{PluginDirectories, Registry, Runtime, Trust};
use codetune_faulty as _;

use crate::plugins::{FAULTY_COMPONENT, FAULTY_LIBRARY, PROBE_BACKEND_COMPONENT, PROBE_COMPONENT};

/// A registry with every first-party plugin in one runtime, which keeps its files below `folder`.
pub fn registry(folder: &Path, runtime: Runtime) -> Registry {
    let mut registry = Registry::new(PluginDirectories::below(folder), Trust::default());
    codetune_plugins::register(&mut registry, &|_| runtime);
    registry
}

/// A registry with the faulty plugin in one runtime.
pub fn faulty(folder: &Path, runtime: Runtime) -> Registry {
    let mut registry = Registry::new(PluginDirectories::below(folder), Trust::default());
    match runtime {
        Runtime::Builtin => registry.register_builtins(|name| name == "tests/faulty"),
        Runtime::Native => registry.register_embedded("faulty", FAULTY_LIBRARY),
        Runtime::Wasm => registry.register_embedded("faulty", FAULTY_COMPONENT),
    }
    registry
}

/// A registry with the plugins that do next to nothing, as components.
pub fn probes(folder: &Path) -> Registry {
    let mut registry = Registry::new(PluginDirectories::below(folder), Trust::default());
    for (name, component) in [("probe", PROBE_COMPONENT), ("probe-backend", PROBE_BACKEND_COMPONENT)] {
        registry.register_embedded(name, component);
    }
    registry
}
