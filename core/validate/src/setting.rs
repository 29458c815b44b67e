//! Single settings that take precedence over those of a file.

use std::fmt;
use std::str::FromStr;

use toml::{Table, Value};

use super::told::Blame;

/// A key of a settings file with its value, written `KEY=VALUE`: a dotted key, and a value in TOML.
///
/// ```
/// use codetune_validate::{NamedText, Setting};
///
/// let file = NamedText { name: "run.toml".into(), text: "[train]\nepochs = 3\n".into() };
/// let setting: Setting = "train.learning_rate=1e-4".parse().unwrap();
/// let merged = file.with(&[setting]).unwrap();
/// assert_eq!(merged.text, "[train]\nepochs = 3\nlearning_rate = 0.0001\n");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The key, split at its dots; never empty.
    key: Vec<String>,
    value: Value,
}

/// Why a setting was rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum SettingError {
    /// It has no equals sign.
    #[error("expected KEY=VALUE")]
    #[diagnostic(code(validate::setting::form))]
    Form,
    /// The key, or a part of it, is empty.
    #[error("the key is empty")]
    #[diagnostic(code(validate::setting::empty_key))]
    EmptyKey,
    /// The value is not one value in TOML.
    #[error("the value is not TOML")]
    #[diagnostic(code(validate::setting::value), help("strings need quotes, as in name='second'"))]
    Value,
    /// The key leads through a value of the file that is not a table.
    #[error("cannot set {key}: {parent} is not a table")]
    #[diagnostic(code(validate::setting::not_a_table))]
    NotATable {
        /// The whole key.
        key: String,
        /// The part of it that is another value.
        parent: String,
    },
}

impl SettingError {
    /// Who has to act.
    pub fn blame(&self) -> Blame {
        Blame::Input
    }
}

impl FromStr for Setting {
    type Err = SettingError;

    fn from_str(given: &str) -> Result<Self, SettingError> {
        let (key, value) = given.split_once('=').ok_or(SettingError::Form)?;
        let value = value.trim().parse().map_err(|_| SettingError::Value)?;
        let key: Vec<String> = key.trim().split('.').map(str::to_owned).collect();
        match key.iter().any(String::is_empty) {
            true => Err(SettingError::EmptyKey),
            false => Ok(Setting { key, value }),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key.join("."), self.value)
    }
}

impl Setting {
    /// Sets the key in a table, and creates the tables that lead to it.
    ///
    /// # Errors
    /// [`SettingError::NotATable`]; the table is unchanged then.
    pub fn apply(&self, table: &mut Table) -> Result<(), SettingError> {
        let Some((last, parents)) = self.key.split_last() else { return Err(SettingError::EmptyKey) };
        let mut seen = &*table;
        for (index, parent) in parents.iter().enumerate() {
            match seen.get(parent) {
                None => break,
                Some(Value::Table(inner)) => seen = inner,
                Some(_) => {
                    let parent = parents.iter().take(index + 1).cloned().collect::<Vec<_>>().join(".");
                    return Err(SettingError::NotATable { key: self.key.join("."), parent });
                }
            }
        }
        let mut section = table;
        for parent in parents {
            let entry = section.entry(parent.as_str()).or_insert_with(|| Value::Table(Table::new()));
            let Value::Table(inner) = entry else { return Err(SettingError::EmptyKey) };
            section = inner;
        }
        section.insert(last.clone(), self.value.clone());
        Ok(())
    }
}

/// Text in TOML, and what errors call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedText {
    /// The name, for example of a file.
    pub name: String,
    /// The text.
    pub text: String,
}

impl NamedText {
    /// The text with settings that take precedence, later ones over earlier ones.
    ///
    /// A text that is not TOML is returned unchanged, so that its reader reports errors with their positions in the
    /// file.
    ///
    /// # Errors
    /// As [`Setting::apply`].
    pub fn with(self, settings: &[Setting]) -> Result<Self, SettingError> {
        let Ok(mut table) = self.text.parse::<Table>() else { return Ok(self) };
        if settings.is_empty() {
            return Ok(self);
        }
        settings.iter().try_for_each(|setting| setting.apply(&mut table))?;
        let name = match self.name.is_empty() {
            true => "--set".to_owned(),
            false => format!("{} with --set", self.name),
        };
        Ok(NamedText { name, text: table.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(text: &str, settings: &[&str]) -> Result<Table, SettingError> {
        let mut table: Table = text.parse().unwrap();
        for setting in settings {
            setting.parse::<Setting>()?.apply(&mut table)?;
        }
        Ok(table)
    }

    #[test]
    fn a_key_is_set_in_its_section() {
        let table = applied(
            "seed = 1\n[train]\nepochs = 3\n",
            &["train.learning_rate=1e-4", "output.dir='runs/b'", "seed = 2"],
        );
        let expected =
            "seed = 2\n\n[train]\nepochs = 3\nlearning_rate = 0.0001\n\n[output]\ndir = \"runs/b\"\n";
        assert_eq!(table.unwrap(), expected.parse::<Table>().unwrap());
    }

    #[test]
    fn values_keep_their_types() {
        let table = applied("", &["a=1", "b=1.0", "c=true", "d='1'", "e=['x', 'y']", "f={ depth = 2 }"]);
        let expected = "a = 1\nb = 1.0\nc = true\nd = '1'\ne = ['x', 'y']\nf = { depth = 2 }";
        assert_eq!(table.unwrap(), expected.parse::<Table>().unwrap());
    }

    #[test]
    fn what_is_not_a_key_and_a_value_is_rejected() {
        use SettingError::{EmptyKey, Form, Value};
        for (setting, error) in [
            ("train", Form),
            ("=1", EmptyKey),
            ("train.=1", EmptyKey),
            ("train..epochs=1", EmptyKey),
            ("name=no quotes", Value),
            ("seed=1\nname='x'", Value),
            ("seed=", Value),
        ] {
            assert_eq!(setting.parse::<Setting>(), Err(error), "{setting}");
        }
    }

    #[test]
    fn a_key_below_another_value_is_rejected_and_changes_nothing() {
        let mut table: Table = "[train]\nepochs = 3".parse().unwrap();
        let before = table.clone();
        let error = "train.epochs.most=1".parse::<Setting>().unwrap().apply(&mut table).unwrap_err();
        assert_eq!(error.to_string(), "cannot set train.epochs.most: train.epochs is not a table");
        assert_eq!(table, before);
    }

    #[test]
    fn a_text_that_is_not_toml_is_left_to_its_reader() {
        let setting: Setting = "seed=2".parse().unwrap();
        let file = |name: &str, text: &str| NamedText { name: name.into(), text: text.into() };
        let settings = std::slice::from_ref(&setting);
        let broken = file("a.toml", "seed = ");
        assert_eq!(broken.clone().with(settings), Ok(broken));
        let kept = file("a.toml", "# why\nseed   = 1");
        assert_eq!(kept.clone().with(&[]), Ok(kept.clone()));
        assert_eq!(kept.with(settings), Ok(file("a.toml with --set", "seed = 2\n")));
        assert_eq!(file("", "").with(settings), Ok(file("--set", "seed = 2\n")));
    }
}
