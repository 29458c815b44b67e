//! How a dataset is made.

use std::path::Path;
use std::str::FromStr;

use codetune_validate::{self as v, NamedText, Setting, Violation};
use miette::Diagnostic;
use serde::{Deserialize, Serialize};

use super::error::DatasetError;
use super::fim;
use super::tokenizer::CodeTokenizer;

/// Tokens of text that an example of fill-in-the-middle has room for at least: of a few characters, whatever they are.
const LEAST_TEXT: usize = 12;

/// How a dataset is made of documents: a file of settings, and part of the dataset's manifest. The bounds are
/// those of [`codetune_validate`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatasetConfig {
    /// Seed of the split, of fill-in-the-middle and of the order of training.
    pub seed: u64,
    /// Fraction of the groups held out for evaluation. 0 holds nothing out.
    pub held_out: f64,
    /// Rules that every kept document fulfils, applied in order.
    pub rules: Vec<FilterRule>,
    /// Leaves out documents on which an analyzer failed.
    pub quarantine: bool,
    /// Leaves out exact copies.
    pub dedup: bool,
    /// Tokens of a sequence.
    pub max_seq_length: usize,
    /// Fraction of the pieces of training documents turned into fill-in-the-middle examples; a document that fits into
    /// a sequence is one piece.
    pub fim_rate: f64,
    /// Fraction of those in suffix-prefix-middle order, the others being prefix-suffix-middle.
    pub spm_rate: f64,
    /// What the split keeps together.
    pub group: Group,
}

impl Default for DatasetConfig {
    fn default() -> Self {
        let whole = |field: v::Field| field.default_integer().unwrap_or_default();
        let fraction = |field: v::Field| field.default_float().unwrap_or_default();
        Self {
            seed: whole(v::SEED).unsigned_abs(),
            held_out: fraction(v::HELD_OUT),
            rules: Vec::new(),
            quarantine: true,
            dedup: true,
            max_seq_length: usize::try_from(whole(v::PACKED_LENGTH)).unwrap_or_default(),
            fim_rate: fraction(v::FIM_RATE),
            spm_rate: fraction(v::SPM_RATE),
            group: Group::File,
        }
    }
}

impl DatasetConfig {
    /// Reads a TOML file of settings; what it leaves out is as in [`Default`]. Values are yet to be checked.
    ///
    /// # Errors
    /// [`DatasetError::Io`], and [`DatasetError::Settings`] for what is no TOML, a value of another type, or
    /// an unknown key, with the nearest known one.
    pub fn load(path: &Path) -> Result<Self, DatasetError> {
        Self::load_with(Some(path), &[])
    }

    /// Reads a file of settings, or none, with settings that take precedence over it; what both leave out is as in
    /// [`Default`]. Values are yet to be checked.
    ///
    /// # Errors
    /// As [`load`](Self::load), and [`DatasetError::Setting`].
    pub fn load_with(path: Option<&Path>, settings: &[Setting]) -> Result<Self, DatasetError> {
        let read = |path| {
            codetune_files::read_given_text(path, codetune_files::SETTINGS).map_err(DatasetError::io(path))
        };
        let text = path.map(read).transpose()?.unwrap_or_default();
        let name = path.map(|path| path.display().to_string()).unwrap_or_default();
        let own = NamedText { name, text };
        let merged = own.clone().with(settings)?;
        Self::parse(&merged.text, Path::new(&merged.name)).map_err(|error| match settings.is_empty() {
            true => error,
            false => with_settings(error, Self::parse(&own.text, Path::new(&own.name)).err()),
        })
    }

    /// Reads the text of a file of settings; `path` is its name in errors.
    ///
    /// # Errors
    /// As [`load`](Self::load), but for reading.
    pub fn parse(text: &str, path: &Path) -> Result<Self, DatasetError> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let (cause, help) = match v::unknown_key_in(error.message()) {
                Some(unknown) => (unknown.to_string(), unknown.help().map(|help| help.to_string())),
                None => (in_words(error.message()), None),
            };
            let line = before.matches('\n').count() + 1;
            DatasetError::Settings { path: path.to_owned(), line, cause, help }
        })
    }

    /// Checks every value against the table of bounds.
    ///
    /// # Errors
    /// [`DatasetError::Invalid`] naming the field, its value and what is accepted.
    pub fn check(&self) -> Result<(), DatasetError> {
        let check = || {
            let named = |name: &str| {
                let field = format!("dataset.{name}");
                move |violation| Violation { field, ..violation }
            };
            v::SEED.check_unsigned(self.seed).map_err(named("seed"))?;
            v::HELD_OUT.check_float(self.held_out).map_err(named("held_out"))?;
            v::FIM_RATE.check_float(self.fim_rate).map_err(named("fim_rate"))?;
            v::SPM_RATE.check_float(self.spm_rate).map_err(named("spm_rate"))?;
            v::PACKED_LENGTH.check_unsigned(self.max_seq_length as u64).map_err(named("max_seq_length"))?;
            match self.group {
                Group::Depth(depth) => {
                    v::GROUP_DEPTH.check_unsigned(depth as u64).map_err(named("group.depth"))
                }
                Group::File | Group::Directory => Ok(0),
            }
        };
        check().map(drop).map_err(DatasetError::Invalid)
    }

    /// Checks every value, and that the tokenizer can do what is asked.
    ///
    /// # Errors
    /// As [`check`](Self::check), for the size of the vocabulary too; for a `fim_rate` above 0,
    /// [`DatasetError::MissingToken`] with a tokenizer that has no tokens for it, and [`DatasetError::ShortForFim`]
    /// with sequences that hold little more than those.
    pub fn check_with(&self, tokenizer: &CodeTokenizer) -> Result<(), DatasetError> {
        self.check()?;
        v::VOCAB_SIZE
            .check_unsigned(tokenizer.vocab_size() as u64)
            .map_err(|violation| Violation { field: "the tokenizer's vocab_size".into(), ..violation })?;
        if self.fim_rate > 0.0 {
            tokenizer.fim()?;
            let least = fim::overhead(tokenizer) + LEAST_TEXT;
            if self.max_seq_length < least {
                return Err(DatasetError::ShortForFim { length: self.max_seq_length, least });
            }
        }
        Ok(())
    }
}

/// A condition that every kept document fulfils.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterRule {
    /// Names the rule in reasons and errors.
    pub name: String,
    /// A boolean expression in CEL; see [`super::mix`] for the variables.
    pub keep_if: String,
}

/// A text that is not a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("expected NAME=CEL, such as 'short=metrics.lines < 1000'")]
#[diagnostic(code(dataset::filter_rule))]
pub struct FilterRuleError;

/// `NAME=CEL`. The expression is compiled when documents are selected.
impl FromStr for FilterRule {
    type Err = FilterRuleError;

    fn from_str(given: &str) -> Result<Self, FilterRuleError> {
        let (name, keep_if) = given.split_once('=').ok_or(FilterRuleError)?;
        let (name, keep_if) = (name.trim().to_owned(), keep_if.trim().to_owned());
        if name.is_empty() { Err(FilterRuleError) } else { Ok(FilterRule { name, keep_if }) }
    }
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

/// The error of a file with settings: that of the file alone if it is the same, and otherwise without a line, which would
/// be one of a text that nobody wrote.
fn with_settings(error: DatasetError, of_file: Option<DatasetError>) -> DatasetError {
    match (error, of_file) {
        (
            DatasetError::Settings { cause, .. },
            Some(DatasetError::Settings { path, line, cause: same, help }),
        ) if cause == same => DatasetError::Settings { path, line, cause, help },
        (DatasetError::Settings { path, cause, help, .. }, _) => {
            DatasetError::Settings { path, line: 0, cause, help }
        }
        (error, _) => error,
    }
}

/// What the reader of TOML says, without the names of types in Rust.
fn in_words(message: &str) -> String {
    let Some((before, kind)) = message.rsplit_once(", expected ") else { return message.to_owned() };
    match kind {
        "f64" => format!("{before}, expected a number"),
        "u64" | "usize" => format!("{before}, expected an integer"),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use codetune_validate::Whole;

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
        assert!(refused(|c| c.held_out = f64::NAN).contains("dataset.held_out: NaN is not allowed"));
        assert!(refused(|c| c.held_out = 0.95).contains("dataset.held_out: 0.95 is too large"));
        assert!(refused(|c| c.fim_rate = f64::INFINITY).contains("dataset.fim_rate: infinity"));
        assert!(refused(|c| c.spm_rate = -0.1).contains("dataset.spm_rate: -0.1 is too small"));
        assert!(refused(|c| c.max_seq_length = 1).contains("dataset.max_seq_length: 1 is too small"));
        assert!(refused(|c| c.group = Group::Depth(0)).contains("dataset.group.depth: 0"));
        assert!(refused(|c| c.seed = u64::MAX).contains("dataset.seed: 18446744073709551615 is too large"));
    }

    #[test]
    fn the_bounds_are_those_of_the_table_to_the_edge() {
        type Set = fn(&mut DatasetConfig, f64);
        let fields: [(v::Field, Set); 3] = [
            (v::HELD_OUT, |c, value| c.held_out = value),
            (v::FIM_RATE, |c, value| c.fim_rate = value),
            (v::SPM_RATE, |c, value| c.spm_rate = value),
        ];
        for (field, set) in fields {
            for edge in [0.0, 0.9, 1.0_f64] {
                for value in [edge.next_down(), edge, edge.next_up()] {
                    let mut config = DatasetConfig::default();
                    set(&mut config, value);
                    assert_eq!(
                        config.check().is_ok(),
                        field.check_float(value).is_ok(),
                        "{} {value}",
                        field.name
                    );
                }
            }
        }
    }

    #[test]
    fn a_tokenizer_that_no_run_could_record_is_refused() {
        let json = r#"{"version": "1.0", "added_tokens": [{"id": 0, "content": "<|endoftext|>",
            "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
            "model": {"type": "WordLevel", "vocab": {"<|endoftext|>": 0, "a": 1}, "unk_token": "a"}}"#;
        let tiny = CodeTokenizer::from_bytes(json.into(), None, Path::new("tokenizer.json")).unwrap();
        let error = DatasetConfig::default().check_with(&tiny).unwrap_err().to_string();
        assert!(error.contains("the tokenizer's vocab_size: 2 is too small"), "{error}");
        DatasetConfig::default().check_with(crate::tests::tokenizer()).unwrap();
    }

    fn parse(text: &str) -> Result<DatasetConfig, String> {
        DatasetConfig::parse(text, Path::new("set.toml")).map_err(|error| error.whole())
    }

    #[test]
    fn unknown_keys_name_the_nearest_known_one_and_their_line() {
        for (text, expected) in [
            ("seed = 1\nhedout = 0.1", "set.toml:2: unknown key \"hedout\", did you mean \"held_out\"?"),
            ("max_seq_len = 1", "did you mean \"max_seq_length\"?; known keys: seed, held_out, rules"),
            (
                "[[rules]]\nname = 'a'\nkeep-if = 'b'",
                "set.toml:3: unknown key \"keep-if\", did you mean \"keep_if\"?",
            ),
            ("xyz = 1", "unknown key \"xyz\"; known keys: seed"),
            ("seed = true", "set.toml:1: invalid type: boolean `true`, expected an integer"),
            ("seed = ", "set.toml:1: "),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let config = parse("seed = 3\ngroup = { depth = 2 }").unwrap();
        assert_eq!((config.seed, config.group), (3, Group::Depth(2)));
        assert_eq!(parse("group = \"directory\"").unwrap().group, Group::Directory);
    }

    #[test]
    fn settings_take_precedence_over_the_file_and_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.toml");
        std::fs::write(&path, "seed = 3\nheld_out = 0.2\n").unwrap();
        let settings =
            |given: &[&str]| given.iter().map(|set| set.parse().unwrap()).collect::<Vec<Setting>>();
        let read = |path: Option<&Path>, given: &[&str]| DatasetConfig::load_with(path, &settings(given));
        let config = read(Some(&path), &["seed=4", "group={ depth = 2 }"]).unwrap();
        assert_eq!((config.seed, config.held_out, config.group), (4, 0.2, Group::Depth(2)));
        let config = read(None, &["dedup=false"]).unwrap();
        assert_eq!(config, DatasetConfig { dedup: false, ..DatasetConfig::default() });
        assert_eq!(read(None, &[]).unwrap(), DatasetConfig::default());
        let error = read(Some(&path), &["sede=1"]).unwrap_err().to_string();
        assert!(error.contains("set.toml with --set: unknown key \"sede\""), "{error}");
        let error = read(None, &["seed=true"]).unwrap_err().to_string();
        assert!(error.starts_with("--set: invalid type"), "{error}");
        let error = read(Some(&path), &["seed.a=1"]).unwrap_err().to_string();
        assert_eq!(error, "cannot set seed.a: seed is not a table");
        // Errors of the file itself keep their positions.
        std::fs::write(&path, "seed = 3\n\nheld_out = ").unwrap();
        let error = read(Some(&path), &["seed=4"]).unwrap_err().to_string();
        assert!(error.contains("set.toml:3: "), "{error}");
    }

    #[test]
    fn a_rule_is_a_name_and_an_expression() {
        let rule = |name: &str, keep_if: &str| FilterRule { name: name.into(), keep_if: keep_if.into() };
        assert_eq!("short = lines == 1".parse(), Ok(rule("short", "lines == 1")));
        assert_eq!("short=".parse(), Ok(rule("short", "")));
        for text in ["short", "=lines < 1", " = 1", ""] {
            assert_eq!(text.parse::<FilterRule>(), Err(FilterRuleError), "{text}");
        }
    }
}
