//! What a training backend asks of the host of its model.

use codetune_plugin::TensorHost;
use codetune_plugin_sdk::{Op, TensorId};
use codetune_validate::whole;

use super::arithmetic::Operation;
use super::error::ModelError;
use super::host::ModelHost;

impl TensorHost for ModelHost {
    fn run(&self, op: &Op<'_>) -> Result<TensorId, String> {
        let made = self.current_pass().and_then(|pass| {
            let parameters = self.parameters();
            let tensor = Operation { host: self, parameters: &parameters, pass: &pass }.compute(op)?;
            self.insert(tensor)
        });
        made.inspect(|_| self.refused(None)).map_err(|error| {
            let told = format!("{}: {}", op.name(), whole(&error));
            self.refused(matches!(error, ModelError::Memory { .. }).then_some(error));
            told
        })
    }

    fn shape(&self, tensor: TensorId) -> Option<Vec<u64>> {
        self.dims(tensor).map(|dims| dims.into_iter().map(|dimension| dimension as u64).collect())
    }

    fn release(&self, tensor: TensorId) {
        self.remove(tensor);
    }
}
