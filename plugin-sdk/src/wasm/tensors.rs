use std::mem::ManuallyDrop;
use std::sync::{Mutex, PoisonError};

use crate::{Error, Plan, Tensor, TrainingBackend};

/// Bindings of the world `training-backend`, over this SDK's own types.
#[allow(missing_docs, clippy::all)]
pub mod backend {
    wit_bindgen::generate!({
        path: "wit",
        world: "training-backend",
        pub_export_macro: true,
        export_macro_name: "export",
        with: {
            "codetune:plugin/services@0.1.0/log-level": crate::LogLevel,
            "codetune:plugin/types@0.1.0/error": crate::Error,
            "codetune:plugin/tensors@0.1.0/reduction": crate::Reduction,
            "codetune:plugin/backend@0.1.0/role": crate::Role,
            "codetune:plugin/backend@0.1.0/initializer": crate::Initializer,
            "codetune:plugin/backend@0.1.0/parameter": crate::Parameter,
            "codetune:plugin/backend@0.1.0/plan": crate::Plan,
        },
    });
}

pub(super) use backend::codetune::plugin::tensors as host;
use backend::exports::codetune::plugin::backend::Guest;

/// The type that connects an author's training backend to its only instance.
pub trait BackendPlugin: 'static {
    /// The author's backend.
    type Backend: TrainingBackend;

    /// The only instance of the component. A component has one thread, so the lock is never contended.
    fn instance() -> &'static Mutex<Option<Self::Backend>>;
}

impl<P: BackendPlugin> Guest for P {
    fn configure(config: String) -> Result<Plan, Error> {
        let (made, plan) = P::Backend::configure(&config)?;
        *P::instance().lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
        Ok(plan)
    }

    fn embed(ids: &host::Tensor) -> Result<host::Tensor, Error> {
        forward::<P>(|backend| backend.embed(&borrowed(ids)))
    }

    fn block(index: u32, x: &host::Tensor) -> Result<host::Tensor, Error> {
        forward::<P>(|backend| backend.block(index, &borrowed(x)))
    }

    fn logits(x: &host::Tensor) -> Result<host::Tensor, Error> {
        forward::<P>(|backend| backend.logits(&borrowed(x)))
    }

    fn loss(x: &host::Tensor, targets: &host::Tensor) -> Result<host::Tensor, Error> {
        forward::<P>(|backend| backend.loss(&borrowed(x), &borrowed(targets)))
    }
}

fn forward<P: BackendPlugin>(
    body: impl FnOnce(&P::Backend) -> Result<Tensor, Error>,
) -> Result<host::Tensor, Error> {
    let instance = P::instance().lock().unwrap_or_else(PoisonError::into_inner);
    let backend = instance.as_ref().ok_or_else(|| Error::failed("called before configure"))?;
    let tensor = body(backend)?;
    tensor.0.owned.ok_or_else(|| Error::failed("a backend must return a tensor it made"))
}

/// A host tensor. A borrowed one is a handle that the host takes back when the call ends.
pub(crate) struct HostTensor {
    owned: Option<host::Tensor>,
    borrowed: u32,
}

/// Refers to a borrowed handle by number, since its lifetime cannot leave the bindings.
fn borrowed(tensor: &host::Tensor) -> Tensor {
    Tensor(HostTensor { owned: None, borrowed: tensor.handle() })
}

impl HostTensor {
    pub(crate) fn shape(&self) -> Result<Vec<u64>, Error> {
        Ok(self.lend().shape())
    }

    /// The handle, for the duration of a call of the bindings.
    fn lend(&self) -> ManuallyDrop<host::Tensor> {
        let number = self.owned.as_ref().map_or(self.borrowed, host::Tensor::handle);
        // SAFETY: the handle lives for the call under way, and this copy of it is never dropped.
        ManuallyDrop::new(unsafe { host::Tensor::from_handle(number) })
    }
}

/// Lends a tensor to the bindings.
pub(super) fn lend(tensor: &Tensor) -> ManuallyDrop<host::Tensor> {
    tensor.0.lend()
}

/// Lends several tensors to the bindings.
pub(super) fn lend_all(tensors: &[&Tensor]) -> Lent {
    Lent(tensors.iter().map(|tensor| lend(tensor)).collect())
}

/// Tensors lent to the bindings.
pub(super) struct Lent(Vec<ManuallyDrop<host::Tensor>>);

impl Lent {
    /// Each of them.
    pub(super) fn each(&self) -> Vec<&host::Tensor> {
        self.0.iter().map(|tensor| &**tensor).collect()
    }
}

/// The result of an operation.
pub(super) fn made(result: Result<host::Tensor, String>) -> Result<Tensor, Error> {
    result.map(|tensor| Tensor(HostTensor { owned: Some(tensor), borrowed: 0 })).map_err(Error::Failed)
}
