use crate::Error;

#[cfg(not(target_family = "wasm"))]
use crate::native::HostTensor;
#[cfg(target_family = "wasm")]
use crate::wasm::HostTensor;

/// A tensor that lives in the host; dropping it gives it back.
pub struct Tensor(pub(crate) HostTensor);

impl Tensor {
    /// The shape.
    ///
    /// # Errors
    /// [`Error::Failed`] where the host no longer has the tensor.
    pub fn shape(&self) -> Result<Vec<u64>, Error> {
        self.0.shape()
    }
}
