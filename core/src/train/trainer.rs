//! The training loop.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

use super::{
    audit::audit,
    checkpoint::{self, FORMAT, State},
    error::TrainError,
    event::{Event, Observer, Outcome, StepReport, StopReason, TrainSummary},
    metrics::{Metric, MetricSink, NoMetrics, key},
    optimizer::Optimizer,
    run_config::RunConfig,
    schedule::Schedule,
    step,
    trainable::{ModelError, Trainable},
};
use crate::{dataset::BatchSource, files};

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
    resumed: bool,
    /// The step whose checkpoint is on disk.
    saved: Option<u64>,
    warnings: Vec<String>,
    pending: Pending,
    started: Instant,
}

/// Where a resumed run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// Steps done.
    pub step: u64,
    /// The metric sink's name for the run.
    pub run: Option<String>,
}

/// How the data becomes steps.
#[derive(Debug, Clone, Copy)]
struct Plan {
    per_epoch: u64,
    accumulation: u64,
    total: u64,
    /// The micro-batch after the last.
    end: u64,
    schedule: Schedule,
}

/// Metrics that the sink does not have yet.
#[derive(Default)]
struct Pending {
    epochs: Vec<(u64, u64)>,
    metrics: Vec<Metric>,
}

impl<M: Trainable> Trainer<M> {
    /// Makes a run of a configuration, a model that was made by it, and its training data.
    ///
    /// # Errors
    /// The model has nothing to train, or its tensors are of a type that the optimizer does not take.
    pub fn new(config: RunConfig, model: M, train: Box<dyn BatchSource>) -> Result<Self, TrainError> {
        let trainable = model.trainable();
        if trainable.is_empty() {
            return Err(TrainError::NothingToTrain);
        }
        let optimizer = Optimizer::new(trainable, &config.train)
            .map_err(|source| TrainError::Optimizer { step: 0, source })?;
        let plan = Plan::new(&config, train.batches_per_epoch().max(1));
        let state = State {
            format: FORMAT,
            step: 0,
            micro_batches: 0,
            epoch: 0,
            epoch_position: 0,
            tokens: 0,
            elapsed_ms: 0,
            seed: config.seed,
            best_eval: None,
            evals_since_best: 0,
            last_eval_step: None,
            eval_losses: None,
            train_loss: None,
            run: None,
            config_digest: config.digest(),
            config: config.fixed(),
            inputs: BTreeMap::new(),
            files: BTreeMap::new(),
        };
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
            resumed: false,
            saved: None,
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

    /// Takes up the newest usable checkpoint of the output folder, or gives none where there is no checkpoint.
    ///
    /// Inputs have to be named before; metrics may be connected after, with the run's name from here.
    ///
    /// # Errors
    /// No checkpoint can be read, or the newest is of another configuration, input or model.
    pub fn resume(&mut self) -> Result<Option<Resumed>, TrainError> {
        let latest = checkpoint::latest(&self.checkpoints())?;
        self.warnings.extend(latest.passed_over.iter().map(ToString::to_string));
        let Some(checkpoint) = latest.checkpoint else { return Ok(None) };
        checkpoint.state.check(&checkpoint.path, &self.config.fixed(), &self.inputs)?;
        self.optimizer.restore(&checkpoint)?;
        self.state = checkpoint.state;
        self.saved = Some(self.state.step);
        self.resumed = true;
        Ok(Some(Resumed { step: self.state.step, run: self.state.run.clone() }))
    }

    /// Refuses a new run where another one has left checkpoints; [`run`](Self::run) looks again.
    ///
    /// # Errors
    /// [`TrainError::OutputInUse`], or the folder cannot be listed.
    pub fn check_output(&self) -> Result<(), TrainError> {
        let path = self.checkpoints();
        match self.resumed || checkpoint::list(&path)?.is_empty() {
            true => Ok(()),
            false => Err(TrainError::OutputInUse { path }),
        }
    }

    /// Trains to the end or until it is asked to stop.
    ///
    /// # Errors
    /// Anything of [`TrainError`]. The last checkpoint is then as it was, and the run can be resumed from it.
    pub fn run(&mut self, observer: &mut dyn Observer) -> Result<Outcome, TrainError> {
        self.started = Instant::now();
        self.check_output()?;
        for warning in self.warnings.drain(..) {
            observer.on(&Event::Warning(warning));
        }
        audit(&mut self.model, self.train.as_ref(), self.state.seed)?;
        if self.resumed {
            self.metrics.resume(self.state.step).map_err(TrainError::Metrics)?;
        }
        observer.on(&Event::RunStarted {
            step: self.state.step,
            total: self.plan.total,
            steps_per_epoch: self.plan.per_epoch.div_ceil(self.plan.accumulation),
            parameters: self.optimizer.elements(),
        });
        let ended = self.go_on(observer);
        if ended.is_err() {
            // The curve up to the failure tells most about it; the failure itself is what is reported.
            if let Err(error) = self.flush() {
                tracing::warn!("metrics of the failed run are lost: {error}");
            }
        }
        ended
    }

    /// The model, for whoever wants to go on with it.
    pub fn into_model(self) -> M {
        self.model
    }

    /// The names of the trained tensors.
    pub fn trained(&self) -> impl Iterator<Item = &str> {
        self.optimizer.names()
    }

    /// Each turn begins at the border between two steps, which is also where a resumed run begins.
    fn go_on(&mut self, observer: &mut dyn Observer) -> Result<Outcome, TrainError> {
        loop {
            let mut reason = self.reason();
            if (self.evaluation_is_due() || reason.is_some()) && !self.evaluate(observer)? {
                return self.interrupted(observer);
            }
            reason = reason.or_else(|| self.reason());
            let every = self.config.checkpoint.every_steps;
            let due =
                self.state.step == 0 || every.is_some_and(|every| self.state.step.is_multiple_of(every));
            if due || reason.is_some() {
                self.save(observer)?;
            }
            if let Some(reason) = reason {
                observer.on(&Event::Stopped { step: self.state.step, reason });
                return self.complete(reason);
            }
            if !self.step(observer)? {
                return self.interrupted(observer);
            }
        }
    }

    fn reason(&self) -> Option<StopReason> {
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

    fn evaluation_is_due(&self) -> bool {
        let every = self.config.eval.every_steps;
        self.state.step == 0 || every.is_some_and(|every| self.state.step.is_multiple_of(every))
    }

    /// Looks at the held-out data, once for each step; false where it was asked to stop.
    fn evaluate(&mut self, observer: &mut dyn Observer) -> Result<bool, TrainError> {
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
            self.state.best_eval = Some(loss);
            self.state.evals_since_best = 0;
        } else {
            self.state.evals_since_best += 1;
        }
        let first = self.state.eval_losses.map_or(loss, |(first, _)| first);
        self.state.eval_losses = Some((first, loss));
        self.state.last_eval_step = Some(step);
        self.pending.metrics.push(Metric { key: key::EVAL_LOSS, step, value: loss });
        observer.on(&Event::Evaluated { step, loss, best });
        Ok(true)
    }

    /// One step; false where it was asked to stop, and then as if it had not begun.
    fn step(&mut self, observer: &mut dyn Observer) -> Result<bool, TrainError> {
        let (step, began) = (self.state.step, Instant::now());
        let first = step * self.plan.accumulation;
        let last = first.saturating_add(self.plan.accumulation).min(self.plan.end);
        let batches = (first..last).map(|index| self.train.batch(index)).collect::<Result<Vec<_>, _>>()?;
        let Some(done) = step::accumulate(&mut self.model, &batches, self.state.seed, step, &self.stop)?
        else {
            return Ok(false);
        };
        let learning_rate = self.plan.schedule.rate(step);
        let grad_norm = step::update(&mut self.optimizer, done.gradients, learning_rate, step)?;
        let epoch = first / self.plan.per_epoch;
        let state = &mut self.state;
        state.step += 1;
        state.micro_batches = last;
        state.epoch = last / self.plan.per_epoch;
        state.epoch_position = last % self.plan.per_epoch;
        state.tokens += done.labels;
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
        if step == 0 || epoch != (first - self.plan.accumulation) / self.plan.per_epoch {
            self.pending.epochs.push((epoch, report.step));
        }
        self.pending.take(&report);
        observer.on(&Event::Step(report));
        Ok(true)
    }

    /// Records the metrics and then the state, where this step's is not on disk already.
    fn save(&mut self, observer: &mut dyn Observer) -> Result<PathBuf, TrainError> {
        let (step, root) = (self.state.step, self.checkpoints());
        if self.saved == Some(step) {
            return Ok(root.join(checkpoint::folder_name(step)));
        }
        self.flush()?;
        let state = State {
            elapsed_ms: self.elapsed_ms(),
            run: self.metrics.run(),
            inputs: self.inputs.clone(),
            config_digest: self.config.digest(),
            config: self.config.fixed(),
            ..self.state.clone()
        };
        let (weights, moments) = (self.optimizer.weights(), self.optimizer.moments());
        let path = checkpoint::save(&root, state, &weights, &moments, self.config.checkpoint.keep)?;
        self.saved = Some(step);
        observer.on(&Event::CheckpointSaved { step, path: path.clone() });
        Ok(path)
    }

    fn flush(&mut self) -> Result<(), TrainError> {
        for (epoch, first_step) in self.pending.epochs.drain(..) {
            self.metrics.begin_epoch(epoch, first_step).map_err(TrainError::Metrics)?;
        }
        self.metrics.append(&self.pending.metrics).map_err(TrainError::Metrics)?;
        self.pending.metrics.clear();
        Ok(())
    }

    fn interrupted(&mut self, observer: &mut dyn Observer) -> Result<Outcome, TrainError> {
        let checkpoint = self.save(observer)?;
        let step = self.state.step;
        observer.on(&Event::Stopped { step, reason: StopReason::Interrupted });
        // A later call of `run` on this value goes on from here.
        self.resumed = true;
        self.state.elapsed_ms = self.elapsed_ms();
        Ok(Outcome::Interrupted { step, checkpoint })
    }

    fn complete(&mut self, reason: StopReason) -> Result<Outcome, TrainError> {
        self.flush()?;
        let kind = if self.config.adapter.is_some() { "adapter" } else { "model" };
        let output = self.config.output.dir.join(kind);
        files::publish(&output, |folder| self.model.save(folder))
            .map_err(ModelError::from)
            .flatten()
            .map_err(|source| TrainError::Output { path: output.clone(), source })?;
        Ok(Outcome::Completed(TrainSummary {
            reason,
            steps: self.state.step,
            tokens: self.state.tokens,
            seconds: self.elapsed_ms() as f64 / 1000.0,
            train_loss: self.state.train_loss,
            first_eval_loss: self.state.eval_losses.map(|(first, _)| first),
            last_eval_loss: self.state.eval_losses.map(|(_, last)| last),
            best_eval_loss: self.state.best_eval,
            output,
        }))
    }

    fn checkpoints(&self) -> PathBuf {
        self.config.output.dir.join("checkpoints")
    }

    fn elapsed_ms(&self) -> u64 {
        let here = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.state.elapsed_ms.saturating_add(here)
    }
}

impl Plan {
    fn new(config: &RunConfig, per_epoch: u64) -> Self {
        let train = &config.train;
        let accumulation = train.gradient_accumulation.max(1);
        let end = train.epochs.map_or(u64::MAX, |epochs| epochs.saturating_mul(per_epoch));
        let total = end.div_ceil(accumulation).min(train.max_steps.unwrap_or(u64::MAX));
        let schedule =
            Schedule { kind: train.schedule, peak: train.learning_rate, warmup: train.warmup_steps, total };
        Self { per_epoch, accumulation, total, end, schedule }
    }
}

impl Pending {
    fn take(&mut self, report: &StepReport) {
        let values = [
            (key::TRAIN_LOSS, report.loss),
            (key::LEARNING_RATE, report.learning_rate),
            (key::GRAD_NORM, report.grad_norm),
            (key::TOKENS, report.tokens as f64),
            (key::TOKENS_PER_S, report.tokens_per_s),
        ];
        self.metrics.extend(values.map(|(key, value)| Metric { key, step: report.step, value }));
    }
}
