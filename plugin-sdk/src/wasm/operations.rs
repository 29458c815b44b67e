//! Operations through the component model: the functions that call the host.

use std::mem::ManuallyDrop;

use super::tensors::{HostTensor, host};
use crate::error::Error;
use crate::operations::argument;
use crate::tensor::Tensor;

/// An argument of a binding from the argument of a function. What is lent lives until the end of the statement.
macro_rules! operand {
    (Tensor, $value:ident) => {
        &*lend($value)
    };
    (Tensors, $value:ident) => {
        &lend_all($value).each()
    };
    ($kind:ident, $value:ident) => {
        $value
    };
}

macro_rules! define {
    ($($(#[$doc:meta])* $code:literal $variant:ident $function:ident($($operand:ident: $kind:ident),*);)*) => {
        $(
            $(#[$doc])*
            pub fn $function($($operand: argument!($kind)),*) -> Result<Tensor, Error> {
                made(host::$function($(operand!($kind, $operand)),*))
            }
        )*
    };
}

crate::operations!(define);

/// Lends a tensor to the bindings.
fn lend(tensor: &Tensor) -> ManuallyDrop<host::Tensor> {
    tensor.0.lend()
}

/// Lends several tensors to the bindings.
fn lend_all(tensors: &[&Tensor]) -> Lent {
    Lent(tensors.iter().map(|tensor| lend(tensor)).collect())
}

/// Tensors lent to the bindings.
struct Lent(Vec<ManuallyDrop<host::Tensor>>);

impl Lent {
    /// Each of them.
    fn each(&self) -> Vec<&host::Tensor> {
        self.0.iter().map(|tensor| &**tensor).collect()
    }
}

/// The result of an operation.
fn made(result: Result<host::Tensor, String>) -> Result<Tensor, Error> {
    result.map(|tensor| Tensor(HostTensor::made(tensor))).map_err(Error::Failed)
}
