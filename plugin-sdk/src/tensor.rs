use crate::error::Error;

#[cfg(not(target_family = "wasm"))]
use crate::native::tensor::HostTensor;
#[cfg(target_family = "wasm")]
use crate::wasm::tensors::HostTensor;

/// A tensor in the host; dropping it releases it.
pub struct Tensor(pub(crate) HostTensor);

impl Tensor {
    /// The shape.
    ///
    /// # Errors
    /// [`Error::Failed`] if the tensor no longer exists.
    pub fn shape(&self) -> Result<Vec<u64>, Error> {
        self.0.shape()
    }
}
