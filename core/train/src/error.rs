use std::path::PathBuf;

use codetune_dataset::DatasetError;
use codetune_model as model;
use codetune_tensor::TensorError;
use codetune_validate::Blame;
use miette::Diagnostic;

use super::{checkpoint_error::CheckpointError, trainable::TrainableError};

/// Why training did not start or did not go on. Checkpoints written before are left as they were.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum TrainError {
    /// The model refused or failed.
    #[error("model, step {step}: {source}")]
    #[diagnostic(code(train::model))]
    Model {
        /// The step under way, counted from 1.
        step: u64,
        /// What the model said.
        source: TrainableError,
        /// What to do about it, where the model knows.
        #[help]
        help: Option<String>,
    },
    /// The model or the adapter to start from cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Refused(#[from] model::ModelError),
    /// The data refused or failed.
    #[error("training data: {0}")]
    #[diagnostic(forward(0))]
    Data(#[from] DatasetError),
    /// The optimizer refused.
    #[error("optimizer, step {step}: {source}")]
    #[diagnostic(forward(source))]
    Optimizer {
        /// The step under way, counted from 1.
        step: u64,
        /// The operation's error.
        source: TensorError,
    },
    /// The adapter to start from is not what the run file says.
    #[error("{field} is {given}, but the adapter {} has {found}", path.display())]
    #[diagnostic(
        code(train::adapter_init),
        help(
            "leave the key out to take the adapter's own, or leave out adapter.init to start a new adapter"
        )
    )]
    AdapterInit {
        /// The adapter's folder.
        path: PathBuf,
        /// The run file's key.
        field: &'static str,
        /// The run file's value.
        given: String,
        /// The adapter's value.
        found: String,
    },
    /// There is nothing to train.
    #[error("the model has no trainable tensor")]
    #[diagnostic(
        code(train::nothing_to_train),
        help("check adapter.targets, or leave out [adapter] to train every weight")
    )]
    NothingToTrain,
    /// Tensors that the loss does not depend on.
    #[error(
        "no gradient reaches {}: training would leave {} as {}",
        names.join(", "), them(names), they_are(names)
    )]
    #[diagnostic(
        code(train::unreached),
        help(
            "take {} out of adapter.targets, or fix the backend so that its loss depends on {} through operations of the host",
            them(names),
            them(names)
        )
    )]
    Unreached {
        /// Their names, sorted.
        names: Vec<String>,
    },
    /// A loss or a gradient became NaN or infinite, and the update was not made; or what it made is, and was not saved.
    #[error("step {step}: {what} is {value}; {}", after_not_finite(*step, what).0)]
    #[diagnostic(code(train::not_finite), help("{}", after_not_finite(*step, what).1))]
    NotFinite {
        /// The step under way, counted from 1.
        step: u64,
        /// The loss, the gradient norm, a weight or a moment.
        what: &'static str,
        /// NaN or an infinity.
        value: f64,
    },
    /// A key of `[eval]` in a run without held-out data.
    #[error("{key} has no effect without held-out data")]
    #[diagnostic(code(train::no_held_out), help("remove it, or train on a dataset with a held-out part"))]
    NoHeldOut {
        /// The run file's key.
        key: &'static str,
    },
    /// A step or an evaluation without any label.
    #[error("{what} has no token to predict")]
    #[diagnostic(code(train::no_labels), help("use longer sequences or larger batches"))]
    NoLabels {
        /// Which.
        what: String,
    },
    /// The model counted other labels than the data has.
    #[error("step {step}: the model counted {counted} labels where the data has {expected}")]
    #[diagnostic(code(train::labels), help("report this to the backend's author"))]
    Labels {
        /// The step under way, counted from 1.
        step: u64,
        /// What the model said.
        counted: u64,
        /// What the data says.
        expected: u64,
    },
    /// The output folder belongs to another run.
    #[error("{} holds checkpoints already", path.display())]
    #[diagnostic(code(train::output_in_use), help("resume that run, or choose another output.dir"))]
    OutputInUse {
        /// The folder of the checkpoints.
        path: PathBuf,
    },
    /// A new run would replace what is in the output folder.
    #[error("{} is there already and would be replaced", path.display())]
    #[diagnostic(code(train::output_exists), help("move it away, or choose another output.dir"))]
    OutputExists {
        /// The folder of the result.
        path: PathBuf,
    },
    /// Another run is writing to the output folder at this moment.
    #[error("{} is in use by another run", path.display())]
    #[diagnostic(
        code(train::output_locked),
        help("wait for its end or stop it, or choose another output.dir")
    )]
    OutputLocked {
        /// The output folder.
        path: PathBuf,
    },
    /// A checkpoint could not be written or read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The metrics of a resumed run could not be taken up.
    #[error("{0}")]
    #[diagnostic(code(train::metrics))]
    Metrics(#[source] TrainableError),
    /// Metrics could not be recorded; the checkpoint of that step has them.
    #[error(
        "the metrics up to step {step} cannot be recorded; the checkpoint keeps them for when the run is resumed: {source}"
    )]
    #[diagnostic(code(train::unrecorded))]
    Unrecorded {
        /// Steps done.
        step: u64,
        /// What went wrong.
        source: TrainableError,
    },
    /// The result could not be written.
    #[error("writing the result to {}: {source}", path.display())]
    #[diagnostic(code(train::output), help("the last checkpoint holds it, so resuming will write it again"))]
    Output {
        /// Where to.
        path: PathBuf,
        /// What went wrong.
        source: TrainableError,
    },
}

/// What a value that is not finite means, and what to do about it. No setting of the optimizer has had an effect before
/// the first update.
fn after_not_finite(step: u64, what: &str) -> (&'static str, &'static str) {
    match step == 0 || (step == 1 && ![HELD_OUT_LOSS, WEIGHT, MOMENT].contains(&what)) {
        true => (
            "nothing was trained yet, so weights of the model or the adapter are too large for float32",
            "use other ones",
        ),
        false => (
            "nothing was saved after the last checkpoint",
            "lower train.learning_rate, lengthen the warm-up or set train.max_grad_norm, or look at the data of this \
             step",
        ),
    }
}

impl TrainError {
    /// The error of a model in a step.
    pub(super) fn model(step: u64) -> impl Fn(TrainableError) -> Self {
        move |source| {
            let help = source.downcast_ref::<model::ModelError>().and_then(Diagnostic::help);
            let help = help.map(|help| help.to_string());
            TrainError::Model { step, source, help }
        }
    }

    /// Who has to act.
    pub fn blame(&self) -> Blame {
        match self {
            TrainError::Refused(refused) => refused.blame(),
            TrainError::Data(error) => error.blame(),
            TrainError::Metrics(_) | TrainError::Unrecorded { .. } | TrainError::Output { .. } => {
                Blame::Storage
            }
            TrainError::Checkpoint(error) => error.blame(),
            TrainError::Model { source, .. } => match source.downcast_ref::<model::ModelError>() {
                Some(model::ModelError::Call(call)) => call.blame(),
                Some(model::ModelError::Memory { .. }) => Blame::Limit,
                _ => Blame::Plugin,
            },
            _ => Blame::Input,
        }
    }
}

/// What an evaluation computes; a step's own values are looked at before its update.
pub(super) const HELD_OUT_LOSS: &str = "the held-out loss";

/// What an update makes.
pub(super) const WEIGHT: &str = "a weight after the update";
pub(super) const MOMENT: &str = "a moment of the optimizer after the update";

fn them(names: &[String]) -> &'static str {
    if names.len() == 1 { "it" } else { "them" }
}

fn they_are(names: &[String]) -> &'static str {
    if names.len() == 1 { "it is" } else { "they are" }
}
