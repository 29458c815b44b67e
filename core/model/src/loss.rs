//! The loss of a micro-batch, and its gradients.

use candle_core::{DType, Tensor, Var};

use super::error::Result;
use super::gradients::{Gradients, collect};

/// The summed loss of a micro-batch.
#[derive(Debug, Clone)]
pub struct Loss {
    /// In nats, summed over the labels; a scalar that can be differentiated.
    pub sum: Tensor,
    /// Number of labels.
    pub labels: u64,
}

impl Loss {
    /// The sum as a number, whatever its type.
    ///
    /// # Errors
    /// It is not a scalar.
    pub fn value(&self) -> Result<f64> {
        Ok(self.sum.to_dtype(DType::F64)?.to_scalar()?)
    }

    /// The gradients of `scale` times the sum, for each of `variables` in their order.
    ///
    /// # Errors
    /// The backward pass fails.
    pub fn gradients(&self, scale: f64, variables: &[Var]) -> Result<Gradients> {
        let mut gradients = vec![None; variables.len()];
        collect(&self.sum.affine(scale, 0.0)?.backward()?, variables, &mut gradients)?;
        Ok(Gradients { sum: self.value()?, labels: self.labels, gradients })
    }
}
