//! What an analyzer's own tests need of its host: the setup that follows from its manifest, and a report on one file.
//!
//! ```
//! use codetune_plugin_sdk::{Analyzer, Error, Report, RuleId, Setup, Severity, Source};
//!
//! /// Finds a word in any text.
//! struct Words {
//!     rule: RuleId,
//!     word: String,
//! }
//!
//! #[derive(serde::Deserialize)]
//! struct Config {
//!     word: String,
//! }
//!
//! impl Analyzer for Words {
//!     type Config = Config;
//!
//!     fn new(config: Config, setup: &Setup) -> Result<Self, Error> {
//!         Ok(Words { rule: setup.rule("word")?, word: config.word })
//!     }
//!
//!     fn analyze(&mut self, source: &Source<'_>, report: &mut Report) -> Result<(), Error> {
//!         for (start, word) in source.text().match_indices(&self.word) {
//!             report.finding(self.rule, Severity::Note, start..start + word.len());
//!         }
//!         Ok(())
//!     }
//! }
//!
//! let setup = codetune_plugin_testing::setup(
//!     r#"
//!     [config.word]
//!     type = "text"
//!     default = "TODO"
//!
//!     [analyzer]
//!     rules = [{ id = "word", severity = "note", summary = "The word" }]
//!     "#,
//! );
//! let query = |_: &str| Err("no tree".to_owned());
//! let source = Source::new("a.py", "python", "# TODO: all", &query);
//! let config = codetune_plugin_testing::config::<Words>(&setup);
//! let report = codetune_plugin_testing::analyze::<Words>(config, &setup, &source);
//! assert_eq!((report.findings[0].start, report.findings[0].end), (2, 6));
//! ```
//!
//! Everything here panics where the manifest or the analyzer is wrong, as tests do.
#![deny(missing_docs)]

use codetune_plugin_sdk::{Analyzer, Report, Setup, Source};
use serde_json::{Map, Value};

/// What the host hands an analyzer whose manifest this is: its rules and attributes, and the defaults of its options.
///
/// # Panics
/// The text is no manifest of an analyzer.
pub fn setup(manifest: &str) -> Setup {
    let manifest: toml::Table = toml::from_str(manifest).expect("a manifest");
    let names = |list: &str, key: &str| -> Vec<String> {
        let entries = manifest["analyzer"].get(list).map(|entries| entries.as_array().expect("a list"));
        let name = |entry: &toml::Value| entry[key].as_str().expect("a name").to_owned();
        entries.into_iter().flatten().map(name).collect()
    };
    let options = manifest.get("config").map(|options| options.as_table().expect("options"));
    let default = |(name, option): (&String, &toml::Value)| {
        (name.clone(), serde_json::to_value(&option["default"]).expect("a value"))
    };
    let defaults: Map<String, Value> = options.into_iter().flatten().map(default).collect();
    Setup {
        config: Value::Object(defaults).to_string(),
        rules: names("rules", "id"),
        attributes: names("attributes", "name"),
    }
}

/// The configuration of a setup.
///
/// # Panics
/// The options are not those of the analyzer.
pub fn config<A: Analyzer>(setup: &Setup) -> A::Config {
    serde_json::from_str(&setup.config).expect("the options fit the configuration")
}

/// What a new instance says of a file.
///
/// # Panics
/// It refuses the configuration or fails.
pub fn analyze<A: Analyzer>(config: A::Config, setup: &Setup, source: &Source<'_>) -> Report {
    let mut report = Report::default();
    let mut analyzer = A::new(config, setup).expect("an instance");
    analyzer.analyze(source, &mut report).expect("a report");
    report
}
