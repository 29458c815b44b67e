//! What a command says when it cannot do what was asked.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;

use codetune_core::{
    dataset::DatasetError, model, plugin::CallError, plugin::RegistryError, run::RunError,
    source::SourceError, store::StoreError, train::CheckpointError, train::RunFileError, train::TrainError,
    validate::Violation, validate::escape_control, validate::redact,
};

use crate::exit::Exit;
use crate::terminal::style::{Style, paint};

/// One error: what went wrong, where or why, and what to type next.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    what: String,
    why: Vec<String>,
    help: Option<String>,
}

impl Failure {
    /// An error with this exit code.
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Failure { exit, what: what.into(), why: Vec::new(), help: None }
    }

    /// Wrong arguments or bad input.
    pub fn usage(what: impl Into<String>) -> Self {
        Failure::new(Exit::Usage, what)
    }

    /// A file or folder that the system refuses.
    pub fn file(doing: &str, path: &Path, error: &io::Error) -> Self {
        Failure::new(Exit::Storage, format!("cannot {doing} {}", path.display())).why(error.to_string())
    }

    /// Ends with this code and says nothing, because everything was said.
    pub fn quiet(exit: Exit) -> Self {
        Failure::new(exit, "")
    }

    /// Takes an error of the core, whose text ends with the way out after a semicolon.
    pub fn told(exit: Exit, error: &dyn Error) -> Self {
        let text = error.to_string();
        let (text, help) = match text.rsplit_once("; ") {
            Some((before, way_out)) if !way_out.contains('\n') => {
                (before.to_owned(), Some(way_out.to_owned()))
            }
            _ => (text, None),
        };
        let mut lines = text.lines().map(str::to_owned);
        let what = lines.next().unwrap_or_default();
        Failure { exit, what, why: lines.collect(), help }
    }

    /// Adds where or why.
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why.push(why.into());
        self
    }

    /// Says what to type next.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Prints it to stderr.
    pub fn print(&self, color: bool) {
        if self.what.is_empty() {
            return;
        }
        let clean = |text: &str| redact(&escape_control(text)).into_owned();
        let mut text = format!("{}: {}\n", paint(color, Style::Error, "error"), clean(&self.what));
        for line in &self.why {
            text.push_str(&format!("  {}\n", clean(line)));
        }
        if let Some(help) = &self.help {
            text.push_str(&format!("  {}: {}\n", paint(color, Style::Help, "help"), clean(help)));
        }
        // There is no one left to tell when stderr is closed.
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

/// A closed pipe is how a reader says that it has seen enough.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::quiet(Exit::Done),
            _ => Failure::new(Exit::Storage, "cannot write the output").why(error.to_string()),
        }
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        let help = match &error {
            RegistryError::Unknown { hint, .. } => Some(hint.clone()),
            RegistryError::NotReady { reason, .. } => Some(reason.clone()),
            RegistryError::Duplicate { .. } | RegistryError::Folder { .. } => None,
        };
        match error {
            RegistryError::Unknown { name, .. } => {
                Failure { help, ..Failure::usage(format!("there is no plugin `{name}`")) }
            }
            RegistryError::NotReady { name, state, .. } => {
                Failure { help, ..Failure::new(Exit::Plugin, format!("plugin {name} is {state}")) }
            }
            RegistryError::Duplicate { .. } => Failure::told(Exit::Plugin, &error),
            RegistryError::Folder { .. } => Failure::told(Exit::Usage, &error),
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        use codetune_core::plugin::Fault;
        let exit = match &error.fault {
            Fault::Said(codetune_plugin_sdk::Error::InvalidConfig(_)) => Exit::Usage,
            _ => Exit::Plugin,
        };
        Failure::told(exit, &error)
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Failure::told(Exit::Usage, &error)
    }
}

impl From<Violation> for Failure {
    fn from(error: Violation) -> Self {
        Failure::told(Exit::Usage, &error)
    }
}

impl From<RunFileError> for Failure {
    fn from(error: RunFileError) -> Self {
        Failure::told(Exit::Usage, &error)
    }
}

impl From<DatasetError> for Failure {
    fn from(error: DatasetError) -> Self {
        let exit = match &error {
            DatasetError::Io { source, .. } if source.kind() != io::ErrorKind::NotFound => Exit::Storage,
            _ => Exit::Usage,
        };
        Failure::told(exit, &error)
    }
}

impl From<model::ModelError> for Failure {
    fn from(error: model::ModelError) -> Self {
        Failure::told(of_model(&error), &error)
    }
}

fn of_model(error: &model::ModelError) -> Exit {
    use model::ModelError::{Call, Write};
    match error {
        Call(_) => Exit::Plugin,
        Write { .. } => Exit::Storage,
        _ => Exit::Usage,
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        use StoreError::{Ambiguous, Duplicate, Invalid, Location, NotFound, State, UnsupportedScheme};
        let exit = match &error {
            Invalid(_)
            | Duplicate { .. }
            | NotFound { .. }
            | Ambiguous { .. }
            | Location { .. }
            | UnsupportedScheme { .. }
            | State { .. } => Exit::Usage,
            _ => Exit::Storage,
        };
        let failure = Failure::told(exit, &error);
        match &error {
            Duplicate { what: "run named", name } => failure.help(format!(
                "choose another name, or delete the record of that run with: codetune runs delete {name}"
            )),
            _ => failure,
        }
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        let exit = match &error {
            TrainError::Refused(refused) => of_model(refused),
            TrainError::Metrics(_)
            | TrainError::Unrecorded { .. }
            | TrainError::Output { .. }
            | TrainError::Checkpoint(CheckpointError::Io { .. } | CheckpointError::Damaged { .. }) => {
                Exit::Storage
            }
            TrainError::Model { .. } => Exit::Plugin,
            _ => Exit::Usage,
        };
        Failure::told(exit, &error)
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        use RunError::{
            Dataset, Failed, Model, NoBackend, OtherCarrier, Read, Registry, Store, Train, Unrecorded,
        };
        match error {
            Registry(error) => error.into(),
            Model(error) => error.into(),
            Dataset(error) => error.into(),
            Train(error) => error.into(),
            Store(error) => error.into(),
            Failed { run, source } => Failure::from(*source).why(format!("run {run}")),
            NoBackend { .. } | OtherCarrier { .. } => Failure::told(Exit::Plugin, &error),
            Read { .. } | Unrecorded { .. } => Failure::told(Exit::Storage, &error),
            _ => Failure::told(Exit::Usage, &error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_out_of_a_core_error_becomes_the_help() {
        let error =
            codetune_core::source::discover(Path::new("/no/such/place"), &Default::default()).unwrap_err();
        let failure = Failure::from(error);
        assert_eq!(failure.exit(), Exit::Usage);
        assert_eq!(failure.help.as_deref(), Some("give the path of a file or directory that exists"));
        assert!(failure.what.starts_with("cannot read /no/such/place"), "{failure:?}");
    }

    #[test]
    fn a_closed_pipe_is_no_error() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((failure.exit(), failure.what.as_str()), (Exit::Done, ""));
    }
}
