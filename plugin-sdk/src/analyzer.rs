use serde::de::DeserializeOwned;

use crate::{Error, Report, Source};

/// Looks for something in source files.
///
/// The host makes one instance for each worker, so an instance is never called from two threads at once. It
/// may keep state, but what it says of a file must depend on that file and the configuration alone: results
/// are cached by content, and files come in any order.
pub trait Analyzer: Sized + Send + 'static {
    /// The configuration, read from JSON that fits the manifest's `config` table with defaults filled in.
    type Config: DeserializeOwned;

    /// Makes an instance. Called once for each worker, before any file.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] where the values, each within its bounds, do not go together.
    fn new(config: Self::Config, setup: &Setup) -> Result<Self, Error>;

    /// Analyses one file and adds what it finds to `report`.
    ///
    /// # Errors
    /// An error costs this file only: its report is dropped, the error is kept beside the others' results.
    fn analyze(&mut self, source: &Source<'_>, report: &mut Report) -> Result<(), Error>;
}

/// A rule of the plugin's manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleId(pub(crate) u16);

/// An attribute of the plugin's manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttributeId(pub(crate) u16);

/// The names of the plugin's own manifest, by which an instance finds its rules and attributes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setup {
    /// The configuration as a JSON object.
    pub config: String,
    /// Rule ids, in the manifest's order.
    pub rules: Vec<String>,
    /// Attribute names, in the manifest's order.
    pub attributes: Vec<String>,
}

impl Setup {
    /// Finds a rule by its id.
    ///
    /// # Errors
    /// [`Error::Failed`] where the manifest declares no such rule.
    pub fn rule(&self, id: &str) -> Result<RuleId, Error> {
        index(&self.rules, id, "rule").map(RuleId)
    }

    /// Finds an attribute by its name.
    ///
    /// # Errors
    /// [`Error::Failed`] where the manifest declares no such attribute.
    pub fn attribute(&self, name: &str) -> Result<AttributeId, Error> {
        index(&self.attributes, name, "attribute").map(AttributeId)
    }

    /// Makes an analyzer from this set-up, as every runtime does.
    pub(crate) fn analyzer<A: Analyzer>(&self) -> Result<A, Error> {
        let config = serde_json::from_str(&self.config).map_err(|e| Error::InvalidConfig(e.to_string()))?;
        A::new(config, self)
    }
}

fn index(names: &[String], wanted: &str, what: &str) -> Result<u16, Error> {
    let position = names.iter().position(|name| name == wanted);
    position.and_then(|at| u16::try_from(at).ok()).ok_or_else(|| {
        Error::Failed(format!("the manifest declares no {what} `{wanted}`: add it to plugin.toml"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_rules_and_attributes_by_name() {
        let setup = Setup {
            config: "{}".into(),
            rules: vec!["a".into(), "b".into()],
            attributes: vec!["lines".into()],
        };
        assert_eq!(setup.rule("b"), Ok(RuleId(1)));
        assert_eq!(setup.attribute("lines"), Ok(AttributeId(0)));
    }

    #[test]
    fn names_the_rule_that_the_manifest_lacks() {
        let error = Setup::default().rule("todo").unwrap_err();
        assert!(error.to_string().contains("no rule `todo`"), "{error}");
    }
}
