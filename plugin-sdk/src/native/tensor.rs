use super::CURRENT;
use crate::abi::{self, Host, Slice, Str, code};
use crate::{Error, Op, Tensor, TensorId};

/// A handle of a tensor in the host.
pub(crate) struct HostTensor {
    host: *const Host,
    id: TensorId,
    owned: bool,
}

// SAFETY: the pointer is only followed during a call from that very host on the thread at hand.
unsafe impl Send for HostTensor {}

impl HostTensor {
    pub(crate) fn borrowed(host: *const Host, id: TensorId) -> Self {
        HostTensor { host, id, owned: false }
    }

    /// Transfers the tensor to the host.
    pub(crate) fn into_id(mut self) -> TensorId {
        self.owned = false;
        self.id
    }

    /// Whether a call from the tensor's host is active on this thread; otherwise the host may be gone, if a plugin kept
    /// a tensor in a static.
    fn in_call(&self) -> bool {
        CURRENT.get() == self.host
    }

    fn check_call(&self) -> Result<(), Error> {
        match self.in_call() {
            true => Ok(()),
            false => {
                Err(Error::failed("a tensor was used outside the calls of the instance that it belongs to"))
            }
        }
    }

    pub(crate) fn shape(&self) -> Result<Vec<u64>, Error> {
        self.check_call()?;
        let mut out = Slice::of(&[]);
        // SAFETY: the host's call is under way; what `out` points to lives until the next call.
        unsafe {
            if ((*self.host).tensor_shape)((*self.host).context, self.id, &mut out) != abi::OK {
                return Err(Error::failed(format!("the host has no tensor {}", self.id)));
            }
            Ok(out.get().to_vec())
        }
    }

    /// The reference to this tensor as operand number `_at`.
    pub(crate) fn operand(&self, _at: usize) -> TensorId {
        self.id
    }

    pub(crate) fn run(&self, op: &Op<'_>, _operands: &[&Tensor]) -> Result<Tensor, Error> {
        self.check_call()?;
        let (mut out, mut error) = (0, Str::text(""));
        encode(op, |op| {
            // SAFETY: the host's call is under way; the record and the out-parameters live for it.
            let status = unsafe { ((*self.host).tensor_op)((*self.host).context, op, &mut out, &mut error) };
            if status == abi::OK {
                return Ok(Tensor(HostTensor { host: self.host, id: out, owned: true }));
            }
            // SAFETY: the text lives until the next operation.
            Err(Error::failed(unsafe { error.to_str() }.unwrap_or("the operation failed")))
        })
    }
}

impl Drop for HostTensor {
    fn drop(&mut self) {
        // A host that is gone has freed its tensors.
        if self.owned && self.in_call() {
            // SAFETY: the host's call is under way.
            unsafe { ((*self.host).tensor_drop)((*self.host).context, self.id) };
        }
    }
}

/// Lays out an operation for the ABI, for the duration of `call`.
fn encode<R>(op: &Op<'_>, call: impl FnOnce(&abi::TensorOp) -> R) -> R {
    let run = |code, name: &str, inputs: &[u32], integers: &[i64], floats: &[f64]| {
        call(&abi::TensorOp {
            code,
            reserved: 0,
            name: Str::text(name),
            inputs: Slice::of(inputs),
            integers: Slice::of(integers),
            floats: Slice::of(floats),
        })
    };
    match *op {
        Op::Embedding { name, ids } => run(code::EMBEDDING, name, &[ids], &[], &[]),
        Op::Linear { name, x } => run(code::LINEAR, name, &[x], &[], &[]),
        Op::RmsNorm { name, x, epsilon } => run(code::RMS_NORM, name, &[x], &[], &[epsilon]),
        Op::LayerNorm { name, x, epsilon } => run(code::LAYER_NORM, name, &[x], &[], &[epsilon]),
        Op::Rope { x, inverse_frequencies } => run(code::ROPE, "", &[x], &[], inverse_frequencies),
        Op::Attention { q, k, v, slot, scale, window } => {
            run(code::ATTENTION, "", &[q, k, v], &[slot.into(), window.map_or(-1, i64::from)], &[scale])
        }
        Op::Swiglu { gate, up } => run(code::SWIGLU, "", &[gate, up], &[], &[]),
        Op::Silu { x } => run(code::SILU, "", &[x], &[], &[]),
        Op::Gelu { x, approximate } => run(code::GELU, "", &[x], &[approximate.into()], &[]),
        Op::Softmax { x } => run(code::SOFTMAX, "", &[x], &[], &[]),
        Op::Add { a, b } => run(code::ADD, "", &[a, b], &[], &[]),
        Op::Mul { a, b } => run(code::MUL, "", &[a, b], &[], &[]),
        Op::Scale { x, factor } => run(code::SCALE, "", &[x], &[], &[factor]),
        Op::Matmul { a, b } => run(code::MATMUL, "", &[a, b], &[], &[]),
        Op::Reshape { x, shape } => {
            let shape: Vec<i64> = shape.iter().map(|d| d.cast_signed()).collect();
            run(code::RESHAPE, "", &[x], &shape, &[])
        }
        Op::Transpose { x, a, b } => run(code::TRANSPOSE, "", &[x], &[a.into(), b.into()], &[]),
        Op::SplitHeads { x, heads } => run(code::SPLIT_HEADS, "", &[x], &[heads.into()], &[]),
        Op::MergeHeads { x } => run(code::MERGE_HEADS, "", &[x], &[], &[]),
        Op::Slice { x, dimension, start, length } => {
            let integers = [dimension.into(), start.cast_signed(), length.cast_signed()];
            run(code::SLICE, "", &[x], &integers, &[])
        }
        Op::Cat { parts, dimension } => run(code::CAT, "", parts, &[dimension.into()], &[]),
        Op::Reduce { x, kind, dimension } => {
            run(code::REDUCE, "", &[x], &[(kind as u32).into(), dimension.into()], &[])
        }
        Op::CrossEntropy { logits, targets } => run(code::CROSS_ENTROPY, "", &[logits, targets], &[], &[]),
    }
}
