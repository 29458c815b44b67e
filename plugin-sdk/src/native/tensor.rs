use super::current::CURRENT;
use crate::abi::{self, Host, Slice};
use crate::error::Error;
use crate::op::TensorId;

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

    /// A tensor that the plugin has to give back.
    pub(super) fn owned(host: *const Host, id: TensorId) -> Self {
        HostTensor { host, id, owned: true }
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

    /// The handle, as an operand of an operation.
    pub(super) fn id(&self) -> Result<TensorId, Error> {
        self.check_call().map(|()| self.id)
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
