//! What can go wrong between analysed files and packed sequences.

use std::io;
use std::path::{Path, PathBuf};

use codetune_validate::{Blame, SettingError, Violation};

/// An error of the dataset crate: it names the party, the cause and the remedy.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[non_exhaustive]
pub enum DatasetError {
    /// A value is out of its bounds.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Invalid(#[from] Violation),
    /// A file of settings cannot be understood.
    #[error("{}: {cause}", position(path, *line))]
    #[diagnostic(code(dataset::settings))]
    Settings {
        /// The file.
        path: PathBuf,
        /// The line, from 1; 0 if it is unknown.
        line: usize,
        /// What is wrong.
        cause: String,
        /// What to write instead, where that is known.
        #[help]
        help: Option<String>,
    },
    /// A setting that takes precedence over the file contradicts it.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Setting(#[from] SettingError),
    /// A rule cannot be used; found before any document is looked at.
    #[error("rule \"{name}\", line {line}, column {column}: {cause}")]
    #[diagnostic(code(dataset::rule))]
    Rule {
        /// The rule's name.
        name: String,
        /// Line in the expression, from 1.
        line: usize,
        /// Column in the expression, from 1.
        column: usize,
        /// What is wrong and how to write it.
        cause: String,
    },
    /// Two rules have the same name.
    #[error(
        "two rules are named \"{0}\": give each rule its own name, the reason of a dropped file names it"
    )]
    #[diagnostic(code(dataset::duplicate_rule))]
    DuplicateRule(String),
    /// A document's path is not relative and '/'-separated.
    #[error("document path {0:?} is not a relative, '/'-separated path without empty, '.' or '..' parts")]
    #[diagnostic(code(dataset::path))]
    Path(String),
    /// Two documents have the same path.
    #[error("two documents have the path {0:?}: paths must be unique, the split and the order follow them")]
    #[diagnostic(code(dataset::duplicate_path))]
    DuplicatePath(String),
    /// An analysed file came without its text.
    #[error("the text of {0} was not kept: analyse with `keep_text` to build a dataset")]
    #[diagnostic(code(dataset::text_not_kept))]
    TextNotKept(String),
    /// No document is left to train on.
    #[error("no document is left to train on: {reasons}")]
    #[diagnostic(code(dataset::nothing_left), help("relax the rules or give more files"))]
    NothingLeft {
        /// How many documents were given.
        given: usize,
        /// The most frequent reasons with their counts.
        reasons: String,
    },
    /// A tokenizer cannot be loaded.
    #[error("tokenizer {path}: {cause}")]
    #[diagnostic(code(dataset::tokenizer_load))]
    TokenizerLoad {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        cause: String,
        /// What to do about it, where that is known.
        #[help]
        help: Option<&'static str>,
    },
    /// A tokenizer cannot be trained.
    #[error("tokenizer training: {0}")]
    #[diagnostic(code(dataset::tokenizer_training))]
    TokenizerTraining(String),
    /// A tokenizer would replace another one.
    #[error("{path} exists already, of another tokenizer")]
    #[diagnostic(code(dataset::tokenizer_exists), help("give another folder"))]
    TokenizerExists {
        /// The file in the way.
        path: PathBuf,
    },
    /// The tokenizer lacks a token that the configuration needs.
    #[error("the tokenizer has no {purpose} token (looked for {tried})")]
    #[diagnostic(code(dataset::missing_token), help("{remedy}"))]
    MissingToken {
        /// What the token is for.
        purpose: &'static str,
        /// The names that were looked up.
        tried: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The parts of a text that is cut for filling in do not give the text back.
    #[error(
        "the tokenizer adds to the beginning of each text, such as a space, so the parts of a cut one do not join to it again"
    )]
    #[diagnostic(
        code(dataset::parts_do_not_join),
        help("set fim_rate = 0 or use a tokenizer that adds nothing, such as a byte-level one")
    )]
    PartsDoNotJoin,
    /// The markers of fill-in-the-middle leave no room for text.
    #[error("max_seq_length is {length}, too short for fill-in-the-middle")]
    #[diagnostic(code(dataset::short_for_fim), help("use {least} tokens or more, or set fim_rate = 0"))]
    ShortForFim {
        /// Tokens of a sequence.
        length: usize,
        /// Tokens that it needs at least.
        least: usize,
    },
    /// A text cannot be encoded or ids cannot be decoded.
    #[error("tokenizer: {0}")]
    #[diagnostic(code(dataset::tokenizer))]
    Tokenizer(String),
    /// The ledger does not balance: a defect of this crate, never of the input.
    #[error("the token ledger of {part} does not balance: input {input}, accounted {accounted}")]
    #[diagnostic(code(dataset::ledger), help("please report this"))]
    Ledger {
        /// The total, a split or a language.
        part: String,
        /// Tokens that came in.
        input: u64,
        /// trained + masked + truncated + dropped.
        accounted: u64,
    },
    /// The folder is not a dataset.
    #[error("{path} is not a codetune dataset (no valid dataset.json in it)")]
    #[diagnostic(code(dataset::not_a_dataset), help("{remedy}"))]
    NotADataset {
        /// The folder.
        path: PathBuf,
        /// What to do about it.
        remedy: &'static str,
    },
    /// Something else lies among the files of a dataset that is to be replaced.
    #[error("{path} holds {entry} beside the dataset that was to be replaced, and it would be lost")]
    #[diagnostic(code(dataset::occupied), help("move it away, or choose another folder"))]
    Occupied {
        /// The folder.
        path: PathBuf,
        /// The name of what is no part of a dataset.
        entry: PathBuf,
    },
    /// The dataset was written by another version of the format.
    #[error(
        "{path} has dataset format version {found}, this codetune reads {supported}: build the dataset again"
    )]
    #[diagnostic(code(dataset::version))]
    Version {
        /// The folder.
        path: PathBuf,
        /// The version found.
        found: u64,
        /// The version this code reads.
        supported: u64,
    },
    /// A file of the dataset was changed or cut after it was written.
    #[error("dataset file {path} is damaged: {cause}")]
    #[diagnostic(code(dataset::damaged), help("build the dataset again or restore the file"))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How it differs.
        cause: String,
    },
    /// A token tape cannot be used.
    #[error("token tape {path}: {cause}")]
    #[diagnostic(code(dataset::tape))]
    Tape {
        /// The file, or a name for a tape given in memory.
        path: String,
        /// What is wrong and what is expected.
        cause: String,
        /// What to do about it, where that is known.
        #[help]
        help: Option<&'static str>,
    },
    /// A split has no sequence to make a batch of.
    #[error("the {0} split has no sequences: {1}")]
    #[diagnostic(code(dataset::empty_split))]
    EmptySplit(&'static str, &'static str),
    /// A batch beyond the end of a split that does not repeat.
    #[error("batch {index} was asked for, but the {split} split has {count}")]
    #[diagnostic(code(dataset::no_such_batch))]
    NoSuchBatch {
        /// The split.
        split: &'static str,
        /// The index asked for.
        index: u64,
        /// How many there are.
        count: u64,
    },
    /// The caller asked to stop.
    #[error("stopped before the dataset was complete")]
    #[diagnostic(code(dataset::stopped))]
    Stopped,
    /// The file system refused.
    #[error("cannot use {path}: {source}")]
    #[diagnostic(code(dataset::io), help("{}", remedy(source)))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn remedy(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::NotFound => "give the path of a file or directory that exists",
        io::ErrorKind::PermissionDenied => "check its permissions",
        io::ErrorKind::StorageFull => "free some space on its disk",
        _ => "check the path, its permissions and the free space",
    }
}

fn position(path: &Path, line: usize) -> String {
    match line {
        0 => path.display().to_string(),
        line => format!("{}:{line}", path.display()),
    }
}

impl DatasetError {
    /// Who has to act.
    pub fn blame(&self) -> Blame {
        match self {
            DatasetError::Io { source, .. } if source.kind() != io::ErrorKind::NotFound => Blame::Storage,
            DatasetError::Stopped => Blame::Stopped,
            _ => Blame::Input,
        }
    }

    /// Attaches the path to an error of the file system.
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> DatasetError {
        let path = path.into();
        move |source| DatasetError::Io { path, source }
    }
}
