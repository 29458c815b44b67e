//! Resuming and extending runs.

use super::{Trainer, resumed::Resumed};
use crate::{
    best::BestWeights,
    checkpoint::{self, Checkpoint},
    checkpoint_error::CheckpointError,
    error::TrainError,
    step_plan::StepPlan,
    trainable::Trainable,
};

impl<M: Trainable> Trainer<M> {
    /// Loads the newest usable checkpoint of the output directory; returns `None` if there is none.
    ///
    /// Inputs must be added before; the metric sink can be set after, with the id returned here.
    ///
    /// # Errors
    /// Another run holds the lock, no checkpoint can be read, or the newest has another configuration, input or model.
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

    /// Extends a finished run, as reported by the state of its checkpoint.
    fn extend(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        let (state, path) = (&checkpoint.state, &checkpoint.path);
        let before = StepPlan::new(&state.of_former_length(&self.config), self.train.batches_per_epoch());
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
            "extending the run from {} to {} steps; the learning rate now follows a schedule of {} steps",
            before.total, self.plan.total, self.plan.total
        ));
        Ok(())
    }
}
