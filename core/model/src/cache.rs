//! Keys and values of the tokens so far, while a generation is under way.

use std::collections::BTreeMap;

use candle_core::Tensor;

use super::error::{ModelError, Result};
use super::memory::bytes;

/// Tokens that a buffer has room for beyond those it is made with, at least.
const SPARE: usize = 64;

/// The dimension of tokens in `[b, kv, tokens, d]`.
const TOKENS: usize = 2;

/// Keys and values by attention slot.
#[derive(Default)]
pub(super) struct Cache {
    slots: BTreeMap<u32, Slot>,
    /// How many tokens came before the pass.
    pub(super) tokens: usize,
}

/// The keys and values of one slot, in buffers that are written in place and made anew only when they are full.
struct Slot {
    /// `[b, kv, capacity, d]`.
    keys: Tensor,
    /// As the keys.
    values: Tensor,
    /// Tokens in the buffers, the last ones of `seen`.
    held: usize,
    /// Tokens that came, those of this pass included.
    seen: usize,
    /// A query sees so many tokens, itself included; earlier ones may go.
    window: Option<usize>,
}

/// What the queries of a pass attend to.
pub(super) struct Context {
    /// `[b, kv, tokens, d]`, a view.
    pub keys: Tensor,
    /// As the keys.
    pub values: Tensor,
    /// Tokens before the first query.
    pub offset: usize,
}

impl Cache {
    /// The bytes of all buffers.
    pub(super) fn bytes(&self) -> u64 {
        let slots = self.slots.values();
        slots.map(|slot| bytes(&slot.keys).saturating_add(bytes(&slot.values))).sum()
    }

    /// Appends the keys and values of a pass's tokens to a slot; `ask` is asked for the bytes of a buffer before it is
    /// made.
    ///
    /// # Errors
    /// The slot was used already in this pass or not in an earlier one, its shapes or window have changed, or the
    /// machine has no room for the buffers.
    pub(super) fn append(
        &mut self,
        slot: u32,
        (keys, values): (&Tensor, &Tensor),
        window: Option<usize>,
        ask: &dyn Fn(u64) -> Result<()>,
    ) -> Result<Context> {
        let (keys, values) = (keys.contiguous()?, values.contiguous()?);
        let new = keys.dim(TOKENS)?;
        let before = self.tokens;
        let fresh = || Slot::new(&keys, &values, window, ask);
        let slot = match self.slots.entry(slot) {
            std::collections::btree_map::Entry::Vacant(vacant) if before == 0 => vacant.insert(fresh()?),
            std::collections::btree_map::Entry::Occupied(held)
                if held.get().seen == before && held.get().window == window =>
            {
                held.into_mut()
            }
            _ => {
                let message = format!(
                    "attention slot {slot} must be used once in each pass, by one layer alone and with one window"
                );
                return Err(ModelError::Batch(message));
            }
        };
        slot.make_room(new, ask)?;
        slot.keys.slice_set(&keys, TOKENS, slot.held)?;
        slot.values.slice_set(&values, TOKENS, slot.held)?;
        let offset = slot.held;
        slot.held += new;
        slot.seen += new;
        Ok(Context {
            keys: slot.keys.narrow(TOKENS, 0, slot.held)?,
            values: slot.values.narrow(TOKENS, 0, slot.held)?,
            offset,
        })
    }
}

impl Slot {
    /// An empty slot with room for these tokens and some more.
    fn new(
        keys: &Tensor,
        values: &Tensor,
        window: Option<usize>,
        ask: &dyn Fn(u64) -> Result<()>,
    ) -> Result<Self> {
        let capacity = keys.dim(TOKENS)? + SPARE;
        Ok(Slot {
            keys: buffer(keys, capacity, ask)?,
            values: buffer(values, capacity, ask)?,
            held: 0,
            seen: 0,
            window,
        })
    }

    /// Makes larger buffers where `new` tokens do not fit; tokens that no later query sees stay behind.
    fn make_room(&mut self, new: usize, ask: &dyn Fn(u64) -> Result<()>) -> Result<()> {
        let capacity = self.keys.dim(TOKENS)?;
        if self.held + new <= capacity {
            return Ok(());
        }
        let kept = self.window.map_or(self.held, |window| self.held.min(window.saturating_sub(1)));
        // Twice what is needed: each token is moved once on average, however many there are.
        let capacity = 2 * (kept + new) + SPARE;
        for tensor in [&mut self.keys, &mut self.values] {
            let larger = buffer(tensor, capacity, ask)?;
            if kept > 0 {
                let moved = tensor.narrow(TOKENS, self.held - kept, kept)?.contiguous()?;
                larger.slice_set(&moved, TOKENS, 0)?;
            }
            *tensor = larger;
        }
        self.held = kept;
        Ok(())
    }
}

/// Zeros of the shape of `like`, with room for `capacity` tokens.
fn buffer(like: &Tensor, capacity: usize, ask: &dyn Fn(u64) -> Result<()>) -> Result<Tensor> {
    let mut shape = like.dims().to_vec();
    if let Some(tokens) = shape.get_mut(TOKENS) {
        *tokens = capacity;
    }
    let elements = shape.iter().fold(1u64, |product, size| product.saturating_mul(*size as u64));
    ask(elements.saturating_mul(like.dtype().size_in_bytes() as u64))?;
    Ok(Tensor::zeros(shape, like.dtype(), like.device())?)
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use codetune_tensor::{AttentionMask, attention};

    use super::*;

    const SCALE: f64 = 0.5;

    fn random(tokens: usize, heads: usize) -> Tensor {
        Tensor::randn(0f32, 1.0, (1, heads, tokens, 4), &Device::Cpu).unwrap()
    }

    fn mask(offset: usize, window: Option<usize>) -> AttentionMask {
        let mask = AttentionMask::causal().with_offset(offset);
        window.map_or(mask.clone(), |window| mask.with_window(window).unwrap())
    }

    /// Attention over tokens that come in groups of these sizes, the largest buffer that there was, and how often
    /// buffers were made.
    fn by_groups(
        (q, k, v): (&Tensor, &Tensor, &Tensor),
        groups: &[usize],
        window: Option<usize>,
    ) -> (Tensor, usize, usize) {
        let (mut cache, mut parts) = (Cache::default(), Vec::new());
        let (mut most, mut made) = (0, Vec::new());
        for &size in groups {
            let part = |x: &Tensor| x.narrow(TOKENS, cache.tokens, size).unwrap();
            let (q, k, v) = (part(q), part(k), part(v));
            let context = cache.append(0, (&k, &v), window, &|_| Ok(())).unwrap();
            let mask = mask(context.offset, window);
            parts.push(attention(&q, &context.keys, &context.values, &mask, SCALE).unwrap());
            cache.tokens += size;
            let capacity = cache.slots[&0].keys.dim(TOKENS).unwrap();
            most = most.max(capacity);
            if made.last() != Some(&capacity) {
                made.push(capacity);
            }
        }
        (Tensor::cat(&parts, TOKENS).unwrap(), most, made.len())
    }

    #[test]
    fn tokens_one_by_one_attend_to_what_they_attend_to_together() {
        let (q, k, v) = (random(300, 4), random(300, 2), random(300, 2));
        for window in [None, Some(1), Some(2), Some(7), Some(299), Some(1000)] {
            let whole = attention(&q, &k, &v, &mask(0, window), SCALE).unwrap();
            for groups in [vec![1; 300], [vec![120], vec![1; 180]].concat(), vec![100; 3], vec![3; 100]] {
                let (found, _, _) = by_groups((&q, &k, &v), &groups, window);
                let apart = (&found - &whole).unwrap().abs().unwrap().max_all().unwrap();
                let apart = apart.to_scalar::<f32>().unwrap();
                assert!(apart < 1e-6, "{apart} with {window:?}");
            }
        }
    }

    #[test]
    fn a_window_keeps_what_it_sees_and_no_window_moves_each_token_a_few_times_at_most() {
        let (q, k, v) = (random(4000, 2), random(4000, 1), random(4000, 1));
        let (_, most, _) = by_groups((&q, &k, &v), &[1; 4000], Some(16));
        assert!(most <= 2 * 16 + SPARE, "{most}");
        let (_, _, made) = by_groups((&q, &k, &v), &[1; 4000], None);
        assert!(made <= 8, "{made}");
    }

    #[test]
    fn a_slot_is_used_once_a_pass_with_one_window() {
        let (ask, x): (&dyn Fn(u64) -> Result<()>, _) = (&|_| Ok(()), random(3, 1));
        let mut cache = Cache::default();
        cache.append(0, (&x, &x), None, ask).unwrap();
        let error = cache.append(0, (&x, &x), None, ask).err().unwrap().to_string();
        assert!(error.contains("attention slot 0 must be used once in each pass"), "{error}");
        cache.tokens = 3;
        assert!(cache.append(1, (&x, &x), None, ask).is_err(), "a slot that comes later");
        assert!(cache.append(0, (&x, &x), Some(2), ask).is_err(), "another window");
        let wider = Tensor::zeros((1, 1, 1, 5), DType::F32, &Device::Cpu).unwrap();
        assert!(cache.append(0, (&wider, &wider), None, ask).is_err(), "another shape");
        cache.append(0, (&x, &x), None, ask).unwrap();
    }

    #[test]
    fn buffers_are_asked_for_before_they_are_made_and_counted_while_they_are_there() {
        let x = random(3, 1);
        let refuse = |bytes| Err(ModelError::Batch(format!("{bytes} bytes")));
        let mut cache = Cache::default();
        let error = cache.append(0, (&x, &x), None, &refuse).err().unwrap().to_string();
        let capacity = 3 + SPARE;
        assert!(error.contains(&format!("{} bytes", capacity * 4 * 4)), "{error}");
        assert_eq!(cache.bytes(), 0);
        cache.append(0, (&x, &x), None, &|_| Ok(())).unwrap();
        assert_eq!(cache.bytes(), 2 * (capacity * 4 * 4) as u64);
    }
}
