//! The errors of the core as failures: their exit codes, places, and what plugins said in them.

use codetune_core::{
    analysis::AnalysisError,
    dataset::DatasetError,
    model::ModelError,
    plugin::{CallError, RegistryError},
    run::RunError,
    source::SourceError,
    store::StoreError,
    train::{RunFileError, TrainError},
    validate::Violation,
};
use miette::Diagnostic;

use super::Failure;

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Failure::of(error.blame().into(), &error)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Failure::called("", &error)
    }
}

impl Failure {
    /// Takes what became of a call into a plugin, with what was under way before it.
    fn called(doing: &str, error: &CallError) -> Self {
        let CallError { plugin, fault } = error;
        Failure::said(error.blame().into(), error, &format!("{doing}plugin {plugin}: "), &fault.to_string())
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Failure::of(error.blame().into(), &error)
    }
}

impl From<AnalysisError> for Failure {
    fn from(error: AnalysisError) -> Self {
        let failure = Failure::of(error.blame().into(), &error);
        match &error {
            AnalysisError::Options(call) => Failure { help: failure.help, ..Failure::called("", call) },
            _ => failure,
        }
    }
}

impl From<Violation> for Failure {
    fn from(error: Violation) -> Self {
        Failure::of(error.blame().into(), &error)
    }
}

impl From<RunFileError> for Failure {
    fn from(error: RunFileError) -> Self {
        let failure = Failure::of(error.blame().into(), &error);
        match error.place() {
            Some(place) => failure.at(&place.file, place.line, Some(place.column)),
            None => failure,
        }
    }
}

impl From<DatasetError> for Failure {
    fn from(error: DatasetError) -> Self {
        let failure = Failure::of(error.blame().into(), &error);
        match &error {
            DatasetError::Settings { path, line, .. } if *line > 0 => {
                failure.at(path.to_string_lossy(), *line, None)
            }
            _ => failure,
        }
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        Failure::of_model("", &error)
    }
}

impl Failure {
    /// Takes what a model said, with what was under way before it.
    fn of_model(doing: &str, error: &ModelError) -> Self {
        let exit = error.blame().into();
        match error {
            ModelError::Call(call) => Failure::called(doing, call),
            ModelError::Refused { path, plugin, why } => {
                let before = format!("{doing}{}: plugin {plugin} refuses it: ", path.display());
                Failure::said(exit, error, &before, why)
            }
            _ => {
                let failure = Failure::of(exit, error);
                Failure { what: format!("{doing}{}", failure.what), ..failure }
            }
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::of(error.blame().into(), &error)
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        let exit = error.blame().into();
        match &error {
            TrainError::Refused(refused) => Failure::of_model("", refused),
            TrainError::Model { step, source, .. } => match source.downcast_ref::<ModelError>() {
                Some(said) => {
                    let failure = Failure::of_model(&format!("model, step {step}: "), said);
                    Failure { exit, ..failure }
                }
                None => Failure::of(exit, &error),
            },
            TrainError::Metrics(source) | TrainError::Unrecorded { source, .. } => {
                let failure = Failure::of(exit, &error);
                match source.downcast_ref::<StoreError>().and_then(Diagnostic::help) {
                    Some(help) => failure.help(help.to_string()),
                    None => failure,
                }
            }
            _ => Failure::of(exit, &error),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Registry(error) => error.into(),
            RunError::Model(error) => error.into(),
            RunError::Dataset(error) => error.into(),
            RunError::Train(error) => error.into(),
            RunError::Store(error) => error.into(),
            RunError::Failed { run, source } => Failure::from(*source).why(format!("run {run}")),
            _ => Failure::of(error.blame().into(), &error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::tests::printed;
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn the_remedy_of_a_core_error_becomes_the_help() {
        let error =
            codetune_core::source::discover(Path::new("/no/such/place"), &Default::default()).unwrap_err();
        let failure = Failure::from(error);
        assert_eq!(failure.exit(), Exit::Usage);
        assert_eq!(failure.help.as_deref(), Some("give the path of a file or directory that exists"));
        assert!(failure.what.starts_with("cannot read /no/such/place"), "{failure:?}");
    }

    #[test]
    fn a_semicolon_in_the_words_of_others_tears_nothing() {
        use codetune_core::plugin::Fault;
        use codetune_core::validate::Constraint;
        let said = || Fault::from(codetune_plugin_sdk::Error::failed("no; never; ever")).of("acme/x");
        let violation = || Violation::new("name", "\"a; b\"", Constraint::Character, "letters");
        let in_training = |source| TrainError::Model { step: 7, source, help: None };
        let failures: Vec<(Failure, &str)> = vec![
            (said().into(), "plugin acme/x: no; never; ever"),
            (ModelError::Call(said()).into(), "plugin acme/x: no; never; ever"),
            (
                in_training(Box::new(ModelError::Call(said()))).into(),
                "model, step 7: plugin acme/x: no; never; ever",
            ),
            (RunError::Model(ModelError::Call(said())).into(), "plugin acme/x: no; never; ever"),
            (
                ModelError::Refused { path: "c.json".into(), plugin: "acme/x".into(), why: "a; b".into() }
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
}
