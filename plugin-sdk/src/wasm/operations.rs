//! Operations through the component model: the functions that call the host.

use super::tensors::host;
use super::tensors::{lend, lend_all, made};
use crate::operations::argument;
use crate::{Error, Tensor};

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
