//! Checks before the first step that every trainable tensor receives a gradient.

use codetune_dataset::{BatchSource, IGNORE, MicroBatch};

use super::{
    error::TrainError,
    trainable::{PassContext, Trainable},
};

/// Runs one row forward and backward, and fails if the graph does not reach a trainable tensor.
///
/// A zero gradient is fine: LoRA's first matrix gets one while the second is zero. The audit detects tensors that the
/// loss does not depend on, because an operation detached the graph or nothing uses them.
///
/// # Errors
/// [`TrainError::Unreached`] with all such tensors, or an error of the model or the data.
pub fn audit(model: &mut dyn Trainable, data: &dyn BatchSource, seed: u64) -> Result<(), TrainError> {
    let trainable = model.trainable();
    if trainable.is_empty() {
        return Err(TrainError::NothingToTrain);
    }
    let row = first_labelled_row(data.batch(0)?);
    let pass = PassContext { seed, step: 0, micro_step: 0, training: true };
    let gradients = model.gradients(&row, &pass, 1.0).map_err(TrainError::model(0))?;
    let reached = |place: usize| gradients.gradients.get(place).is_some_and(Option::is_some);
    let names: Vec<String> = (trainable.into_iter().enumerate())
        .filter(|(place, _)| !reached(*place))
        .map(|(_, (name, _))| name)
        .collect();
    if names.is_empty() { Ok(()) } else { Err(TrainError::Unreached { names }) }
}

// One row is cheap and shows the whole graph.
fn first_labelled_row(batch: MicroBatch) -> MicroBatch {
    let seq = batch.seq.max(1);
    let labelled = batch.labels.chunks(seq).position(|row| row.iter().any(|&label| label != IGNORE));
    let Some(row) = labelled else { return batch };
    let cut = |values: &[u32]| values.chunks(seq).nth(row).unwrap_or_default().to_vec();
    MicroBatch {
        batch: 1,
        seq: batch.seq,
        ids: cut(&batch.ids),
        labels: cut(&batch.labels),
        segments: cut(&batch.segments),
        positions: cut(&batch.positions),
    }
}
