//! How a run goes on from a checkpoint, and gets longer.

use super::Trainer;
use crate::{
    best::BestWeights,
    checkpoint::{self, Checkpoint},
    checkpoint_error::CheckpointError,
    error::TrainError,
    plan::Plan,
    trainable::Trainable,
};

/// Where a resumed run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// Steps done.
    pub step: u64,
    /// The metric sink's name for the run.
    pub run: Option<String>,
}

impl<M: Trainable> Trainer<M> {
    /// Takes up the newest usable checkpoint of the output folder, or gives none where there is no checkpoint.
    ///
    /// Inputs have to be named before; metrics may be connected after, with the run's name from here.
    ///
    /// # Errors
    /// Another run has the folder, no checkpoint can be read, or the newest is of another configuration, input or
    /// model.
    pub fn resume(&mut self) -> Result<Option<Resumed>, TrainError> {
        if checkpoint::list(&self.checkpoints())?.is_empty() {
            return Ok(None);
        }
        self.with_output(Self::take_up)
    }

    fn take_up(&mut self) -> Result<Option<Resumed>, TrainError> {
        let latest = checkpoint::latest(&self.checkpoints())?;
        self.warnings.extend(latest.passed_over.iter().map(ToString::to_string));
        let Some(checkpoint) = latest.checkpoint else { return Ok(None) };
        if checkpoint.state.check(&checkpoint.path, &self.config, &self.inputs)? {
            self.extend(&checkpoint)?;
        }
        let best = match self.config.eval.restore_best {
            true => BestWeights::of(&checkpoint, &self.optimizer)?,
            false => None,
        };
        self.optimizer.restore(&checkpoint)?;
        self.best = best;
        self.state = checkpoint.state;
        self.pending = std::mem::take(&mut self.state.pending);
        self.saved = Some(self.state.step);
        self.resumed = true;
        Ok(Some(Resumed { step: self.state.step, run: self.state.run.clone() }))
    }

    /// Allows for a run that is done to get longer, which a checkpoint's state says that it now is.
    fn extend(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        let (state, path) = (&checkpoint.state, &checkpoint.path);
        let before = Plan::new(&state.of_former_length(&self.config), self.train.batches_per_epoch());
        let changed = state.other_length(path, &self.config);
        if state.step < before.total {
            let CheckpointError::Config { field, was, now, .. } = changed else { return Err(changed.into()) };
            let difference = format!("{field} was {was} and is now {now}");
            let (path, step, total) = (path.clone(), state.step, before.total);
            return Err(CheckpointError::Unfinished { path, difference, step, total }.into());
        }
        if self.plan.total <= state.step {
            return Err(changed.into());
        }
        self.warnings.push(format!(
            "the run is extended from {} steps to {}: from here on the learning rate is that of a run of {} steps",
            before.total, self.plan.total, self.plan.total
        ));
        Ok(())
    }
}
