use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::{
    ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Lower, TypedFunc,
};

use super::link::{interface, linker};
use super::state::{State, begin, store};
use super::{ComponentCache, WasmEngine};
use crate::plugin::{Digest, Fault, Limits};

/// A compiled component with its imports resolved, ready to be instantiated many times.
pub(crate) struct LoadedComponent {
    engine: Arc<WasmEngine>,
    instance: InstancePre<State>,
    plugin: Arc<str>,
    limits: Limits,
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
        cache: Option<&ComponentCache>,
    ) -> Result<Self, String> {
        let engine = WasmEngine::shared()?;
        let component = match cache {
            Some(cache) => cache.component(engine.engine(), bytes, digest),
            None => wasmtime::component::Component::new(engine.engine(), bytes),
        };
        let component = component.map_err(|error| format!("the component does not compile: {error:#}"))?;
        let linker = linker(engine.engine()).map_err(|error| format!("{error:#}"))?;
        let instance = linker.instantiate_pre(&component).map_err(|error| {
            format!("the component imports what this host does not offer: {error:#}; build it with an SDK of contract 0.1")
        })?;
        Ok(LoadedComponent { engine, instance, plugin: plugin.into(), limits })
    }

    /// Makes an instance; `prepare` gives it its services first.
    pub(crate) fn instantiate(
        &self,
        prepare: impl FnOnce(&mut State),
    ) -> Result<(Store<State>, Instance), Fault> {
        let mut state = State::new(Arc::clone(&self.plugin), self.limits);
        prepare(&mut state);
        let mut store = store(self.engine.engine(), state);
        begin(&mut store, 1);
        match self.instance.instantiate(&mut store) {
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
        let name = interface(interface_name);
        let lacking = || Fault::Unavailable(format!("the component does not export {name}#{function}"));
        let parent = self.export(None, &name).ok_or_else(lacking)?;
        let index = self.export(Some(&parent), function).ok_or_else(lacking)?;
        instance.get_typed_func::<P, R>(&mut *store, &index).map_err(|error| {
            Fault::Unavailable(format!(
                "the component exports {name}#{function} with another type: {error:#}"
            ))
        })
    }

    fn export(&self, parent: Option<&ComponentExportIndex>, name: &str) -> Option<ComponentExportIndex> {
        self.instance.component().get_export_index(parent, name)
    }
}
