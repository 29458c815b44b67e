use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use wasmtime::Store;
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Lower, TypedFunc,
};

use super::cache::ComponentCache;
use super::call::call;
use super::compile::compile;
use super::engine::WasmEngine;
use super::imports;
use super::link::interface;
use super::state::{State, store};
use crate::call_error::Fault;
use crate::digest::Digest;
use crate::limits::Limits;
use crate::load_error::LoadError;

/// The functions that our worlds export, by interface.
const FUNCTIONS: [(&str, &[&str]); 2] = [
    ("analysis", &["configure", "analyze"]),
    ("backend", &["configure", "embed", "block", "logits", "loss"]),
];

/// A compiled component with its imports resolved, ready to be instantiated many times.
pub(crate) struct LoadedComponent {
    engine: Arc<WasmEngine>,
    instance: InstancePre<State>,
    /// Where the functions of our worlds are, of those that the component exports.
    exports: Vec<(&'static str, &'static str, ComponentExportIndex)>,
    plugin: Arc<str>,
    limits: Limits,
    stop: Arc<AtomicBool>,
}

impl LoadedComponent {
    /// Compiles a component, or takes it from the cache, and resolves its imports.
    ///
    /// # Errors
    /// Says what is malformed, or which import this host does not offer.
    pub(crate) fn load(
        bytes: &[u8],
        digest: &Digest,
        plugin: &str,
        limits: Limits,
        stop: &Arc<AtomicBool>,
        cache: Option<&ComponentCache>,
    ) -> Result<Self, LoadError> {
        let engine = WasmEngine::shared()?;
        let component = match cache {
            Some(cache) => cache.component(engine.engine(), bytes, digest, plugin),
            None => compile(engine.engine(), bytes, plugin),
        };
        let component = component?;
        let instance =
            engine.linker().instantiate_pre(&component).map_err(|error| imports::unlinked(bytes, &error))?;
        let exports = exports(instance.component());
        Ok(LoadedComponent {
            engine,
            instance,
            exports,
            plugin: plugin.into(),
            limits,
            stop: Arc::clone(stop),
        })
    }

    /// Makes an instance; `prepare` gives it its services first.
    pub(crate) fn instantiate(
        &self,
        prepare: impl FnOnce(&mut State),
    ) -> Result<(Store<State>, Instance), Fault> {
        let mut state = State::new(&self.plugin, self.limits, Arc::clone(&self.stop));
        prepare(&mut state);
        let mut store = store(self.engine.engine(), state);
        match call(|| self.instance.instantiate(&mut store)) {
            Ok(instance) => Ok((store, instance)),
            Err(error) => Err(store.data_mut().fault(&error)),
        }
    }

    /// Finds an exported function and checks its type.
    pub(crate) fn function<P, R>(
        &self,
        store: &mut Store<State>,
        instance: &Instance,
        interface_name: &str,
        function: &str,
    ) -> Result<TypedFunc<P, R>, Fault>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        let name = || format!("{}#{function}", interface(interface_name));
        let here = |export: &&(&str, &str, _)| export.0 == interface_name && export.1 == function;
        let (_, _, index) = self
            .exports
            .iter()
            .find(here)
            .ok_or_else(|| Fault::Unavailable(format!("the component does not export {}", name())))?;
        instance.get_typed_func::<P, R>(&mut *store, index).map_err(|error| {
            Fault::Unavailable(format!("the component exports {} with another type: {error:#}", name()))
        })
    }
}

fn exports(component: &Component) -> Vec<(&'static str, &'static str, ComponentExportIndex)> {
    let of_interface = |&(interface_name, functions): &(&'static str, &'static [&'static str])| {
        let parent = component.get_export_index(None, interface(interface_name));
        let index = |function: &'static str| {
            Some((interface_name, function, component.get_export_index(parent.as_ref(), function)?))
        };
        // Without the interface, a function of its name would be another one's.
        let functions = if parent.is_some() { functions } else { &[] };
        functions.iter().filter_map(|function| index(function)).collect::<Vec<_>>()
    };
    FUNCTIONS.iter().flat_map(of_interface).collect()
}
