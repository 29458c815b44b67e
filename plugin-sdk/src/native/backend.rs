use std::ffi::c_void;

use super::call::call;
use super::tensor::HostTensor;
use crate::abi::{self, Host, Slice, Str};
use crate::backend::TrainingBackend;
use crate::error::Error;
use crate::plan::{Initializer, Plan};
use crate::tensor::Tensor;

/// The C ABI table of a [`TrainingBackend`].
pub const fn backend_table<B: TrainingBackend>() -> abi::Backend {
    abi::Backend {
        size: size_of::<abi::Backend>(),
        configure: configure::<B>,
        embed: embed::<B>,
        block: block::<B>,
        logits: logits::<B>,
        loss: loss::<B>,
        free: free::<B>,
    }
}

unsafe extern "C" fn configure<B: TrainingBackend>(
    host: *const Host,
    config: Str,
    instance: *mut *mut c_void,
) -> u32 {
    call(host, || {
        // SAFETY: the host hands over a text and a place for the instance that live for the call.
        let config = unsafe { config.to_str() };
        let config = config.ok_or_else(|| Error::InvalidConfig("config.json is not UTF-8".into()))?;
        let (backend, plan) = B::configure(config)?;
        // SAFETY: as above.
        unsafe {
            hand_over(host, &plan);
            *instance = Box::into_raw(Box::new(backend)).cast();
        }
        Ok(())
    })
}

unsafe extern "C" fn embed<B: TrainingBackend>(
    host: *const Host,
    instance: *mut c_void,
    ids: u32,
    out: *mut u32,
) -> u32 {
    // SAFETY: the host calls with an instance that `configure` made, from one thread at a time.
    forward(host, out, || unsafe { &*instance.cast::<B>() }.embed(&borrowed(host, ids)))
}

unsafe extern "C" fn block<B: TrainingBackend>(
    host: *const Host,
    instance: *mut c_void,
    index: u32,
    x: u32,
    out: *mut u32,
) -> u32 {
    // SAFETY: as in `embed`.
    forward(host, out, || unsafe { &*instance.cast::<B>() }.block(index, &borrowed(host, x)))
}

unsafe extern "C" fn logits<B: TrainingBackend>(
    host: *const Host,
    instance: *mut c_void,
    x: u32,
    out: *mut u32,
) -> u32 {
    // SAFETY: as in `embed`.
    forward(host, out, || unsafe { &*instance.cast::<B>() }.logits(&borrowed(host, x)))
}

unsafe extern "C" fn loss<B: TrainingBackend>(
    host: *const Host,
    instance: *mut c_void,
    x: u32,
    targets: u32,
    out: *mut u32,
) -> u32 {
    forward(host, out, || {
        // SAFETY: as in `embed`.
        unsafe { &*instance.cast::<B>() }.loss(&borrowed(host, x), &borrowed(host, targets))
    })
}

unsafe extern "C" fn free<B: TrainingBackend>(host: *const Host, instance: *mut c_void) {
    call(host, || {
        // SAFETY: the host frees an instance that `configure` made once, and calls it no more.
        drop(unsafe { Box::from_raw(instance.cast::<B>()) });
        Ok(())
    });
}

/// A tensor owned by the host, which the call must not release.
fn borrowed(host: *const Host, id: u32) -> Tensor {
    Tensor(HostTensor::borrowed(host, id))
}

fn forward(host: *const Host, out: *mut u32, body: impl FnOnce() -> Result<Tensor, Error>) -> u32 {
    call(host, || {
        let id = body()?.0.into_id();
        // SAFETY: the host hands over a place for the answer.
        unsafe { *out = id };
        Ok(())
    })
}

fn hand_over(host: *const Host, plan: &Plan) {
    let parameters: Vec<_> = plan
        .parameters
        .iter()
        .map(|p| {
            let (initializer, deviation) = match p.initializer {
                Initializer::Normal(deviation) => (0, deviation),
                Initializer::Ones => (1, 0.0),
                Initializer::Zeros => (2, 0.0),
            };
            abi::Parameter {
                name: Str::text(&p.name),
                shape: Slice::of(&p.shape),
                role: p.role as u32,
                initializer,
                deviation,
            }
        })
        .collect();
    let targets: Vec<_> = plan.default_targets.iter().map(|t| Str::text(t)).collect();
    let plan = abi::Plan {
        blocks: plan.blocks,
        reserved: 0,
        vocabulary: plan.vocabulary,
        max_positions: plan.max_positions,
        parameters: Slice::of(&parameters),
        default_targets: Slice::of(&targets),
    };
    // SAFETY: the host's call is under way; the plan lives for it, and the host copies it.
    unsafe { ((*host).plan)((*host).context, &plan) };
}
