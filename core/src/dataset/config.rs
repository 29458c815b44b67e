//! What the run file says about the dataset.

use serde::{Deserialize, Serialize};

use super::DatasetError;

/// How a dataset is made of documents; part of the run file and of the dataset's manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatasetConfig {
    /// Seed of the split, of fill-in-the-middle and of the order of training.
    pub seed: u64,
    /// Fraction of the groups held out for evaluation, 0 up to but not including 1. 0 holds nothing out.
    pub heldout: f64,
    /// Rules that every kept document fulfils, applied in order.
    pub rules: Vec<Rule>,
    /// Leaves out documents on which an analyzer failed.
    pub quarantine: bool,
    /// Leaves out exact copies.
    pub dedup: bool,
    /// Tokens of a sequence, 2 and up.
    pub max_seq_length: usize,
    /// Fraction of the training documents turned into fill-in-the-middle examples, 0 to 1.
    pub fim_rate: f64,
    /// Fraction of those in suffix-prefix-middle order, the others being prefix-suffix-middle; 0 to 1.
    pub spm_rate: f64,
    /// What the split keeps together.
    pub group: Group,
}

impl Default for DatasetConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            heldout: 0.1,
            rules: Vec::new(),
            quarantine: true,
            dedup: true,
            max_seq_length: 128,
            fim_rate: 0.0,
            spm_rate: 0.5,
            group: Group::File,
        }
    }
}

impl DatasetConfig {
    /// Checks ranges; NaN and infinities are out of every range.
    ///
    /// # Errors
    /// [`DatasetError::Config`] naming the field, its value and what is accepted.
    pub fn check(&self) -> Result<(), DatasetError> {
        let fraction = |field, value: f64, accepted: bool, rule| {
            if accepted {
                Ok(())
            } else {
                Err(DatasetError::Config { field, value: value.to_string(), rule })
            }
        };
        fraction(
            "heldout",
            self.heldout,
            (0.0..1.0).contains(&self.heldout),
            "must be at least 0 and less than 1",
        )?;
        let unit = 0.0..=1.0;
        fraction("fim_rate", self.fim_rate, unit.contains(&self.fim_rate), "must be from 0 to 1")?;
        fraction("spm_rate", self.spm_rate, unit.contains(&self.spm_rate), "must be from 0 to 1")?;
        if !(2..=u32::MAX as usize / 2).contains(&self.max_seq_length) {
            return Err(DatasetError::Config {
                field: "max_seq_length",
                value: self.max_seq_length.to_string(),
                rule: "must be at least 2: a sequence of one token has nothing to predict",
            });
        }
        match self.group {
            Group::Depth(0) => Err(DatasetError::Config {
                field: "group.depth",
                value: "0".to_owned(),
                rule: "must be at least 1: with 0 all files are one group and nothing can be held out",
            }),
            _ => Ok(()),
        }
    }
}

/// A condition that every kept document fulfils.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Names the rule in reasons and errors.
    pub name: String,
    /// A boolean expression in CEL; see [`super::mix`] for the variables.
    pub keep_if: String,
}

/// What the split keeps on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// Each file is drawn on its own.
    File,
    /// The files of a directory stay together (not those of its subdirectories).
    Directory,
    /// Files that share that many leading directories stay together: `{ depth = 2 }`.
    Depth(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut DatasetConfig)) -> String {
        let mut config = DatasetConfig::default();
        change(&mut config);
        config.check().unwrap_err().to_string()
    }

    #[test]
    fn defaults_are_accepted() {
        DatasetConfig::default().check().unwrap();
    }

    #[test]
    fn numbers_out_of_range_are_refused_by_name() {
        assert!(refused(|c| c.heldout = f64::NAN).contains("dataset.heldout = NaN"));
        assert!(refused(|c| c.heldout = 1.0).contains("dataset.heldout = 1"));
        assert!(refused(|c| c.fim_rate = f64::INFINITY).contains("dataset.fim_rate = inf"));
        assert!(refused(|c| c.spm_rate = -0.1).contains("dataset.spm_rate = -0.1"));
        assert!(refused(|c| c.max_seq_length = 1).contains("dataset.max_seq_length = 1"));
        assert!(refused(|c| c.group = Group::Depth(0)).contains("dataset.group.depth"));
    }

    #[test]
    fn unknown_keys_and_booleans_for_numbers_are_refused() {
        assert!(toml::from_str::<DatasetConfig>("hedout = 0.1").is_err());
        assert!(toml::from_str::<DatasetConfig>("seed = true").is_err());
        let config: DatasetConfig = toml::from_str("seed = 3\ngroup = { depth = 2 }").unwrap();
        assert_eq!((config.seed, config.group), (3, Group::Depth(2)));
        assert_eq!(toml::from_str::<DatasetConfig>("group = \"directory\"").unwrap().group, Group::Directory);
    }
}
