use super::error::{ModelError, Result};
use super::model::Model;
use super::output::{OUTPUT, tied_embedding};

impl Model {
    /// Adds the adapter's correction into the weights it adapts and takes the adapter off; the model computes
    /// the same as before.
    ///
    /// # Errors
    /// There is no adapter, or it adapts an output layer that is the embedding as well.
    pub fn merge_adapter(&mut self) -> Result<()> {
        self.change(|parameters| {
            let (config, lora) = parameters
                .detach()
                .ok_or_else(|| ModelError::Adapter("the model has none to merge".into()))?;
            let weights = parameters.weights();
            if lora.contains_key(OUTPUT) && tied_embedding(parameters.plan()).is_some() {
                return Err(ModelError::Adapter(
                    "it adapts the output layer, which is the embedding as well, and merging would change both; use \
                     it unmerged, or set `tie_word_embeddings` to false in the config.json of the base and store \
                     lm_head.weight there"
                        .into(),
                ));
            }
            for (module, lora) in lora {
                let name = format!("{module}.weight");
                let Some(weight) = weights.get(&name) else {
                    return Err(ModelError::Adapter(format!("the model has no {name} to merge into")));
                };
                let correction = lora.b.as_detached_tensor().matmul(&lora.a.as_detached_tensor())?;
                parameters.replace(&name, (weight + (correction * config.scale())?)?);
            }
            Ok(())
        })
    }
}
