use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use candle_core::{DType, Tensor};
use codetune_tensor::{self as tensor, AttentionMask, IGNORE};

use super::cache::Cache;
use super::dropout::DropoutKey;
use super::error::{ModelError, Result};

/// Sequences that go through the model together; each slice holds `batch · seq` numbers, row by row.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// How many sequences.
    pub batch: usize,
    /// How long each is.
    pub seq: usize,
    /// Token ids.
    pub ids: &'a [u32],
    /// For each position the token that should follow it; [`IGNORE`] where there is none to learn.
    pub labels: &'a [u32],
    /// The document of each token: tokens attend within their document only.
    pub segments: &'a [u32],
    /// The position of each token in its document.
    pub positions: &'a [u32],
}

impl Batch<'_> {
    /// How many positions carry a label.
    pub fn label_count(&self) -> u64 {
        self.labels.iter().filter(|label| **label != IGNORE).count() as u64
    }

    pub(super) fn check(&self, vocabulary: u64) -> Result<()> {
        let refuse = |message: String| Err(ModelError::Batch(message));
        let (batch, seq) = (self.batch, self.seq);
        let size = batch.checked_mul(seq).filter(|size| *size > 0);
        let parts = [
            ("ids", self.ids),
            ("labels", self.labels),
            ("segments", self.segments),
            ("positions", self.positions),
        ];
        for (name, part) in parts {
            if Some(part.len()) != size {
                return refuse(format!("{} {name} do not make [{batch}, {seq}]", part.len()));
            }
        }
        let outside = |id: &&u32| u64::from(**id) >= vocabulary;
        if let Some(id) = self.ids.iter().find(outside) {
            return refuse(format!(
                "token {id} is past the model's vocabulary of {vocabulary}; use the model's own tokenizer"
            ));
        }
        if let Some(id) = self.labels.iter().filter(|label| **label != IGNORE).find(outside) {
            return refuse(format!(
                "label {id} is past the model's vocabulary of {vocabulary}; use the model's own tokenizer"
            ));
        }
        Ok(())
    }
}

/// What a forward pass is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassMode {
    /// Gradients are recorded and adapters drop inputs.
    Train(DropoutKey),
    /// Neither.
    Evaluate,
}

/// What the operations of one forward pass need beyond their operands.
pub(super) struct Pass {
    batch: usize,
    seq: usize,
    positions: Vec<u32>,
    mask: AttentionMask,
    /// Whether gradients are recorded.
    pub(super) records: bool,
    /// The mask of adapters' dropout, where there is any.
    pub(super) dropout: Option<DropoutKey>,
    /// Cosines and sines by the bits of the inverse frequencies.
    rope_tables: Mutex<BTreeMap<Vec<u64>, (Tensor, Tensor)>>,
    /// Keys and values by slot, where a generation is under way.
    cache: Option<Mutex<Cache>>,
}

impl Pass {
    pub(super) fn of(batch: &Batch<'_>, records: bool, dropout: Option<DropoutKey>) -> Result<Self> {
        let mask = AttentionMask::causal().with_segments(batch.segments, batch.batch, batch.seq)?;
        Ok(Pass {
            batch: batch.batch,
            seq: batch.seq,
            positions: batch.positions.to_vec(),
            mask,
            records,
            dropout,
            rope_tables: Mutex::default(),
            cache: None,
        })
    }

    /// `seq` tokens of one document after those in the cache.
    pub(super) fn cached(cache: Cache, seq: usize) -> Self {
        let from = cache.tokens;
        Pass {
            batch: 1,
            seq,
            positions: (from..from + seq).map(|position| position as u32).collect(),
            mask: AttentionMask::causal(),
            records: false,
            dropout: None,
            rope_tables: Mutex::default(),
            cache: Some(Mutex::new(cache)),
        }
    }

    /// The cache with the tokens of this pass in it.
    pub(super) fn into_cache(self) -> Cache {
        let mut cache =
            self.cache.map(|c| c.into_inner().unwrap_or_else(PoisonError::into_inner)).unwrap_or_default();
        cache.tokens += self.seq;
        cache
    }

    pub(super) fn rope(&self, x: &Tensor, inverse_frequencies: &[f64]) -> Result<Tensor> {
        let (cos, sin) = self.rope_table(inverse_frequencies, x.dtype())?;
        Ok(tensor::rope(x, &cos, &sin)?)
    }

    /// The bytes that a table for these frequencies takes while it is made; 0 where there is one.
    pub(super) fn new_rope_table(&self, frequencies: &[f64]) -> u64 {
        // An angle's cosine and sine, each in double precision and as they are kept.
        let each = 2 * (size_of::<f64>() + size_of::<f32>()) as u64;
        let key: Vec<u64> = frequencies.iter().map(|f| f.to_bits()).collect();
        match self.rope_tables.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&key) {
            true => 0,
            false => {
                (self.positions.len() as u64).saturating_mul(frequencies.len() as u64).saturating_mul(each)
            }
        }
    }

    /// The bytes that the keys and values of the tokens so far take.
    pub(super) fn cached_bytes(&self) -> u64 {
        let cache = self.cache.as_ref().map(|cache| cache.lock().unwrap_or_else(PoisonError::into_inner));
        cache.map_or(0, |cache| cache.bytes())
    }

    fn rope_table(&self, frequencies: &[f64], dtype: DType) -> Result<(Tensor, Tensor)> {
        let key: Vec<u64> = frequencies.iter().map(|f| f.to_bits()).collect();
        let tables = || self.rope_tables.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = tables().get(&key) {
            return Ok(table.clone());
        }
        let table = tensor::rope_table(&self.positions, self.batch, self.seq, frequencies, dtype)?;
        tables().insert(key, table.clone());
        Ok(table)
    }

    pub(super) fn attention(
        &self,
        (q, k, v): (&Tensor, &Tensor, &Tensor),
        slot: u32,
        scale: f64,
        window: Option<u32>,
        ask: &dyn Fn(u64) -> Result<()>,
    ) -> Result<Tensor> {
        let window = window.map(|window| window as usize);
        let mask = match window {
            Some(window) => self.mask.clone().with_window(window)?,
            None => self.mask.clone(),
        };
        let Some(cache) = &self.cache else { return Ok(tensor::attention(q, k, v, &mask, scale)?) };
        let context = {
            let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
            cache.append(slot, (k, v), window, ask)?
        };
        let mask = mask.with_offset(context.offset);
        Ok(tensor::attention(q, &context.keys, &context.values, &mask, scale)?)
    }
}
