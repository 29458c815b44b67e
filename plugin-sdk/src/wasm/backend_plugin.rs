use std::sync::{Mutex, PoisonError};

use super::tensors::backend::exports::codetune::plugin::backend::Guest;
use super::tensors::{HostTensor, host};
use crate::backend::TrainingBackend;
use crate::error::Error;
use crate::plan::Plan;
use crate::tensor::Tensor;

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
    tensor.0.into_owned().ok_or_else(|| Error::failed("a backend must return a tensor it made"))
}

fn borrowed(tensor: &host::Tensor) -> Tensor {
    Tensor(HostTensor::borrowed(tensor))
}
