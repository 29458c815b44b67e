//! A training step and an evaluation.

use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::Tensor;
use codetune_dataset::{BatchSource, MicroBatch};
use codetune_tensor::TensorError;

use super::{
    error::{HELD_OUT_LOSS, TrainError},
    optimizer::Optimizer,
    trainable::{PassContext, Trainable},
};

/// The gradients of a step.
pub(super) struct Accumulated {
    /// Loss in nats per label token.
    pub loss: f64,
    /// Label tokens.
    pub labels: u64,
    /// The gradients, in the order of the trainable tensors.
    pub gradients: Vec<Tensor>,
}

/// Accumulates the gradients of a step's micro-batches; `None` if `stop` was set.
///
/// Each micro-batch is weighted by its label tokens: gradients are divided by those of the whole step, so the result
/// does not depend on the split into micro-batches.
pub(super) fn accumulate(
    model: &mut dyn Trainable,
    batches: &[MicroBatch],
    seed: u64,
    step: u64,
    stop: &AtomicBool,
) -> Result<Option<Accumulated>, TrainError> {
    let number = step + 1;
    let labels: u64 = batches.iter().map(|batch| batch.targets() as u64).sum();
    if labels == 0 {
        return Err(TrainError::NoLabels { what: format!("step {number}") });
    }
    let names: Vec<String> = model.trainable().into_iter().map(|(name, _)| name).collect();
    let mut sums: Vec<Option<Tensor>> = vec![None; names.len()];
    let mut loss = 0.0;
    for (micro_step, batch) in (0u64..).zip(batches) {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let expected = batch.targets() as u64;
        if expected == 0 {
            continue;
        }
        let pass = PassContext { seed, step, micro_step, training: true };
        let scale = 1.0 / labels as f64;
        let gradients = match model.gradients(batch, &pass, scale) {
            // A stopped call into the backend is not an error.
            Err(_) if stop.load(Ordering::Relaxed) => return Ok(None),
            gradients => gradients.map_err(TrainError::model(number))?,
        };
        if gradients.labels != expected {
            return Err(TrainError::Labels { step: number, counted: gradients.labels, expected });
        }
        loss += gradients.sum;
        for (sum, gradient) in sums.iter_mut().zip(gradients.gradients) {
            *sum =
                add(sum.take(), gradient).map_err(|source| TrainError::Optimizer { step: number, source })?;
        }
    }
    let missing = |(sum, name): (&Option<Tensor>, &String)| sum.is_none().then(|| name.clone());
    let unreached: Vec<String> = sums.iter().zip(&names).filter_map(missing).collect();
    if !unreached.is_empty() {
        return Err(TrainError::Unreached { names: unreached });
    }
    let loss = finite(number, "the loss", loss / labels as f64)?;
    Ok(Some(Accumulated { loss, labels, gradients: sums.into_iter().flatten().collect() }))
}

/// Clips the gradients, applies the update, and returns the original norm. If that is not finite, nothing changes.
pub(super) fn update(
    optimizer: &mut Optimizer,
    mut gradients: Vec<Tensor>,
    rate: f64,
    step: u64,
) -> Result<f64, TrainError> {
    let number = step + 1;
    let refused = |source| TrainError::Optimizer { step: number, source };
    let norm = optimizer.clip(&mut gradients).map_err(refused)?;
    finite(number, "the norm of the gradients", norm)?;
    optimizer.update(&gradients, rate, number).map_err(refused)?;
    Ok(norm)
}

/// The loss on the first `batches` batches, in nats per label token; `None` if `stop` was set.
pub(super) fn evaluate(
    model: &mut dyn Trainable,
    data: &dyn BatchSource,
    batches: u64,
    seed: u64,
    step: u64,
    stop: &AtomicBool,
) -> Result<Option<f64>, TrainError> {
    let failed = TrainError::model(step);
    let (mut loss, mut labels) = (0.0, 0);
    for micro_step in 0..batches {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let batch = data.batch(micro_step)?;
        if batch.targets() == 0 {
            continue;
        }
        let pass = PassContext { seed, step, micro_step, training: false };
        let found = model.loss(&batch, &pass).map_err(&failed)?;
        loss += found.value().map_err(|error| failed(error.into()))?;
        labels += found.labels;
    }
    if labels == 0 {
        return Err(TrainError::NoLabels { what: "the held-out data".to_owned() });
    }
    finite(step, HELD_OUT_LOSS, loss / labels as f64).map(Some)
}

fn add(sum: Option<Tensor>, gradient: Option<Tensor>) -> Result<Option<Tensor>, TensorError> {
    Ok(match (sum, gradient) {
        (Some(sum), Some(gradient)) => Some((sum + gradient)?),
        (one, other) => one.or(other),
    })
}

fn finite(step: u64, what: &'static str, value: f64) -> Result<f64, TrainError> {
    if value.is_finite() { Ok(value) } else { Err(TrainError::NotFinite { step, what, value }) }
}
