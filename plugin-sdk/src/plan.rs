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
    /// Number of blocks, each a call of [`TrainingBackend::block`](crate::TrainingBackend::block).
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
