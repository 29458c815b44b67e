//! A run, from its parts to its result: the loop over steps.

mod ending;
mod evaluation;
mod resuming;

pub use resuming::Resumed;

use std::{
    collections::BTreeMap,
    ops::Range,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

use codetune_dataset::BatchSource;

use super::{
    audit::audit,
    best::BestWeights,
    checkpoint::{self, State, Tensors},
    error::{MOMENT, TrainError, WEIGHT},
    event::{Event, Observer, Outcome, StepReport},
    finite::not_finite,
    metrics::{MetricSink, NoMetrics},
    optimizer::Optimizer,
    output_lock::OutputLock,
    pending::Pending,
    plan::Plan,
    run_config::RunConfig,
    schedule::Warmup,
    step,
    trainable::Trainable,
};

/// One run: it starts or goes on, and ends with a result or with a checkpoint.
///
/// Equal configurations, models and data give equal bits, however often the run is interrupted and resumed.
pub struct Trainer<M> {
    config: RunConfig,
    model: M,
    train: Box<dyn BatchSource>,
    held_out: Option<Box<dyn BatchSource>>,
    metrics: Box<dyn MetricSink>,
    stop: Arc<AtomicBool>,
    inputs: BTreeMap<String, String>,
    optimizer: Optimizer,
    state: State,
    plan: Plan,
    /// Kept where `eval.restore_best` asks for it, from the first evaluation on.
    best: Option<BestWeights>,
    resumed: bool,
    /// From when this run may write to its output folder until this value is dropped.
    lock: Option<OutputLock>,
    /// The step whose checkpoint is on disk.
    saved: Option<u64>,
    /// When that was written, or this part of the run began.
    saved_at: Instant,
    warnings: Vec<String>,
    pending: Pending,
    started: Instant,
}

impl<M: Trainable> Trainer<M> {
    /// Makes a run of a configuration, a model that was made by it, and its training data.
    ///
    /// # Errors
    /// The model has nothing to train, or its tensors are of a type that the optimizer does not take.
    pub fn new(config: RunConfig, model: M, train: Box<dyn BatchSource>) -> Result<Self, TrainError> {
        if model.trainable().is_empty() {
            return Err(TrainError::NothingToTrain);
        }
        let optimizer = Optimizer::new(&model, &config.train)
            .map_err(|source| TrainError::Optimizer { step: 0, source })?;
        let plan = Plan::new(&config, train.batches_per_epoch());
        let state = State::start(&config);
        Ok(Self {
            config,
            model,
            train,
            held_out: None,
            metrics: Box::new(NoMetrics),
            stop: Arc::default(),
            inputs: BTreeMap::new(),
            optimizer,
            state,
            plan,
            best: None,
            resumed: false,
            lock: None,
            saved: None,
            saved_at: Instant::now(),
            warnings: Vec::new(),
            pending: Pending::default(),
            started: Instant::now(),
        })
    }

    /// Evaluates on this data, which is not trained on.
    pub fn with_held_out(mut self, data: Box<dyn BatchSource>) -> Self {
        self.held_out = Some(data);
        self
    }

    /// Records metrics there.
    pub fn with_metrics(mut self, sink: Box<dyn MetricSink>) -> Self {
        self.metrics = sink;
        self
    }

    /// Stops, resumably, soon after the flag is set: it is looked at before each micro-batch.
    pub fn with_stop_flag(mut self, stop: Arc<AtomicBool>) -> Self {
        self.stop = stop;
        self
    }

    /// Names something that the run reads, such as `dataset` or `model`, with its digest: a checkpoint refuses to go
    /// on with another.
    pub fn with_input(mut self, name: &str, digest: &str) -> Self {
        self.inputs.insert(name.to_owned(), digest.to_owned());
        self
    }

    /// Takes the output folder for as long as this value lives, and refuses a new run where another one has left
    /// checkpoints; [`run`](Self::run) does so too.
    ///
    /// # Errors
    /// [`TrainError::OutputLocked`], [`TrainError::OutputInUse`], [`TrainError::OutputExists`], or the folder cannot be
    /// made or listed.
    pub fn claim_output(&mut self) -> Result<(), TrainError> {
        self.with_output(|trainer| {
            let (path, result) = (trainer.checkpoints(), trainer.result_folder());
            if trainer.resumed {
                return Ok(());
            }
            if !checkpoint::list(&path)?.is_empty() {
                return Err(TrainError::OutputInUse { path });
            }
            match std::fs::symlink_metadata(&result).is_ok() {
                true => Err(TrainError::OutputExists { path: result }),
                false => Ok(()),
            }
        })
    }

    /// Trains to the end or until it is asked to stop.
    ///
    /// # Errors
    /// Anything of [`TrainError`]. The last checkpoint is then as it was, and the run can be resumed from it.
    pub fn run(&mut self, observer: &mut dyn Observer) -> Result<Outcome, TrainError> {
        (self.started, self.saved_at) = (Instant::now(), Instant::now());
        self.check_evaluation()?;
        self.claim_output()?;
        self.warnings.extend(self.warm_up_without_end());
        if self.held_out.is_none() {
            let idle = self.config.eval.looks_at_held_out();
            self.warnings.extend(idle.map(|key| format!("{key} changes nothing: no data is held out")));
        }
        for warning in self.warnings.drain(..) {
            observer.on(&Event::Warning(warning));
        }
        audit(&mut self.model, self.train.as_ref(), self.state.seed)?;
        if self.resumed {
            self.metrics.resume(self.state.recorded).map_err(TrainError::Metrics)?;
        }
        observer.on(&Event::RunStarted {
            step: self.state.step,
            total: self.plan.total,
            steps_per_epoch: self.plan.steps_per_epoch,
            parameters: self.optimizer.elements(),
        });
        let ended = self.go_on(observer);
        if ended.as_ref().is_err_and(|error| !matches!(error, TrainError::Unrecorded { .. })) {
            // The curve up to the failure tells most about it; the failure itself is what is reported.
            if let Err(error) = self.pending.flush(self.metrics.as_mut()) {
                tracing::warn!("metrics of the failed run are lost: {error}");
            }
        }
        ended
    }

    /// The model, for whoever wants to go on with it.
    pub fn into_model(self) -> M {
        self.model
    }

    /// Steps until the learning rate gets to its peak.
    pub fn warmup_steps(&self) -> u64 {
        self.plan.schedule.warmup
    }

    /// A warning, where the learning rate never gets to its peak.
    fn warm_up_without_end(&self) -> Option<String> {
        let (warmup, total) = (self.plan.schedule.warmup, self.plan.total);
        let key = match self.config.train.warmup {
            Warmup::Steps(_) => "train.warmup_steps",
            Warmup::Ratio(_) => "train.warmup_ratio",
        };
        (warmup > 0 && warmup >= total).then(|| {
            format!(
                "the warm-up takes {warmup} steps and the run has {total}, so the learning rate never gets to {:e}; \
                 lower {key}, or write for example train.warmup_ratio = 0.1 in its place",
                self.plan.schedule.peak
            )
        })
    }

    /// Each turn begins at the border between two steps, which is also where a resumed run begins.
    fn go_on(&mut self, observer: &mut dyn Observer) -> Result<Outcome, TrainError> {
        loop {
            let mut reason = self.reason();
            if (self.evaluation_is_due() || reason.is_some()) && !self.evaluate(observer)? {
                return self.interrupted(observer);
            }
            reason = reason.or_else(|| self.reason());
            if self.checkpoint_is_due() || reason.is_some() {
                self.save(observer)?;
            }
            if let Some(reason) = reason {
                observer.on(&Event::Stopped { step: self.state.step, reason });
                return self.complete(reason, observer);
            }
            if !self.step(observer)? {
                return self.interrupted(observer);
            }
        }
    }

    fn checkpoint_is_due(&self) -> bool {
        let (step, every) = (self.state.step, &self.config.checkpoint);
        let minutes = self.saved_at.elapsed().as_secs_f64() / 60.0;
        step == 0
            || every.every_steps.is_some_and(|every| step.is_multiple_of(every))
            || every.every_minutes.is_some_and(|every| minutes >= every)
    }

    /// One step; false where it was asked to stop, and then as if it had not begun.
    fn step(&mut self, observer: &mut dyn Observer) -> Result<bool, TrainError> {
        let (step, began) = (self.state.step, Instant::now());
        let Range { start: first, end: last } = self.plan.micro_batches(step);
        let batches = (first..last).map(|index| self.train.batch(index)).collect::<Result<Vec<_>, _>>()?;
        let Some(done) = step::accumulate(&mut self.model, &batches, self.state.seed, step, &self.stop)?
        else {
            return Ok(false);
        };
        let learning_rate = self.plan.schedule.rate(step);
        let grad_norm = step::update(&mut self.optimizer, done.gradients, learning_rate, step)?;
        let (epoch, next) = (self.plan.epoch(step), self.plan.place(last));
        let state = &mut self.state;
        state.step += 1;
        state.micro_batches = last;
        state.epoch = next.epoch;
        state.epoch_position = next.position;
        state.tokens = state.tokens.saturating_add(done.labels);
        state.train_loss = Some(done.loss);
        let report = StepReport {
            step: state.step,
            total: self.plan.total,
            epoch,
            loss: done.loss,
            learning_rate,
            grad_norm,
            tokens: state.tokens,
            tokens_per_s: done.labels as f64 / began.elapsed().as_secs_f64().max(1e-9),
        };
        if self.plan.begins_epoch(step) {
            self.pending.epoch(epoch, report.step);
        }
        self.pending.step(&report);
        observer.on(&Event::Step(report));
        Ok(true)
    }

    /// Records the metrics and then the state, where this step's is not on disk already. Metrics that cannot be recorded
    /// go into the checkpoint, and the run ends: what was trained is not lost with them.
    fn save(&mut self, observer: &mut dyn Observer) -> Result<PathBuf, TrainError> {
        let (step, root) = (self.state.step, self.checkpoints());
        if self.saved == Some(step) {
            return Ok(root.join(checkpoint::folder_name(step)));
        }
        let recorded = self.pending.flush(self.metrics.as_mut());
        if recorded.is_ok() {
            self.state.recorded = step;
        }
        let state = State {
            elapsed_ms: self.elapsed_ms(),
            pending: self.pending.clone(),
            run: self.metrics.run(),
            inputs: self.inputs.clone(),
            config: self.config.fixed(),
            ..self.state.clone()
        };
        let tensors = Tensors {
            weights: self.optimizer.weights(),
            moments: self.optimizer.moments(),
            // Those of this very step are in the checkpoint already.
            best: self.best.as_ref().filter(|_| self.state.best_step != Some(step)).map(BestWeights::tensors),
        };
        // A checkpoint from which nothing can go on would take the place of one that can.
        for (what, tensors) in [(WEIGHT, &tensors.weights), (MOMENT, &tensors.moments)] {
            if let Some(found) = not_finite(tensors) {
                return Err(TrainError::NotFinite { step, what, value: found.value.into() });
            }
        }
        let path = checkpoint::save(&root, state, &tensors, self.config.checkpoint.keep)?;
        (self.saved, self.saved_at) = (Some(step), Instant::now());
        observer.on(&Event::CheckpointSaved { step, path: path.clone() });
        recorded.map_err(|source| TrainError::Unrecorded { step, source })?;
        Ok(path)
    }

    /// Takes the output folder, unless it is this run's already, and gives it back where `body` fails.
    fn with_output<R>(
        &mut self,
        body: impl FnOnce(&mut Self) -> Result<R, TrainError>,
    ) -> Result<R, TrainError> {
        let lock = self.lock.take().map_or_else(|| OutputLock::take(&self.config.output.dir), Ok)?;
        let done = body(self)?;
        self.lock = Some(lock);
        Ok(done)
    }

    /// Where the result goes.
    fn result_folder(&self) -> PathBuf {
        let kind = if self.config.adapter.is_some() { "adapter" } else { "model" };
        self.config.output.dir.join(kind)
    }

    fn checkpoints(&self) -> PathBuf {
        self.config.output.dir.join("checkpoints")
    }

    fn elapsed_ms(&self) -> u64 {
        let here = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.state.elapsed_ms.saturating_add(here)
    }
}
