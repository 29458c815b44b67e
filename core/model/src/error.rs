use std::io;
use std::path::{Path, PathBuf};

use codetune_plugin::{CallError, Fault};
use codetune_plugin_sdk::Error as SdkError;
use codetune_tensor::TensorError;
use codetune_validate::{Blame, Violation};

/// The result of an operation of this crate.
pub type Result<T> = std::result::Result<T, ModelError>;

/// Why a model or an adapter cannot be used.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ModelError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    #[diagnostic(code(model::read), help("{}", remedy(path, source)))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    #[diagnostic(code(model::write), help("check the folder's permissions and the free space"))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A new model would replace one that is there.
    #[error("{} exists already", path.display())]
    #[diagnostic(code(model::exists), help("give another folder"))]
    Exists {
        /// The file in the way.
        path: PathBuf,
    },
    /// `config.json` does not say what is needed.
    #[error("{}: {message}", path.display())]
    #[diagnostic(code(model::config))]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
        /// What would do, where that is known.
        #[help]
        help: Option<String>,
    },
    /// The training backend refuses `config.json`.
    #[error("{}: plugin {plugin} refuses it: {why}", path.display())]
    #[diagnostic(code(model::refused))]
    Refused {
        /// The file.
        path: PathBuf,
        /// The backend.
        plugin: String,
        /// What the backend said.
        why: String,
    },
    /// A weight file is damaged.
    #[error("{} is damaged: {message}", path.display())]
    #[diagnostic(code(model::corrupt), help("copy or download it again"))]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// Weights are of a type that is not read.
    #[error("{}: tensor {tensor} is {found}, and F32, F16 and BF16 are read", path.display())]
    #[diagnostic(code(model::dtype), help("convert the weights to one of those"))]
    Dtype {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// What it is.
        found: String,
    },
    /// Weights that no model can compute with.
    #[error("{}: tensor {tensor} holds {value} at element {place}", path.display())]
    #[diagnostic(
        code(model::not_finite),
        help("copy or download the file again, or make it again from weights that are finite")
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The first such element, in the order of the file.
        place: usize,
        /// NaN or an infinity.
        value: f32,
    },
    /// A folder holds no weights that can be read.
    #[error("{}: {message}", folder.display())]
    #[diagnostic(code(model::weights))]
    Weights {
        /// The folder.
        folder: PathBuf,
        /// What it holds instead.
        message: String,
        /// What to do.
        #[help]
        help: Option<String>,
    },
    /// More memory is needed than tensors may take.
    #[error(
        "{what} needs {} of memory, and {} of the {} for tensors are left",
        size(*needs), size(*left), size(*budget)
    )]
    #[diagnostic(code(model::memory), help("{remedy}, or allow more with --memory"))]
    Memory {
        /// What needs it.
        what: String,
        /// How much, in bytes.
        needs: u64,
        /// What is left of the budget.
        left: u64,
        /// All of the budget.
        budget: u64,
        /// How to need less.
        remedy: &'static str,
    },
    /// The tensors of a file are not those that the model or the adapter needs.
    #[error("{} does not fit: {}", path.display(), first(problems))]
    #[diagnostic(code(model::mismatch), help("check that weights and configuration belong together"))]
    Mismatch {
        /// The file or folder.
        path: PathBuf,
        /// Each tensor that is missing, not expected, or of another shape.
        problems: Vec<String>,
    },
    /// An adapter's configuration cannot be honoured.
    #[error("adapter: {0}")]
    #[diagnostic(code(model::adapter))]
    Adapter(String),
    /// A batch or a prompt does not hold together.
    #[error("batch: {0}")]
    #[diagnostic(code(model::batch))]
    Batch(String),
    /// The training backend broke the contract: an answer of another shape, or a tensor that there is not.
    #[error("{0}")]
    #[diagnostic(code(model::contract), help("report this to the plugin's author"))]
    Contract(String),
    /// A setting of generation is outside of its range.
    #[error("generation: {0}")]
    #[diagnostic(code(model::generation))]
    Generation(String),
    /// The training backend failed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Call(#[from] CallError),
    /// A tensor operation was refused.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Tensor(#[from] TensorError),
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", bytes as f64 / *unit as f64),
        None => format!("{bytes} bytes"),
    }
}

/// The first few of many problems: where every tensor is of another shape, some tell as much as all.
fn first(problems: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = problems.get(..SHOWN).unwrap_or(problems).join(", ");
    match problems.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown}, and {more} more"),
    }
}

impl From<candle_core::Error> for ModelError {
    fn from(error: candle_core::Error) -> Self {
        ModelError::Tensor(error.into())
    }
}

impl ModelError {
    /// Who has to act.
    pub fn blame(&self) -> Blame {
        match self {
            ModelError::Call(error) => error.blame(),
            ModelError::Write { .. } => Blame::Storage,
            ModelError::Memory { .. } => Blame::Limit,
            ModelError::Contract(_) => Blame::Plugin,
            _ => Blame::Input,
        }
    }

    /// What a backend says of the configuration at `path` when it opens the model.
    pub(super) fn opening(path: &Path) -> impl FnOnce(CallError) -> Self {
        |error| match error.fault {
            Fault::Said(SdkError::InvalidConfig(why)) => {
                ModelError::Refused { path: path.to_owned(), plugin: error.plugin, why }
            }
            _ => ModelError::Call(error),
        }
    }

    /// A setting of generation that the table of bounds refuses.
    pub(super) fn out_of_bounds(violation: Violation) -> Self {
        ModelError::Generation(violation.to_string())
    }

    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |source| ModelError::Read { path: path.to_owned(), source }
    }

    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |source| ModelError::Write { path: path.to_owned(), source }
    }
}

/// What to give instead of a file that cannot be read: where there is none, a folder was named that is of another kind.
fn remedy(path: &Path, error: &io::Error) -> &'static str {
    let is_absent = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    match path.file_name().and_then(|name| name.to_str()) {
        Some("config.json") if is_absent => {
            "give the folder of a model, with config.json, safetensors and tokenizer.json in it"
        }
        Some("adapter_config.json") if is_absent => {
            "give the folder of an adapter, with adapter_config.json and adapter_model.safetensors in it"
        }
        _ => "check the path and its permissions",
    }
}
