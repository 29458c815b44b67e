use std::sync::{Mutex, PoisonError};

use crate::{Error, Op, Plan, Tensor, TensorId, TrainingBackend};

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

use backend::codetune::plugin::tensors as host;
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
    /// The reference to this tensor as operand number `at`.
    pub(crate) fn operand(&self, at: usize) -> TensorId {
        at as TensorId
    }

    pub(crate) fn shape(&self) -> Result<Vec<u64>, Error> {
        Ok(self.with(|tensor| tensor.shape()))
    }

    /// Lends the handle to the bindings.
    fn with<R>(&self, body: impl FnOnce(&host::Tensor) -> R) -> R {
        match &self.owned {
            Some(tensor) => body(tensor),
            None => {
                // SAFETY: the handle is a borrow that lives for the call under way; it is forgotten below,
                // so that it is never dropped as if it were owned.
                let tensor = std::mem::ManuallyDrop::new(unsafe { host::Tensor::from_handle(self.borrowed) });
                body(&tensor)
            }
        }
    }

    pub(crate) fn run(&self, op: &Op<'_>, operands: &[&Tensor]) -> Result<Tensor, Error> {
        let one = |f: &dyn Fn(&host::Tensor) -> Result<host::Tensor, String>| operands[0].0.with(f);
        let two = |f: &dyn Fn(&host::Tensor, &host::Tensor) -> Result<host::Tensor, String>| {
            operands[0].0.with(|a| operands[1].0.with(|b| f(a, b)))
        };
        let made = match *op {
            Op::Embedding { name, .. } => one(&|x| host::embedding(name, x)),
            Op::Linear { name, .. } => one(&|x| host::linear(name, x)),
            Op::RmsNorm { name, epsilon, .. } => one(&|x| host::rms_norm(name, x, epsilon)),
            Op::LayerNorm { name, epsilon, .. } => one(&|x| host::layer_norm(name, x, epsilon)),
            Op::Rope { inverse_frequencies, .. } => one(&|x| host::rope(x, inverse_frequencies)),
            Op::Attention { slot, scale, window, .. } => {
                let v = &operands[2].0;
                two(&|q, k| v.with(|v| host::attention(q, k, v, slot, scale, window)))
            }
            Op::Swiglu { .. } => two(&host::swiglu),
            Op::Silu { .. } => one(&host::silu),
            Op::Gelu { approximate, .. } => one(&|x| host::gelu(x, approximate)),
            Op::Softmax { .. } => one(&host::softmax),
            Op::Add { .. } => two(&host::add),
            Op::Mul { .. } => two(&host::mul),
            Op::Scale { factor, .. } => one(&|x| host::scale(x, factor)),
            Op::Matmul { .. } => two(&host::matmul),
            Op::Reshape { shape, .. } => one(&|x| host::reshape(x, shape)),
            Op::Transpose { a, b, .. } => one(&|x| host::transpose(x, a, b)),
            Op::SplitHeads { heads, .. } => one(&|x| host::split_heads(x, heads)),
            Op::MergeHeads { .. } => one(&host::merge_heads),
            Op::Slice { dimension, start, length, .. } => one(&|x| host::slice(x, dimension, start, length)),
            Op::Cat { dimension, .. } => cat(operands, dimension),
            Op::Reduce { kind, dimension, .. } => one(&|x| host::reduce(x, kind, dimension)),
            Op::CrossEntropy { .. } => two(&host::cross_entropy),
        };
        made.map(|tensor| Tensor(HostTensor { owned: Some(tensor), borrowed: 0 })).map_err(Error::Failed)
    }
}

fn cat(operands: &[&Tensor], dimension: u32) -> Result<host::Tensor, String> {
    // SAFETY: as in `with`: each handle lives for the call, and none of these is dropped.
    let handle = |tensor: &&Tensor| {
        let number = tensor.0.owned.as_ref().map_or(tensor.0.borrowed, |owned| owned.handle());
        std::mem::ManuallyDrop::new(unsafe { host::Tensor::from_handle(number) })
    };
    let handles: Vec<_> = operands.iter().map(handle).collect();
    let parts: Vec<&host::Tensor> = handles.iter().map(|tensor| &**tensor).collect();
    host::cat(&parts, dimension)
}
