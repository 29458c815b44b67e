//! A model small enough to train in milliseconds, data for it, and a sink that keeps its metrics in memory.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use candle_core::{DType, Device, Tensor, Var};
use codetune_dataset::{BatchSource, DatasetError, IGNORE, MicroBatch};
use codetune_model::{Gradients, Loss};
use codetune_tensor::cross_entropy;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{EpochStart, Metric, MetricSink, PassContext, RunConfig, Trainable, TrainableError, Trainer};

pub const VOCABULARY: usize = 11;
const WIDTH: usize = 6;

/// `softmax(dropout(embed[id]) · head)` predicts the next id.
pub struct Toy {
    pub embed: Var,
    pub head: Var,
    pub dropout: f64,
    /// Cuts the gradient of the embedding.
    pub cut: bool,
    /// Makes the loss NaN in a step.
    pub poison: Option<u64>,
    /// Sets the flag in a pass: step and micro-batch.
    pub stop: Option<(u64, u64, Arc<AtomicBool>)>,
}

impl Toy {
    pub fn new() -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut var = |rows: usize, columns: usize| {
            let values: Vec<f32> = (0..rows * columns).map(|_| random.random_range(-0.5..0.5)).collect();
            Var::from_tensor(&Tensor::from_vec(values, (rows, columns), &Device::Cpu).unwrap()).unwrap()
        };
        let (embed, head) = (var(VOCABULARY, WIDTH), var(WIDTH, VOCABULARY));
        Self { embed, head, dropout: 0.2, cut: false, poison: None, stop: None }
    }

    pub fn bits(&self) -> Vec<u32> {
        [&self.embed, &self.head].into_iter().flat_map(|var| bits(var.as_tensor())).collect()
    }
}

pub fn bits(tensor: &Tensor) -> Vec<u32> {
    tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap().into_iter().map(f32::to_bits).collect()
}

impl Trainable for Toy {
    fn trainable(&self) -> Vec<(String, Var)> {
        vec![("embed".to_owned(), self.embed.clone()), ("head".to_owned(), self.head.clone())]
    }

    fn loss(&mut self, batch: &MicroBatch, pass: &PassContext) -> Result<Loss, TrainableError> {
        if let Some((_, _, flag)) = self
            .stop
            .as_ref()
            .filter(|(step, micro, _)| pass.training && (*step, *micro) == (pass.step, pass.micro_step))
        {
            flag.store(true, Ordering::Relaxed);
        }
        let ids = Tensor::from_slice(&batch.ids, batch.ids.len(), &Device::Cpu)?;
        let labels = Tensor::from_slice(&batch.labels, batch.labels.len(), &Device::Cpu)?;
        let mut hidden = self.embed.index_select(&ids, 0)?;
        if self.cut {
            hidden = hidden.detach();
        }
        if pass.training && self.dropout > 0.0 {
            let mut random =
                ChaCha8Rng::seed_from_u64(pass.seed ^ (pass.step << 20) ^ (pass.micro_step << 50));
            let keep = 1.0 - self.dropout;
            let mask = (0..hidden.elem_count())
                .map(|_| if random.random_bool(keep) { 1.0 / keep as f32 } else { 0.0 })
                .collect::<Vec<f32>>();
            hidden = hidden.mul(&Tensor::from_vec(mask, hidden.shape().clone(), &Device::Cpu)?)?;
        }
        let sum = cross_entropy(&hidden.matmul(self.head.as_tensor())?, &labels)?;
        let poisoned = pass.training && self.poison == Some(pass.step);
        let loss = if poisoned { sum.sum.affine(f64::NAN, 0.0)? } else { sum.sum };
        Ok(Loss { sum: loss.to_dtype(DType::F32)?, labels: sum.labels as u64 })
    }

    fn gradients(
        &mut self,
        batch: &MicroBatch,
        pass: &PassContext,
        scale: f64,
    ) -> Result<Gradients, TrainableError> {
        let variables = [self.embed.clone(), self.head.clone()];
        Ok(self.loss(batch, pass)?.gradients(scale, &variables)?)
    }

    fn save(&self, folder: &Path) -> Result<(), TrainableError> {
        let tensors = self.trainable().into_iter().map(|(name, var)| (name, var.as_tensor().clone()));
        Ok(candle_core::safetensors::save(&tensors.collect(), folder.join("model.safetensors"))?)
    }
}

/// Rows in another order each epoch; every row has another number of labels.
pub struct Rows {
    pub rows: usize,
    pub batch: usize,
    pub shuffled: bool,
}

const SEQ: usize = 5;

impl BatchSource for Rows {
    fn batches_per_epoch(&self) -> u64 {
        self.rows.div_ceil(self.batch) as u64
    }

    fn batch(&self, index: u64) -> Result<MicroBatch, DatasetError> {
        let epoch = index / self.batches_per_epoch();
        let first = (index % self.batches_per_epoch()) as usize * self.batch;
        let chosen: Vec<usize> = (first..(first + self.batch).min(self.rows))
            .map(|place| if self.shuffled { (place + 3 * epoch as usize) % self.rows } else { place })
            .collect();
        let (mut ids, mut labels, mut positions) = (Vec::new(), Vec::new(), Vec::new());
        for row in &chosen {
            for place in 0..SEQ {
                let id = ((row * 3 + place * place) % VOCABULARY) as u32;
                ids.push(id);
                labels.push(if place <= row % SEQ { (id * 2 + 1) % VOCABULARY as u32 } else { IGNORE });
                positions.push(place as u32);
            }
        }
        let segments = vec![0; ids.len()];
        Ok(MicroBatch { batch: chosen.len(), seq: SEQ, ids, labels, segments, positions })
    }
}

/// Metrics in memory, as bits so that equal means equal.
#[derive(Clone, Default)]
pub struct Memory {
    pub rows: Arc<Mutex<BTreeMap<(&'static str, u64), u64>>>,
    pub epochs: Arc<Mutex<Vec<(u64, u64)>>>,
    /// Whether it refuses everything.
    pub full: Arc<AtomicBool>,
}

impl Memory {
    /// All that equal runs have to agree on.
    pub fn reproducible(&self) -> BTreeMap<(&'static str, u64), u64> {
        self.rows
            .lock()
            .unwrap()
            .iter()
            .filter(|((key, _), _)| *key != "tokens_per_s")
            .map(|(k, v)| (*k, *v))
            .collect()
    }

    pub fn steps(&self, key: &str) -> Vec<u64> {
        self.rows.lock().unwrap().keys().filter(|(known, _)| *known == key).map(|(_, step)| *step).collect()
    }
}

impl MetricSink for Memory {
    fn run(&self) -> Option<String> {
        Some("memory".to_owned())
    }

    fn resume(&mut self, after: u64) -> Result<(), TrainableError> {
        self.rows.lock().unwrap().retain(|(_, step), _| *step <= after);
        self.epochs.lock().unwrap().retain(|(_, first)| *first <= after);
        Ok(())
    }

    fn append(&mut self, epochs: &[EpochStart], metrics: &[Metric]) -> Result<(), TrainableError> {
        if self.full.load(Ordering::Relaxed) {
            return Err("the disk is full".into());
        }
        self.epochs.lock().unwrap().extend(epochs.iter().map(|epoch| (epoch.epoch, epoch.first_step)));
        for metric in metrics {
            let old = self.rows.lock().unwrap().insert((metric.key, metric.step), metric.value.to_bits());
            assert!(old.is_none(), "{} at step {} is recorded twice", metric.key, metric.step);
        }
        Ok(())
    }
}

pub const RUN: &str = r#"
seed = 3
[model]
path = "base"
[data]
dataset = "data"
[train]
batch_size = 2
gradient_accumulation = 3
epochs = 4
learning_rate = 0.05
warmup_steps = 2
schedule = "cosine"
[eval]
every_steps = 4
[checkpoint]
every_steps = 3
[output]
dir = "out"
"#;

/// The run above in a folder, with some of its text replaced.
pub fn config(folder: &Path, changes: &[(&str, &str)]) -> RunConfig {
    let text = changes.iter().fold(RUN.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
    RunConfig::parse(&text, "run.toml", folder).unwrap()
}

/// 14 rows make 7 batches of 2 an epoch, so that the last of its steps of 3 micro-batches has one.
pub fn trainer(config: RunConfig, toy: Toy, sink: &Memory) -> Trainer<Toy> {
    let batch = config.train.batch_size as usize;
    Trainer::new(config, toy, Box::new(Rows { rows: 14, batch, shuffled: true }))
        .unwrap()
        .with_held_out(Box::new(Rows { rows: 5, batch: 2, shuffled: false }))
        .with_metrics(Box::new(sink.clone()))
}
