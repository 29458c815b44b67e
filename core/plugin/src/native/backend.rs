use std::ffi::c_void;
use std::sync::Arc;

use codetune_plugin_sdk::abi::{self, Str};
use codetune_plugin_sdk::{Plan, TensorId};

use super::host::Service;
use super::instance::Instance;
use super::tables::Tables;
use crate::call_error::{CallError, Fault};
use crate::instance::BackendInstance;
use crate::manifest::Manifest;
use crate::service::TensorHost;

/// A training backend called over the C ABI.
pub(crate) struct NativeBackend {
    functions: abi::Backend,
    instance: Instance,
    plan: Plan,
}

impl NativeBackend {
    /// Makes an instance for a model's `config.json`.
    ///
    /// # Errors
    /// What the plugin says of the configuration.
    pub(crate) fn configure(
        tables: Tables,
        manifest: Arc<Manifest>,
        config: &str,
        host: Arc<dyn TensorHost>,
    ) -> Result<Self, CallError> {
        let plugin = manifest.name.clone();
        let lacking = || Fault::Unavailable("it is not a training backend".into()).of(&plugin);
        let functions = tables.backend.ok_or_else(lacking)?;
        let service = Service::new(&manifest.name, Some(host));
        let mut pointer: *mut c_void = std::ptr::null_mut();
        service.begin_log(manifest.granted_limits().output_bytes_for(1));
        // SAFETY: the text lives for the call, and the table for as long as the instance.
        let status = unsafe { (functions.configure)(service.table(), Str::text(config), &mut pointer) };
        service.end_log();
        let (plan, fault) = {
            let mut state = service.state();
            (state.plan.take(), state.fault.take())
        };
        match (status, plan, fault) {
            (abi::OK, Some(plan), None) if !pointer.is_null() => {
                let instance = Instance { pointer, service, poisoned: false, manifest };
                Ok(NativeBackend { functions, instance, plan })
            }
            (_, _, Some(fault)) => Err(fault.of(&plugin)),
            _ => Err(Fault::Invalid("made no plan or no instance".into()).of(&plugin)),
        }
    }

    fn call(
        &mut self,
        call: impl FnOnce(&abi::Backend, *const abi::Host, *mut c_void, *mut u32) -> u32,
    ) -> Result<TensorId, CallError> {
        let Instance { pointer, service, poisoned, manifest } = &mut self.instance;
        if *poisoned {
            return Err(Fault::Unavailable("the instance panicked before".into()).of(&manifest.name));
        }
        service.state().fault = None;
        service.begin_log(manifest.granted_limits().output_bytes_for(1));
        let mut out = TensorId::MAX;
        let status = call(&self.functions, service.table(), *pointer, &mut out);
        service.end_log();
        let fault = service.state().fault.take();
        if status == abi::OK && fault.is_none() {
            return Ok(out);
        }
        *poisoned = matches!(fault, Some(Fault::Panicked(_)));
        Err(fault.unwrap_or_else(|| Fault::Invalid("failed without a reason".into())).of(&manifest.name))
    }
}

impl BackendInstance for NativeBackend {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn embed(&mut self, ids: TensorId) -> Result<TensorId, CallError> {
        // SAFETY: `configure` made the instance; tensors are numbers, which the host checks.
        self.call(|f, host, instance, out| unsafe { (f.embed)(host, instance, ids, out) })
    }

    fn block(&mut self, index: u32, x: TensorId) -> Result<TensorId, CallError> {
        // SAFETY: as in `embed`.
        self.call(|f, host, instance, out| unsafe { (f.block)(host, instance, index, x, out) })
    }

    fn logits(&mut self, x: TensorId) -> Result<TensorId, CallError> {
        // SAFETY: as in `embed`.
        self.call(|f, host, instance, out| unsafe { (f.logits)(host, instance, x, out) })
    }

    fn loss(&mut self, x: TensorId, targets: TensorId) -> Result<TensorId, CallError> {
        // SAFETY: as in `embed`.
        self.call(|f, host, instance, out| unsafe { (f.loss)(host, instance, x, targets, out) })
    }
}

impl Drop for NativeBackend {
    fn drop(&mut self) {
        if !self.instance.poisoned {
            // SAFETY: `configure` made the instance, and it is freed once.
            unsafe { (self.functions.free)(self.instance.service.table(), self.instance.pointer) };
        }
    }
}
