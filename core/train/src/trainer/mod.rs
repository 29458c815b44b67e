//! The training loop.

mod ending;
mod evaluation;
mod resumed;
mod resuming;

pub use resumed::Resumed;

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
    checkpoint::{self, Tensors, TrainingState},
    error::{MOMENT, TrainError, WEIGHT},
    event::{Event, Observer, StepReport, TrainOutcome},
    finite::not_finite,
    metrics::{MetricSink, NoMetrics},
    optimizer::Optimizer,
    output_lock::OutputLock,
    pending::Pending,
    run_config::RunConfig,
    schedule::Warmup,
    step,
    step_plan::StepPlan,
    trainable::Trainable,
};

/// A training run: it starts or resumes, and ends with a result or a checkpoint.
///
/// Identical configurations, models and data give identical bits, however often the run is interrupted and resumed.
pub struct Trainer<M> {
    config: RunConfig,
    model: M,
    train: Box<dyn BatchSource>,
    held_out: Option<Box<dyn BatchSource>>,
    metrics: Box<dyn MetricSink>,
    stop: Arc<AtomicBool>,
    inputs: BTreeMap<String, String>,
    optimizer: Optimizer,
    state: TrainingState,
    plan: StepPlan,
    /// Present with `eval.restore_best`, from the first evaluation.
    best: Option<BestWeights>,
    resumed: bool,
    /// Held from the first write to the output directory until this value is dropped.
    lock: Option<OutputLock>,
    /// The step of the checkpoint on disk.
    saved: Option<u64>,
    /// When it was written, or when this part of the run started.
    saved_at: Instant,
    warnings: Vec<String>,
    pending: Pending,
    started: Instant,
}

impl<M: Trainable> Trainer<M> {
    /// Creates a run from a configuration, a model prepared for it, and training data.
    ///
    /// # Errors
    /// The model has no trainable tensors, or the optimizer does not support their type.
    pub fn new(config: RunConfig, model: M, train: Box<dyn BatchSource>) -> Result<Self, TrainError> {
        if model.trainable().is_empty() {
            return Err(TrainError::NothingToTrain);
        }
        let optimizer = Optimizer::new(&model, &config.train)
            .map_err(|source| TrainError::Optimizer { step: 0, source })?;
        let plan = StepPlan::new(&config, train.batches_per_epoch());
        let state = TrainingState::start(&config);
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

    /// Sets the held-out data.
    pub fn with_held_out(mut self, data: Box<dyn BatchSource>) -> Self {
        self.held_out = Some(data);
        self
    }

    /// Sets the metric sink.
    pub fn with_metrics(mut self, sink: Box<dyn MetricSink>) -> Self {
        self.metrics = sink;
        self
    }

    /// Stops resumably after the flag is set; it is checked before each micro-batch.
    pub fn with_stop_flag(mut self, stop: Arc<AtomicBool>) -> Self {
        self.stop = stop;
        self
    }

    /// Adds an input of the run, such as `dataset` or `model`, with its digest: a checkpoint cannot be resumed with
    /// another.
    pub fn with_input(mut self, name: &str, digest: &str) -> Self {
        self.inputs.insert(name.to_owned(), digest.to_owned());
        self
    }

    /// Locks the output directory while this value lives, and rejects a new run if it contains checkpoints of another.
    /// [`run`](Self::run) does this too.
    ///
    /// # Errors
    /// [`TrainError::OutputLocked`], [`TrainError::OutputInUse`], [`TrainError::OutputExists`], or the directory cannot
    /// be created or listed.
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

    /// Trains to the end, or until the run is stopped.
    ///
    /// # Errors
    /// Any [`TrainError`]. The last checkpoint is then unchanged, and the run can be resumed from it.
    pub fn run(&mut self, observer: &mut dyn Observer) -> Result<TrainOutcome, TrainError> {
        (self.started, self.saved_at) = (Instant::now(), Instant::now());
        self.check_evaluation()?;
        self.claim_output()?;
        self.warnings.extend(self.warm_up_without_end());
        if self.held_out.is_none() {
            let idle = self.config.eval.looks_at_held_out();
            self.warnings.extend(idle.map(|key| format!("{key} has no effect without held-out data")));
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
            // The metrics up to a failure help to find its cause, but the failure itself is reported.
            if let Err(error) = self.pending.flush(self.metrics.as_mut()) {
                tracing::warn!("cannot record the metrics of the failed run: {error}");
            }
        }
        ended
    }

    /// The model.
    pub fn into_model(self) -> M {
        self.model
    }

    /// Steps until the learning rate reaches its peak.
    pub fn warmup_steps(&self) -> u64 {
        self.plan.schedule.warmup
    }

    /// A warning if the learning rate never reaches its peak.
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

    // Each iteration begins between two steps, where a resumed run also begins.
    fn go_on(&mut self, observer: &mut dyn Observer) -> Result<TrainOutcome, TrainError> {
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

    /// Runs a step; returns false if it was stopped, without any effect.
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

    /// Records the metrics, then writes the checkpoint unless it is already on disk. If metrics cannot be recorded,
    /// they go into the checkpoint and the run ends, so that no training is lost.
    fn save(&mut self, observer: &mut dyn Observer) -> Result<PathBuf, TrainError> {
        let (step, root) = (self.state.step, self.checkpoints());
        if self.saved == Some(step) {
            return Ok(root.join(checkpoint::folder_name(step)));
        }
        let recorded = self.pending.flush(self.metrics.as_mut());
        if recorded.is_ok() {
            self.state.recorded = step;
        }
        let state = TrainingState {
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
            // The metrics of this step are already in the checkpoint.
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

    /// Locks the output directory, unless this run already has, and unlocks it if `body` fails.
    fn with_output<R>(
        &mut self,
        body: impl FnOnce(&mut Self) -> Result<R, TrainError>,
    ) -> Result<R, TrainError> {
        let lock = self.lock.take().map_or_else(|| OutputLock::take(&self.config.output.dir), Ok)?;
        let done = body(self)?;
        self.lock = Some(lock);
        Ok(done)
    }

    /// The path of the result.
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
