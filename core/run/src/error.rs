use std::io;
use std::path::{Path, PathBuf};

use codetune_dataset::DatasetError;
use codetune_model::ModelError;
use codetune_plugin::{RegistryError, Runtime};
use codetune_store::{RunId, StoreError};
use codetune_train::TrainError;
use codetune_validate::{Blame, Violation, whole};

/// Why a run cannot start, or ended.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum RunError {
    /// No ready backend knows the model's architecture.
    #[error("no training backend knows the architecture {architecture} of {}", model.display())]
    #[diagnostic(code(run::no_backend), help("see the backends and their states with: codetune plugin list"))]
    NoBackend {
        /// As `config.json` names it.
        architecture: String,
        /// The model's folder.
        model: PathBuf,
    },
    /// The backend is a file of another form than the run asks for.
    #[error("plugin {plugin} is {found}, not {asked}")]
    #[diagnostic(
        code(run::other_runtime),
        help("leave out model.runtime, or set it to the form that the plugin has")
    )]
    OtherRuntime {
        /// The backend.
        plugin: String,
        /// How it is loaded.
        found: Runtime,
        /// What `model.runtime` says.
        asked: Runtime,
    },
    /// A list of token ids has no length of its own.
    #[error("data.tokens needs data.max_seq_length")]
    #[diagnostic(code(run::no_length), help("write for example max_seq_length = 128"))]
    NoLength,
    /// The dataset's sequences have another length.
    #[error("data.max_seq_length is {given}, the dataset was packed to {packed}")]
    #[diagnostic(
        code(run::other_length),
        help("write {packed}, leave it out, or build the dataset with --seq-length {given}")
    )]
    OtherLength {
        /// What the run says, in tokens.
        given: u64,
        /// What the dataset has, in tokens.
        packed: u64,
    },
    /// Positions that the model was not made for.
    #[error(
        "the sequences have {length} tokens, and the model was made for {positions}: {}",
        model.display()
    )]
    #[diagnostic(
        code(run::too_long),
        help(
            "{remedy}, or write a larger max_position_embeddings and how rope_scaling gets there into the model's config.json"
        )
    )]
    TooLong {
        /// Tokens of a sequence.
        length: u64,
        /// The model's `max_position_embeddings`.
        positions: u64,
        /// The model's folder.
        model: PathBuf,
        /// How to get shorter sequences.
        remedy: String,
    },
    /// The data has token ids that the model does not know.
    #[error("the dataset's tokenizer has {tokens} tokens, the model's vocabulary {vocabulary}")]
    #[diagnostic(
        code(run::small_vocabulary),
        help("build the dataset with the model's own tokenizer: --tokenizer MODEL_FOLDER")
    )]
    SmallVocabulary {
        /// Of the dataset's tokenizer.
        tokens: u64,
        /// Of the model.
        vocabulary: u64,
    },
    /// A new model's tokenizer has ids that its vocabulary does not.
    #[error("the tokenizer has {tokens} tokens, but vocab_size is {vocabulary}")]
    #[diagnostic(
        code(run::vocabulary),
        help("set vocab_size to {tokens} in {}", config.display())
    )]
    LargeTokenizer {
        /// Of the tokenizer.
        tokens: u64,
        /// The configuration's `vocab_size`.
        vocabulary: u64,
        /// The configuration.
        config: PathBuf,
    },
    /// The same ids mean other texts to the model.
    #[error("the dataset was built with another tokenizer than the model's")]
    #[diagnostic(code(run::other_tokenizer), help("build it with --tokenizer {}", model.display()))]
    OtherTokenizer {
        /// The model's folder.
        model: PathBuf,
    },
    /// There is nothing to go on from.
    #[error("the prompt is empty, and the tokenizer puts nothing before it")]
    #[diagnostic(code(run::empty_prompt), help("give some text"))]
    EmptyPrompt,
    /// The name that a dataset or a list of token ids would be recorded by is none that the store takes.
    #[error("the data in {} cannot be recorded by its name: {violation}", path.display())]
    #[diagnostic(code(run::data_name), help("rename it"))]
    DataName {
        /// The folder or file.
        path: PathBuf,
        /// What the store takes.
        violation: Violation,
    },
    /// A run was to go on, and nothing of it is there.
    #[error("there is no checkpoint in {}", folder.display())]
    #[diagnostic(code(run::nothing_to_resume), help("leave out --resume to start the run"))]
    NothingToResume {
        /// Where checkpoints would be.
        folder: PathBuf,
    },
    /// The checkpoint's run was recorded elsewhere.
    #[error("the checkpoint belongs to a run that this database does not have: {source}")]
    #[diagnostic(code(run::unknown_run), help("pass --database with the one that it was started with"))]
    UnknownRun {
        /// What the store said.
        source: StoreError,
    },
    /// The checkpoint is of another run than the one named.
    #[error("the checkpoints are of run {found}, not of {asked}")]
    #[diagnostic(code(run::other_run), help("leave the run out, or give the run file of that run"))]
    OtherRun {
        /// The checkpoint's run.
        found: RunId,
        /// The one that was named.
        asked: RunId,
    },
    /// The checkpoint is of a run with another name than the run file's.
    #[error("the checkpoints are of run {found:?}, and the run file names {named:?}")]
    #[diagnostic(code(run::other_name), help("give the run file of that run, or another output.dir"))]
    OtherName {
        /// The name of the checkpoint's run, or its id where it has none.
        found: String,
        /// The one in the run file.
        named: String,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    #[diagnostic(code(run::read))]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What came of a run is written, and cannot be recorded.
    #[error("{} is written, but how the run ended cannot be recorded: {}", left.display(), whole(&**source))]
    #[diagnostic(code(run::unrecorded))]
    Unrecorded {
        /// The result, or the checkpoint to go on from.
        left: PathBuf,
        /// What the store said.
        source: Box<RunError>,
    },
    /// The run was recorded and then ended by an error; the store says that it failed.
    #[error("{source}")]
    #[diagnostic(forward(source))]
    Failed {
        /// The run.
        run: RunId,
        /// What ended it.
        source: Box<RunError>,
    },
    /// The backend is not known or not ready.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Registry(#[from] RegistryError),
    /// The model cannot be opened.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Model(#[from] ModelError),
    /// The data cannot be opened.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Dataset(#[from] DatasetError),
    /// Training cannot start or go on.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Train(#[from] TrainError),
    /// The database refuses.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
}

impl RunError {
    /// Who has to act.
    pub fn blame(&self) -> Blame {
        match self {
            RunError::Registry(error) => error.blame(),
            RunError::Model(error) => error.blame(),
            RunError::Dataset(error) => error.blame(),
            RunError::Train(error) => error.blame(),
            RunError::Store(error) => error.blame(),
            RunError::Failed { source, .. } => source.blame(),
            RunError::NoBackend { .. } | RunError::OtherRuntime { .. } => Blame::Plugin,
            RunError::Read { .. } | RunError::Unrecorded { .. } => Blame::Storage,
            _ => Blame::Input,
        }
    }

    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> RunError {
        let path = path.to_owned();
        move |source| RunError::Read { path, source }
    }
}
