use candle_core::DType;

use super::error::{ModelError, Result};
use super::forward::Model;
use super::pass::{Batch, Mode};

/// How well a model predicts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// The mean loss of a label, in nats.
    pub loss: f64,
    /// `e` to the mean loss.
    pub perplexity: f64,
    /// How many labels there were.
    pub labels: u64,
}

impl Model {
    /// The mean loss over all labels of all batches, each label weighing the same.
    ///
    /// # Errors
    /// There are no labels, a batch does not hold together, or the backend fails.
    pub fn evaluate<'a>(&mut self, batches: impl IntoIterator<Item = Batch<'a>>) -> Result<Evaluation> {
        let (mut sum, mut labels) = (0.0, 0);
        for batch in batches {
            let loss = self.loss(&batch, Mode::Evaluate)?;
            sum += loss.sum.to_dtype(DType::F64)?.to_scalar::<f64>()?;
            labels += loss.labels;
        }
        if labels == 0 {
            return Err(ModelError::Batch(
                "there is nothing to evaluate: no position carries a label".into(),
            ));
        }
        let loss = sum / labels as f64;
        Ok(Evaluation { loss, perplexity: loss.exp(), labels })
    }
}
