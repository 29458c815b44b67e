use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use codetune_core::plugin::{Plugin, PluginDirectories, Registry, Runtime, Trust};
use codetune_tests::{probes, registry};
use criterion::Criterion;
use serde_json::Map;

use crate::table::Table;

/// What it costs to load a component that was compiled before, and to make instances of it.
pub fn measure(criterion: &mut Criterion, table: &mut Table, folder: &Path) {
    let plugin = probes(folder).ready("tests/probe").expect("the probe is ready");
    let instance = || plugin.analyzer(&Map::new()).expect("an instance");
    let goal = Some(Duration::from_micros(20));
    table.time_made(criterion, "instantiation, configured", goal, instance);
    table.time(criterion, "instantiation, configured, and its end", None, 1, || drop(instance()));
    for name in ["codetune/metrics", "codetune/secrets"] {
        let plugin = registry(folder, Runtime::Wasm).ready(name).expect("it is ready");
        let figure = format!("instantiation of {name}");
        table.time_made(criterion, &figure, None, || plugin.analyzer(&Map::new()).expect("an instance"));
    }
    for name in ["codetune/decoder", "codetune/metrics", "codetune/secrets"] {
        let component = codetune_plugins::component(name).expect("a first-party plugin");
        load(folder, name, component);
        let figure = format!("cached load of {name}, {} KiB", component.len() >> 10);
        let goal = Some(Duration::from_millis(3));
        table.time_made(criterion, &figure, goal, || load(folder, name, component));
    }
}

/// From a component's bytes to its code: manifest, digest, authentication, code and imports.
fn load(folder: &Path, name: &str, component: &'static [u8]) -> Arc<Plugin> {
    let mut registry = Registry::new(PluginDirectories::below(folder), Trust::default());
    registry.register_embedded(name, component);
    let plugin = registry.ready(name).expect("it is ready");
    plugin.load().expect("it loads");
    plugin
}
