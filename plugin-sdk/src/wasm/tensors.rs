use std::mem::ManuallyDrop;

use crate::error::Error;

/// Bindings of the world `training-backend`, over this SDK's own types.
#[allow(missing_docs, clippy::all)]
pub mod backend {
    wit_bindgen::generate!({
        path: "wit",
        world: "training-backend",
        pub_export_macro: true,
        export_macro_name: "export",
        with: {
            "codetune:plugin/services@0.1.0/log-level": crate::log_level::LogLevel,
            "codetune:plugin/types@0.1.0/error": crate::error::Error,
            "codetune:plugin/tensors@0.1.0/reduction": crate::op::Reduction,
            "codetune:plugin/backend@0.1.0/role": crate::plan::Role,
            "codetune:plugin/backend@0.1.0/initializer": crate::plan::Initializer,
            "codetune:plugin/backend@0.1.0/parameter": crate::plan::Parameter,
            "codetune:plugin/backend@0.1.0/plan": crate::plan::Plan,
        },
    });
}

pub(super) use backend::codetune::plugin::tensors as host;

/// A host tensor. A borrowed one is a handle that the host takes back when the call ends.
pub(crate) struct HostTensor {
    owned: Option<host::Tensor>,
    borrowed: u32,
}

impl HostTensor {
    /// Refers to a borrowed handle by number, since its lifetime cannot leave the bindings.
    pub(super) fn borrowed(tensor: &host::Tensor) -> Self {
        HostTensor { owned: None, borrowed: tensor.handle() }
    }

    /// A tensor that the plugin made.
    pub(super) fn made(tensor: host::Tensor) -> Self {
        HostTensor { owned: Some(tensor), borrowed: 0 }
    }

    /// The handle, if the plugin made the tensor.
    pub(super) fn into_owned(self) -> Option<host::Tensor> {
        self.owned
    }

    pub(crate) fn shape(&self) -> Result<Vec<u64>, Error> {
        Ok(self.lend().shape())
    }

    /// The handle, for the duration of a call of the bindings.
    pub(super) fn lend(&self) -> ManuallyDrop<host::Tensor> {
        let number = self.owned.as_ref().map_or(self.borrowed, host::Tensor::handle);
        // SAFETY: the handle lives for the call under way, and this copy of it is never dropped.
        ManuallyDrop::new(unsafe { host::Tensor::from_handle(number) })
    }
}
