//! What a tensor operation refuses, and why.

use candle_core::Tensor;

/// The result of a tensor operation.
pub type Result<T> = std::result::Result<T, TensorError>;

/// Why a tensor operation was refused.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum TensorError {
    /// Two arguments do not fit each other.
    #[error("tensor operation `{op}`: shapes {left:?} and {right:?} do not fit")]
    #[diagnostic(code(tensor::shapes), help("it needs {needs}"))]
    Shapes {
        /// The operation that refused.
        op: &'static str,
        /// Shape of the first argument concerned.
        left: Vec<usize>,
        /// Shape of the second argument concerned.
        right: Vec<usize>,
        /// The shapes that the operation accepts.
        needs: &'static str,
    },
    /// One argument has a shape that the operation cannot take.
    #[error("tensor operation `{op}`: shape {shape:?} is refused")]
    #[diagnostic(code(tensor::shape), help("it needs {needs}"))]
    Shape {
        /// The operation that refused.
        op: &'static str,
        /// The shape given.
        shape: Vec<usize>,
        /// The shape that the operation accepts.
        needs: String,
    },
    /// An index lies outside of what it points into.
    #[error("tensor operation `{op}`: index {index} at position {position} is outside of 0..{size}")]
    #[diagnostic(code(tensor::index), help("check the tokenizer against the model's vocabulary"))]
    Index {
        /// The operation that refused.
        op: &'static str,
        /// The index given.
        index: u64,
        /// Where in the flattened argument it stands.
        position: usize,
        /// How many entries there are.
        size: usize,
    },
    /// A setting is outside of its range.
    #[error("tensor operation `{op}`: {message}")]
    #[diagnostic(code(tensor::setting))]
    Setting {
        /// The operation that refused.
        op: &'static str,
        /// What is wrong and what would be accepted.
        message: String,
    },
    /// candle refused: a data type, a device, or a layout.
    #[error("tensor operation: {0}")]
    #[diagnostic(code(tensor::candle))]
    Candle(#[source] Box<candle_core::Error>),
}

impl From<candle_core::Error> for TensorError {
    fn from(error: candle_core::Error) -> Self {
        TensorError::Candle(Box::new(error))
    }
}

/// Refuses two tensors whose shapes do not fit.
pub(super) fn shapes(op: &'static str, left: &Tensor, right: &Tensor, needs: &'static str) -> TensorError {
    TensorError::Shapes { op, left: left.dims().to_vec(), right: right.dims().to_vec(), needs }
}

/// Refuses one tensor's shape.
pub(super) fn shape(op: &'static str, tensor: &Tensor, needs: impl Into<String>) -> TensorError {
    TensorError::Shape { op, shape: tensor.dims().to_vec(), needs: needs.into() }
}

/// Refuses a setting.
pub(super) fn setting(op: &'static str, message: impl Into<String>) -> TensorError {
    TensorError::Setting { op, message: message.into() }
}
