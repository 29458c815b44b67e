//! The end of a run and its results.

use codetune_files as files;

use super::Trainer;
use crate::{
    error::TrainError,
    event::{Event, Observer, StopReason, TrainOutcome, TrainSummary},
    trainable::{Trainable, TrainableError},
};

impl<M: Trainable> Trainer<M> {
    /// Why the run stops now, if it does.
    pub(super) fn reason(&self) -> Option<StopReason> {
        let patience = self.config.eval.early_stopping_patience;
        let limit = self.config.train.max_minutes;
        if self.state.step >= self.plan.total {
            Some(StopReason::AllSteps)
        } else if patience.is_some_and(|patience| self.state.evals_since_best >= patience) {
            Some(StopReason::EarlyStopping)
        } else if limit.is_some_and(|minutes| self.elapsed_ms() as f64 >= minutes * 60_000.0) {
            Some(StopReason::TimeLimit)
        } else {
            None
        }
    }

    pub(super) fn interrupted(&mut self, observer: &mut dyn Observer) -> Result<TrainOutcome, TrainError> {
        let checkpoint = self.save(observer)?;
        let step = self.state.step;
        observer.on(&Event::Stopped { step, reason: StopReason::Interrupted });
        // A later call of `run` continues from here.
        self.resumed = true;
        self.state.elapsed_ms = self.elapsed_ms();
        Ok(TrainOutcome::Interrupted { step, checkpoint })
    }

    /// Writes the result.
    pub(super) fn complete(
        &mut self,
        reason: StopReason,
        observer: &mut dyn Observer,
    ) -> Result<TrainOutcome, TrainError> {
        let delivered_step = self.restore_best(observer)?;
        let output = self.result_folder();
        files::publish(&output, &[], |folder| self.model.save(folder))
            .map_err(TrainableError::from)
            .flatten()
            .map_err(|source| TrainError::Output { path: output.clone(), source })?;
        // Metrics that the last checkpoint kept, or that were measured since.
        let step = self.state.step;
        self.pending
            .flush(self.metrics.as_mut())
            .map_err(|source| TrainError::Unrecorded { step, source })?;
        Ok(TrainOutcome::Completed(TrainSummary {
            reason,
            steps: self.state.step,
            tokens: self.state.tokens,
            seconds: self.elapsed_ms() as f64 / 1000.0,
            train_loss: self.state.train_loss,
            first_eval_loss: self.state.first_eval,
            last_eval_loss: self.state.last_eval,
            best_eval_loss: self.state.best_eval,
            delivered_step,
            output,
        }))
    }

    /// Restores the weights of the best evaluation if it was not the last, and returns the step of the current weights.
    ///
    /// The checkpoint of the last step is already on disk, so a result that could not be written can be written later.
    fn restore_best(&self, observer: &mut dyn Observer) -> Result<u64, TrainError> {
        let (last, kept) = (self.state.step, self.state.best_step.zip(self.state.best_eval));
        let Some((best, (step, loss))) = self.best.as_ref().zip(kept).filter(|(_, (step, _))| *step != last)
        else {
            return Ok(last);
        };
        best.restore(&self.optimizer).map_err(|source| TrainError::Optimizer { step: last, source })?;
        observer.on(&Event::Restored { step, loss });
        Ok(step)
    }
}
