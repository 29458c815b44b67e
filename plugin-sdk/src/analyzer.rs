use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::manifest_id::{AttributeId, RuleId};
use crate::report::Report;
use crate::source::Source;

/// Analyzes source files.
///
/// The host creates one instance per worker, and never calls an instance from two threads at once. Instances can have
/// state, but the results for a file must depend only on that file and the configuration: they are cached by content,
/// and files arrive in any order.
pub trait Analyzer: Sized + Send + 'static {
    /// The configuration, deserialized from JSON that was validated against the manifest's `config` table, with
    /// defaults.
    type Config: DeserializeOwned;

    /// Creates an instance. Called once per worker, before any file.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] if valid values contradict each other.
    fn new(config: Self::Config, setup: &Setup) -> Result<Self, Error>;

    /// Analyzes a file and adds results to `report`.
    ///
    /// # Errors
    /// An error affects only this file: its report is discarded, and the error is recorded.
    fn analyze(&mut self, source: &Source<'_>, report: &mut Report) -> Result<(), Error>;
}

/// Names from the plugin's manifest, in which an instance looks up its rules and attributes.
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
    /// Looks up a rule by its id.
    ///
    /// # Errors
    /// [`Error::Failed`] if the manifest declares no such rule.
    pub fn rule(&self, id: &str) -> Result<RuleId, Error> {
        index(&self.rules, id, "rule").map(RuleId)
    }

    /// Looks up an attribute by its name.
    ///
    /// # Errors
    /// [`Error::Failed`] if the manifest declares no such attribute.
    pub fn attribute(&self, name: &str) -> Result<AttributeId, Error> {
        index(&self.attributes, name, "attribute").map(AttributeId)
    }

    /// Creates an analyzer, as every runtime does.
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
