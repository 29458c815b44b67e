use crate::{Error, Tensor};

/// The role of a parameter; adapters attach only to [`Role::Linear`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u32)]
pub enum Role {
    /// The weight of a projection, `[out, in]`.
    Linear = 0,
    /// A bias, `[out]`.
    Bias = 1,
    /// An embedding table, `[vocabulary, hidden]`.
    Embedding = 2,
    /// The scale of a normalization.
    Norm = 3,
}

/// The initial value of a parameter in a new model.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Initializer {
    /// Normal with mean 0 and this standard deviation.
    Normal(f64),
    /// All ones.
    Ones,
    /// All zeros.
    Zeros,
}

/// A parameter, which the host owns.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Parameter {
    /// Its name in the checkpoint.
    pub name: String,
    /// Its shape in the checkpoint.
    pub shape: Vec<u64>,
    /// Its role.
    pub role: Role,
    /// Its initial value in a new model.
    pub initializer: Initializer,
}

/// The structure of a model: its parameters and blocks.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Plan {
    /// Number of blocks, each a call of [`TrainingBackend::block`].
    pub blocks: u32,
    /// Vocabulary size.
    pub vocabulary: u64,
    /// Maximum sequence length.
    pub max_positions: u64,
    /// All parameters, in the checkpoint's order.
    pub parameters: Vec<Parameter>,
    /// The projections adapted by default, by the last part of the name, such as `q_proj`.
    pub default_targets: Vec<String>,
}

/// A model architecture: its forward pass, block by block, on host tensors.
///
/// A backend never sees weights. It refers to them by name, and the host decides for each run whether a projection is
/// frozen, adapted or trained, manages the key-value cache, recomputes blocks to save memory, and computes gradients.
pub trait TrainingBackend: Sized + Send + 'static {
    /// Reads a model's `config.json` and returns the structure of the model. Called once.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] with the key and the value that this architecture does not support.
    fn configure(config: &str) -> Result<(Self, Plan), Error>;

    /// Computes the first hidden state `[b, s, hidden]` from ids `[b, s]`.
    ///
    /// # Errors
    /// The errors of its operations.
    fn embed(&self, ids: &Tensor) -> Result<Tensor, Error>;

    /// Computes a block from hidden state to hidden state, `[b, s, hidden]`. It must depend only on its input, since
    /// the host may call it again for the same input.
    ///
    /// # Errors
    /// The errors of its operations.
    fn block(&self, index: u32, x: &Tensor) -> Result<Tensor, Error>;

    /// Computes logits `[b, s, vocabulary]` from the last hidden state.
    ///
    /// # Errors
    /// The errors of its operations.
    fn logits(&self, x: &Tensor) -> Result<Tensor, Error>;

    /// Computes the summed loss, a scalar, from the last hidden state and `targets` `[b, s]`.
    ///
    /// # Errors
    /// The errors of its operations.
    fn loss(&self, x: &Tensor, targets: &Tensor) -> Result<Tensor, Error> {
        crate::ops::cross_entropy(&self.logits(x)?, targets)
    }
}
