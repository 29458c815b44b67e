//! When a run evaluates, and what it keeps.

use super::Trainer;
use crate::{
    best::BestWeights,
    error::TrainError,
    event::{Event, Observer},
    step,
    trainable::Trainable,
};

impl<M: Trainable> Trainer<M> {
    /// Rejects evaluation settings without held-out data; [`run`](Self::run) checks again.
    ///
    /// # Errors
    /// [`TrainError::NoHeldOut`] with the first such key.
    pub fn check_evaluation(&self) -> Result<(), TrainError> {
        let needless = self.config.eval.needs_held_out().filter(|_| self.held_out.is_none());
        needless.map_or(Ok(()), |key| Err(TrainError::NoHeldOut { key }))
    }

    pub(super) fn evaluation_is_due(&self) -> bool {
        let every = self.config.eval.every_steps;
        self.state.step == 0 || every.is_some_and(|every| self.state.step.is_multiple_of(every))
    }

    /// Evaluates, once per step; returns false if the run was stopped.
    pub(super) fn evaluate(&mut self, observer: &mut dyn Observer) -> Result<bool, TrainError> {
        let Some(data) =
            self.held_out.as_deref().filter(|_| self.state.last_eval_step != Some(self.state.step))
        else {
            return Ok(true);
        };
        let step = self.state.step;
        let all = data.batches_per_epoch();
        let batches = self.config.eval.max_batches.map_or(all, |most| most.min(all));
        let Some(loss) = step::evaluate(&mut self.model, data, batches, self.state.seed, step, &self.stop)?
        else {
            return Ok(false);
        };
        let best = self.state.best_eval.is_none_or(|best| loss < best);
        if best {
            if self.config.eval.restore_best {
                let copied = BestWeights::copy(&self.optimizer);
                self.best = Some(copied.map_err(|source| TrainError::Optimizer { step, source })?);
            }
            self.state.best_eval = Some(loss);
            self.state.best_step = Some(step);
            self.state.evals_since_best = 0;
        } else {
            self.state.evals_since_best += 1;
        }
        self.state.first_eval.get_or_insert(loss);
        self.state.last_eval = Some(loss);
        self.state.last_eval_step = Some(step);
        self.pending.evaluation(step, loss);
        observer.on(&Event::Evaluated { step, loss, best });
        Ok(true)
    }
}
