//! Selecting analyzers by name, and setting their options from text.

use codetune_plugin::{CallError, Registry, RegistryError, ValueKind};
use codetune_validate::Blame;
use serde_json::Value;

use super::options::Selected;

/// Why an option of an analyzer was rejected.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum OptionError {
    /// It is not `PLUGIN.KEY=VALUE`.
    #[error("an option of an analyzer is written PLUGIN.KEY=VALUE")]
    #[diagnostic(code(analysis::option::form), help("for example: metrics.max_cyclomatic=10"))]
    Form,
    /// Its plugin's name is ambiguous.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Name(RegistryError),
    /// Its analyzer is not selected.
    #[error("analyzer `{analyzer}` is not selected")]
    #[diagnostic(code(analysis::option::not_selected), help("the selected analyzers are {}", selected.join(", ")))]
    NotSelected {
        /// The analyzer.
        analyzer: String,
        /// The names of the selected analyzers.
        selected: Vec<String>,
    },
    /// The analyzer has no such option, or its value is invalid.
    #[error("{0}")]
    #[diagnostic(
        code(analysis::option::invalid),
        help("list its options with: codetune plugin info {}", .0.plugin)
    )]
    Invalid(CallError),
}

impl OptionError {
    /// Who has to act.
    pub fn blame(&self) -> Blame {
        match self {
            OptionError::Form | OptionError::NotSelected { .. } | OptionError::Invalid(_) => Blame::Input,
            OptionError::Name(error) => error.blame(),
        }
    }
}

/// The analyzers with these names, or all that are ready if there are none, with default options.
///
/// # Errors
/// A name is unknown or ambiguous, or that plugin is not ready.
pub fn select_analyzers(registry: &Registry, names: &[String]) -> Result<Vec<Selected>, RegistryError> {
    match names.is_empty() {
        true => Ok(registry.analyzers().into_iter().map(Selected::new).collect()),
        false => names.iter().map(|name| registry.ready(name).map(Selected::new)).collect(),
    }
}

/// Sets an option of a selected analyzer from `PLUGIN.KEY=VALUE`. The manifest declares the type of the value, and its
/// bounds.
///
/// # Errors
/// See [`OptionError`].
pub fn set_option(selected: &mut [Selected], registry: &Registry, given: &str) -> Result<(), OptionError> {
    let (name, value) = given.split_once('=').ok_or(OptionError::Form)?;
    let (plugin, key) = name.rsplit_once('.').ok_or(OptionError::Form)?;
    // Resolve the name as everywhere else, even if that plugin is not selected.
    let meant = match registry.get(plugin) {
        Ok(entry) => entry.name.as_str(),
        Err(RegistryError::Unknown { .. }) => plugin,
        Err(other) => return Err(OptionError::Name(other)),
    };
    let Some(analyzer) = selected.iter_mut().find(|one| one.plugin.manifest().name == meant) else {
        let selected = selected.iter().map(|one| one.plugin.manifest().name.clone()).collect();
        return Err(OptionError::NotSelected { analyzer: meant.to_owned(), selected });
    };
    let kind = analyzer.plugin.manifest().config.get(key).map(|option| option.kind);
    let value = match kind {
        Some(ValueKind::Text) => Value::String(value.to_owned()),
        // The manifest reports an unknown key, with the nearest known one.
        _ => serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned())),
    };
    analyzer.options.insert(key.to_owned(), value);
    analyzer.plugin.resolve_config(&analyzer.options).map(drop).map_err(OptionError::Invalid)
}
