//! What a command says when it cannot do what was asked.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;

use codetune_core::{
    dataset::DatasetError, model, plugin::CallError, plugin::RegistryError, redact::escape_control,
    redact::redact, run::RunError, source::SourceError, store::StoreError, train::CheckpointError,
    train::RunFileError, train::TrainError, validate::Violation,
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

    /// Takes an error of the core whose text ends with the remedy after a semicolon, in the core's own words.
    pub fn told(exit: Exit, error: &dyn Error) -> Self {
        let text = error.to_string();
        Failure::told_in(exit, &text, &text)
    }

    /// Takes an error of the core whose text has no remedy, or has what others said at its end: a semicolon in it is
    /// theirs.
    pub fn whole(exit: Exit, error: &dyn Error) -> Self {
        Failure::told_in(exit, &error.to_string(), "")
    }

    /// Takes a text at the end of which `own` stands, the core's own words, where a remedy is looked for.
    fn told_in(exit: Exit, text: &str, own: &str) -> Self {
        let remedy = match own.rsplit_once("; ") {
            Some((_, remedy)) if !remedy.contains('\n') && text.ends_with(own) => Some(remedy),
            _ => None,
        };
        let text = match remedy {
            Some(remedy) => {
                text.strip_suffix(remedy).and_then(|text| text.strip_suffix("; ")).unwrap_or(text)
            }
            None => text,
        };
        let mut lines = text.lines().map(str::to_owned);
        let what = lines.next().unwrap_or_default();
        Failure { exit, what, why: lines.collect(), help: remedy.map(str::to_owned) }
    }

    /// Takes what a plugin said, after words of our own. Of several lines each but the first is marked, so that none
    /// passes for a line of ours.
    fn said(exit: Exit, before: &str, said: &str, remedy: Option<&str>) -> Self {
        let mut lines = said.lines();
        let what = format!("{before}{}", lines.next().unwrap_or_default());
        Failure { exit, what, why: lines.map(quoted).collect(), help: remedy.map(str::to_owned) }
    }

    /// Adds where or why.
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why.push(why.into());
        self
    }

    /// Says what to type next. What was said of it before stays, among the reasons.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.why.extend(self.help.replace(help.into()));
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
            // A text of others may hold several lines, any of which may look like one of ours.
            let line = if is_label(line) { quoted(line) } else { line.clone() };
            text.push_str(&format!("  {}\n", clean(&line)));
        }
        if let Some(help) = &self.help {
            text.push_str(&format!("  {}: {}\n", paint(color, Style::Help, "help"), clean(help)));
        }
        // There is no one left to tell when stderr is closed.
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

/// A line of what someone else said.
fn quoted(line: &str) -> String {
    format!("| {line}")
}

/// Whether a line could pass for one of ours: it begins with one of our labels.
fn is_label(line: &str) -> bool {
    let line = line.trim_start().to_ascii_lowercase();
    ["error", "warning", "help", "note"].iter().any(|label| {
        let rest = line.strip_prefix(label).map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with([':', '[']))
    })
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
        match error {
            RegistryError::Unknown { name, hint } => {
                Failure::usage(format!("there is no plugin `{name}`")).help(hint)
            }
            RegistryError::Ambiguous { name, candidates } => {
                let (last, others) =
                    candidates.split_last().map_or(("", &[][..]), |(last, rest)| (&**last, rest));
                Failure::usage(format!("the plugin `{name}` may be {} or {last}", others.join(", ")))
                    .help(format!("write the whole name, such as {last}"))
            }
            RegistryError::NotReady { name, state, reason } => {
                let failure = Failure::new(Exit::Plugin, format!("plugin {name} is {state}"));
                // Who switched it off, or has to consent, is the user: these words are ours, and a remedy.
                if state == "disabled" {
                    return failure.help(reason);
                }
                let failure = reason.lines().fold(failure, Failure::why);
                failure.help(format!("see it with: codetune plugin info {}", shell_word(&name)))
            }
            RegistryError::SeveralBackends { architecture, backends } => {
                let named = backends.first().map_or("", String::as_str);
                Failure::usage(format!("{architecture} is described by several backends: {}", backends.join(", ")))
                    .help(format!(
                        "name one: --backend {named}, or in a run file model.backend = \"{named}\"; or switch the others \
                         off: --disable NAME"
                    ))
            }
            RegistryError::Folder { .. } => Failure::told(Exit::Usage, &error),
        }
    }
}

/// A name as a shell takes it.
fn shell_word(name: &str) -> String {
    shlex::try_quote(name).map_or_else(|_| name.to_owned(), std::borrow::Cow::into_owned)
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Failure::called("", &error)
    }
}

impl Failure {
    /// Takes what became of a call into a plugin, with what was under way before it.
    fn called(doing: &str, error: &CallError) -> Self {
        use codetune_core::plugin::Fault;
        let exit = match &error.fault {
            Fault::Said(codetune_plugin_sdk::Error::InvalidConfig(_)) => Exit::Usage,
            Fault::Stopped => Exit::Interrupted,
            _ => Exit::Plugin,
        };
        let CallError { plugin, fault } = error;
        Failure::said(exit, &format!("{doing}plugin {plugin}: "), &fault.cause(), fault.remedy())
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        let exit = if matches!(error, SourceError::IgnoreFile(_)) { Exit::Storage } else { Exit::Usage };
        Failure::told(exit, &error)
    }
}

impl From<Violation> for Failure {
    fn from(error: Violation) -> Self {
        Failure::whole(Exit::Usage, &error)
    }
}

impl From<RunFileError> for Failure {
    fn from(error: RunFileError) -> Self {
        match &error {
            RunFileError::Syntax { .. } | RunFileError::Value { .. } => Failure::whole(Exit::Usage, &error),
            _ => Failure::told(Exit::Usage, &error),
        }
    }
}

impl From<DatasetError> for Failure {
    fn from(error: DatasetError) -> Self {
        let exit = match &error {
            DatasetError::Stopped => Exit::Interrupted,
            DatasetError::Io { source, .. } if source.kind() != io::ErrorKind::NotFound => Exit::Storage,
            _ => Exit::Usage,
        };
        use DatasetError::{
            DuplicatePath, DuplicateRule, Invalid, Path, Rule, Settings, Tape, TextNotKept, Tokenizer,
            Version,
        };
        match &error {
            Rule { cause, .. } | Settings { cause, .. } | Tape { cause, .. } => {
                Failure::told_in(exit, &error.to_string(), cause)
            }
            Invalid(_)
            | DuplicateRule(_)
            | Path(_)
            | DuplicatePath(_)
            | TextNotKept(_)
            | Tokenizer(_)
            | Version { .. } => Failure::whole(exit, &error),
            _ => Failure::told(exit, &error),
        }
    }
}

impl From<model::ModelError> for Failure {
    fn from(error: model::ModelError) -> Self {
        Failure::of_model_error("", &error)
    }
}

impl Failure {
    /// Takes what a model said, with what was under way before it.
    fn of_model_error(doing: &str, error: &model::ModelError) -> Self {
        use model::ModelError::{Adapter, Batch, Call, Config, Generation, Refused};
        let (exit, text) = (of_model(error), format!("{doing}{error}"));
        match error {
            Call(call) => Failure::called(doing, call),
            Refused { path, plugin, why } => {
                let before = format!("{doing}{}: plugin {plugin} refuses it: ", path.display());
                Failure::said(exit, &before, why, None)
            }
            Config { message, .. } => Failure::told_in(exit, &text, message),
            Adapter(own) | Batch(own) => Failure::told_in(exit, &text, own),
            Generation(_) => Failure::told_in(exit, &text, ""),
            _ => Failure::told_in(exit, &text, &text),
        }
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
        use StoreError::{
            Ambiguous, Database, Duplicate, Invalid, Io, Location, NotFound, Refused, State, Unreadable,
            UnsupportedScheme,
        };
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
        let failure = match &error {
            Location { reason, .. } => Failure::told_in(exit, &error.to_string(), reason),
            Invalid(_)
            | NotFound { .. }
            | Refused { .. }
            | Unreadable { .. }
            | Io { .. }
            | Database { .. } => Failure::whole(exit, &error),
            _ => Failure::told(exit, &error),
        };
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
        match &error {
            TrainError::Refused(refused) => Failure::of_model_error("", refused),
            TrainError::Model { step, source } => match source.downcast_ref::<model::ModelError>() {
                Some(said) => {
                    let failure = Failure::of_model_error(&format!("model, step {step}: "), said);
                    Failure { exit, ..failure }
                }
                None => Failure::told(exit, &error),
            },
            _ => Failure::told(exit, &error),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        use RunError::{
            Dataset, Failed, Model, NoBackend, OtherRuntime, Read, Registry, Store, Train, Unrecorded,
        };
        match error {
            Registry(error) => error.into(),
            Model(error) => error.into(),
            Dataset(error) => error.into(),
            Train(error) => error.into(),
            Store(error) => error.into(),
            Failed { run, source } => Failure::from(*source).why(format!("run {run}")),
            NoBackend { .. } | OtherRuntime { .. } => Failure::told(Exit::Plugin, &error),
            Read { .. } | Unrecorded { .. } => Failure::told(Exit::Storage, &error),
            _ => Failure::told(Exit::Usage, &error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedy_of_a_core_error_becomes_the_help() {
        let error =
            codetune_core::source::discover(Path::new("/no/such/place"), &Default::default()).unwrap_err();
        let failure = Failure::from(error);
        assert_eq!(failure.exit(), Exit::Usage);
        assert_eq!(failure.help.as_deref(), Some("give the path of a file or directory that exists"));
        assert!(failure.what.starts_with("cannot read /no/such/place"), "{failure:?}");
    }

    /// All that is printed, in order.
    fn printed(failure: &Failure) -> String {
        let help = failure.help.iter().map(|help| format!("help: {help}"));
        std::iter::once(failure.what.clone())
            .chain(failure.why.clone())
            .chain(help)
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn a_semicolon_in_the_words_of_others_tears_nothing() {
        use codetune_core::plugin::Fault;
        use codetune_core::validate::Constraint;
        let said = || Fault::from(codetune_plugin_sdk::Error::failed("no; never; ever")).of("acme/x");
        let violation = || Violation::new("name", "\"a; b\"", Constraint::Character, "letters");
        let in_training = |source| TrainError::Model { step: 7, source };
        let failures: Vec<(Failure, &str)> = vec![
            (said().into(), "plugin acme/x: no; never; ever"),
            (model::ModelError::Call(said()).into(), "plugin acme/x: no; never; ever"),
            (
                in_training(Box::new(model::ModelError::Call(said()))).into(),
                "model, step 7: plugin acme/x: no; never; ever",
            ),
            (RunError::Model(model::ModelError::Call(said())).into(), "plugin acme/x: no; never; ever"),
            (
                model::ModelError::Refused {
                    path: "c.json".into(),
                    plugin: "acme/x".into(),
                    why: "a; b".into(),
                }
                .into(),
                "c.json: plugin acme/x refuses it: a; b",
            ),
            (violation().into(), "name: \"a; b\" contains a character that is not allowed: expected letters"),
            (
                StoreError::Invalid(violation()).into(),
                "name: \"a; b\" contains a character that is not allowed: expected letters",
            ),
            (
                DatasetError::DuplicatePath("a; b".into()).into(),
                "two documents have the path \"a; b\": paths must be unique, the split and the order follow them",
            ),
            (
                DatasetError::Rule { name: "a; b".into(), line: 1, column: 2, cause: "no".into() }.into(),
                "rule \"a; b\", line 1, column 2: no",
            ),
        ];
        for (failure, expected) in failures {
            assert_eq!(printed(&failure), expected);
        }
        let trapped = Failure::from(Fault::Trapped("a; b".into()).of("acme/x"));
        assert_eq!(
            printed(&trapped),
            "plugin acme/x: trapped: a; b\nhelp: report this to the plugin's author"
        );
    }

    #[test]
    fn what_was_said_before_another_help_stays() {
        let failure = Failure::told(Exit::Usage, &io::Error::other("no; do this")).help("do that");
        assert_eq!(printed(&failure), "no\ndo this\nhelp: do that");
    }

    #[test]
    fn a_closed_pipe_is_no_error() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((failure.exit(), failure.what.as_str()), (Exit::Done, ""));
    }
}
