use crate::{Error, Tensor};

/// What a parameter is for; adapters attach to [`Role::Linear`] alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u32)]
pub enum Role {
    /// The weight of a projection, `[out, in]`.
    Linear = 0,
    /// A bias, `[out]`.
    Bias = 1,
    /// A table of rows, `[vocabulary, hidden]`.
    Embedding = 2,
    /// The scale of a normalisation.
    Norm = 3,
}

/// How a parameter starts when a model is made from nothing.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Initializer {
    /// Normal, mean 0, with this standard deviation.
    Normal(f64),
    /// All ones.
    Ones,
    /// All zeros.
    Zeros,
}

/// A parameter that the host keeps for the model.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Parameter {
    /// The name in the checkpoint.
    pub name: String,
    /// The shape in the checkpoint.
    pub shape: Vec<u64>,
    /// What it is for.
    pub role: Role,
    /// How it starts when a model is made from nothing.
    pub initializer: Initializer,
}

/// The shape of a model: what the host must keep and how often it calls.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Plan {
    /// How many times [`TrainingBackend::block`] is called.
    pub blocks: u32,
    /// How many token ids there are.
    pub vocabulary: u64,
    /// The longest sequence that the model was made for.
    pub max_positions: u64,
    /// Every parameter, in the checkpoint's order.
    pub parameters: Vec<Parameter>,
    /// The projections that adapters attach to by default, by the last part of the name: `q_proj`.
    pub default_targets: Vec<String>,
}

/// The architecture of a model: its forward pass, block by block, over tensors that live in the host.
///
/// A backend never sees weights. It names them, and the host decides from the run whether a projection is
/// frozen, adapted or trained, keeps the key-value cache, recomputes blocks where memory is short, and
/// computes gradients.
pub trait TrainingBackend: Sized + Send + 'static {
    /// Reads a model's `config.json` and says what the model consists of. Called once.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] names the key and the value that this architecture cannot honour.
    fn configure(config: &str) -> Result<(Self, Plan), Error>;

    /// Ids `[b, s]` to the first hidden state `[b, s, hidden]`.
    ///
    /// # Errors
    /// Those of the operations it calls.
    fn embed(&self, ids: &Tensor) -> Result<Tensor, Error>;

    /// One block: hidden state to hidden state, `[b, s, hidden]`. The host may call it again for the same
    /// input, so it must depend on nothing else.
    ///
    /// # Errors
    /// Those of the operations it calls.
    fn block(&self, index: u32, x: &Tensor) -> Result<Tensor, Error>;

    /// The last hidden state to `[b, s, vocabulary]`.
    ///
    /// # Errors
    /// Those of the operations it calls.
    fn logits(&self, x: &Tensor) -> Result<Tensor, Error>;

    /// The last hidden state and `targets` `[b, s]` to the summed loss, a scalar.
    ///
    /// # Errors
    /// Those of the operations it calls.
    fn loss(&self, x: &Tensor, targets: &Tensor) -> Result<Tensor, Error> {
        crate::ops::cross_entropy(&self.logits(x)?, targets)
    }
}
