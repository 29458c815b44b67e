//! The gradients of a model, with or without recomputation.

use candle_core::{Tensor, Var};

use super::dropout::DropoutKey;
use super::error::Result;
use super::gradients::{Gradients, collect};
use super::loss::Loss;
use super::model::Model;
use super::pass::{Batch, Pass, PassMode};

impl Model {
    /// The gradients of `scale` times a micro-batch's summed loss.
    ///
    /// With `recompute`, only the hidden states between blocks are kept, and each block is computed again for its
    /// gradient (Chen et al., 2016): the same gradients with less memory and one more forward pass.
    ///
    /// # Errors
    /// The batch is inconsistent, or the backend fails.
    pub fn gradients(
        &mut self,
        batch: &Batch<'_>,
        key: DropoutKey,
        scale: f64,
        recompute: bool,
    ) -> Result<Gradients> {
        let variables: Vec<Var> = self.trainable().into_iter().map(|(_, variable)| variable).collect();
        match recompute {
            false => self.loss(batch, PassMode::Train(key))?.gradients(scale, &variables),
            true => self.recomputed(batch, key, scale, &variables),
        }
    }

    fn recomputed(
        &mut self,
        batch: &Batch<'_>,
        key: DropoutKey,
        scale: f64,
        variables: &[Var],
    ) -> Result<Gradients> {
        // The states between blocks, without a graph but with dropout.
        let first = Pass::of(batch, false, Some(key))?;
        self.pass(batch, PassMode::Train(key))?;
        let states = self.within(first, |model| {
            let mut id = model.embed(batch.ids, batch.batch, batch.seq)?;
            let mut states = vec![model.host.get(id)?];
            for index in 0..model.plan().blocks {
                id = model.block(index, id)?;
                states.push(model.host.get(id)?);
            }
            Ok(states)
        })?;
        let mut found =
            Gradients { sum: 0.0, labels: batch.label_count(), gradients: vec![None; variables.len()] };
        let mut upstream: Option<Tensor> = None;
        for (index, state) in states.iter().enumerate().rev() {
            let x = Var::from_tensor(&state.detach())?;
            let pass = self.pass(batch, PassMode::Train(key))?;
            let out = self.within(pass, |model| {
                let id = model.host.insert(x.as_tensor().clone())?;
                match &upstream {
                    None => model.loss_of(id, batch),
                    Some(_) => {
                        let block = model.block(index as u32, id)?;
                        model.host.get(block)
                    }
                }
            })?;
            let weighted = match &upstream {
                None => {
                    let loss = Loss { sum: out, labels: found.labels };
                    found.sum = loss.value()?;
                    loss.sum.affine(scale, 0.0)?
                }
                Some(upstream) => weighted(&out, upstream)?,
            };
            let grads = weighted.backward()?;
            collect(&grads, variables, &mut found.gradients)?;
            upstream = grads.get(&x).cloned();
            if upstream.is_none() {
                // Nothing before this state is reached; zeros would hide that.
                return Ok(found);
            }
        }
        let pass = self.pass(batch, PassMode::Train(key))?;
        let embedded = self.within(pass, |model| {
            let id = model.embed(batch.ids, batch.batch, batch.seq)?;
            model.host.get(id)
        })?;
        if let Some(upstream) = upstream.filter(|_| embedded.track_op()) {
            collect(&weighted(&embedded, &upstream)?.backward()?, variables, &mut found.gradients)?;
        }
        Ok(found)
    }
}

/// A scalar whose gradient for `out` is `upstream`.
fn weighted(out: &Tensor, upstream: &Tensor) -> Result<Tensor> {
    Ok(out.mul(upstream)?.sum_all()?)
}
