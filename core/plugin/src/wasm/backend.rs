use std::sync::Arc;

use codetune_plugin_sdk::{self as sdk, TensorId};
use wasmtime::Store;
use wasmtime::component::{Resource, TypedFunc};

use super::call::call;
use super::component::LoadedComponent;
use super::contract::{Error, Plan, TensorHandle};
use super::state::{State, begin};
use crate::call_error::{CallError, Fault};
use crate::instance::BackendInstance;
use crate::manifest::Manifest;
use crate::service::TensorHost;

type Tensor = Resource<TensorHandle>;
type Made = (Result<Tensor, Error>,);

/// A training backend in a component.
pub(crate) struct WasmBackend {
    store: Store<State>,
    embed: TypedFunc<(Tensor,), Made>,
    block: TypedFunc<(u32, Tensor), Made>,
    logits: TypedFunc<(Tensor,), Made>,
    loss: TypedFunc<(Tensor, Tensor), Made>,
    manifest: Arc<Manifest>,
    plan: sdk::Plan,
    /// A trapped instance cannot be entered again.
    spent: bool,
}

impl WasmBackend {
    /// Makes an instance for a model's `config.json`.
    ///
    /// # Errors
    /// What the plugin says of the configuration, or the limit it broke.
    pub(crate) fn configure(
        component: &LoadedComponent,
        manifest: Arc<Manifest>,
        config: &str,
        host: Arc<dyn TensorHost>,
    ) -> Result<Self, CallError> {
        Self::start(component, Arc::clone(&manifest), config, host).map_err(|fault| fault.of(&manifest.name))
    }

    fn start(
        component: &LoadedComponent,
        manifest: Arc<Manifest>,
        config: &str,
        host: Arc<dyn TensorHost>,
    ) -> Result<Self, Fault> {
        let (mut store, instance) = component.instantiate(|state| state.tensors = Some(host))?;
        let configure = component.function::<(&str,), (Result<Plan, Error>,)>(
            &mut store,
            &instance,
            "backend",
            "configure",
        )?;
        let embed = component.function(&mut store, &instance, "backend", "embed")?;
        let block = component.function(&mut store, &instance, "backend", "block")?;
        let logits = component.function(&mut store, &instance, "backend", "logits")?;
        let loss = component.function(&mut store, &instance, "backend", "loss")?;
        begin(&mut store, 1);
        let configured = call(|| configure.call(&mut store, (config,)));
        store.data_mut().log.end();
        let plan = match configured {
            Ok((Ok(plan),)) => plan.into(),
            Ok((Err(error),)) => return Err(Fault::Said(error.into())),
            Err(error) => return Err(store.data_mut().fault(&error)),
        };
        Ok(WasmBackend { store, embed, block, logits, loss, manifest, plan, spent: false })
    }

    fn call(
        &mut self,
        body: impl FnOnce(&mut Self) -> wasmtime::Result<Made> + Send,
    ) -> Result<TensorId, CallError> {
        if self.spent {
            return Err(Fault::Unavailable("the instance trapped before".into()).of(&self.manifest.name));
        }
        begin(&mut self.store, 1);
        let called = call(|| body(self));
        self.store.data_mut().log.end();
        let fault = match called {
            Ok((Ok(tensor),)) => return Ok(tensor.rep()),
            Ok((Err(error),)) => Fault::Said(error.into()),
            Err(error) => {
                self.spent = true;
                self.store.data_mut().fault(&error)
            }
        };
        Err(fault.of(&self.manifest.name))
    }
}

impl BackendInstance for WasmBackend {
    fn plan(&self) -> &sdk::Plan {
        &self.plan
    }

    fn embed(&mut self, ids: TensorId) -> Result<TensorId, CallError> {
        self.call(|this| this.embed.call(&mut this.store, (Resource::new_borrow(ids),)))
    }

    fn block(&mut self, index: u32, x: TensorId) -> Result<TensorId, CallError> {
        self.call(|this| this.block.call(&mut this.store, (index, Resource::new_borrow(x))))
    }

    fn logits(&mut self, x: TensorId) -> Result<TensorId, CallError> {
        self.call(|this| this.logits.call(&mut this.store, (Resource::new_borrow(x),)))
    }

    fn loss(&mut self, x: TensorId, targets: TensorId) -> Result<TensorId, CallError> {
        let operands = (Resource::new_borrow(x), Resource::new_borrow(targets));
        self.call(|this| this.loss.call(&mut this.store, operands))
    }
}
