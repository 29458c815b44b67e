use std::path::{Path, PathBuf};
use std::sync::Arc;

use codetune_core::model::{Batch, MemoryBudget, Model, Result};
use codetune_core::plugin::{Plugin, Runtime};

use crate::registries::registry;

/// The decoder in one runtime.
pub fn decoder(runtime: Runtime) -> Arc<Plugin> {
    let folder = std::env::temp_dir().join("codetune-tests");
    registry(&folder, runtime).ready("codetune/decoder").expect("the decoder is ready")
}

/// Opens a model folder with the built-in decoder.
///
/// # Errors
/// Those of [`Model::open`].
pub fn open_model(folder: &Path) -> Result<Model> {
    open_model_by(Runtime::Builtin, folder)
}

/// Opens a model folder with the decoder in one runtime.
///
/// # Errors
/// Those of [`Model::open`].
pub fn open_model_by(runtime: Runtime, folder: &Path) -> Result<Model> {
    let decoder = decoder(runtime);
    Model::open(&|config, host| decoder.backend(config, host), folder, MemoryBudget::of_machine())
}

/// A folder of `tests/fixtures`.
pub fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path)
}

/// A batch that owns its numbers.
pub struct Tokens {
    batch: usize,
    seq: usize,
    ids: Vec<u32>,
    labels: Vec<u32>,
    segments: Vec<u32>,
    positions: Vec<u32>,
}

impl Tokens {
    /// Whole documents of `seq` tokens; each token's label is the next one, as Hugging Face has it where
    /// labels are the inputs.
    pub fn new(batch: usize, seq: usize, ids: &[u32]) -> Self {
        let label = |(i, _): (usize, &u32)| match (i + 1) % seq {
            0 => u32::MAX,
            _ => ids[i + 1],
        };
        Tokens {
            batch,
            seq,
            ids: ids.to_vec(),
            labels: ids.iter().enumerate().map(label).collect(),
            segments: vec![0; ids.len()],
            positions: (0..ids.len()).map(|i| (i % seq) as u32).collect(),
        }
    }

    /// Borrows the numbers.
    pub fn batch(&self) -> Batch<'_> {
        let Tokens { batch, seq, ids, labels, segments, positions } = self;
        Batch { batch: *batch, seq: *seq, ids, labels, segments, positions }
    }
}
