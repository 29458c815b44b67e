use std::collections::BTreeMap;

use codetune_plugin_sdk::Severity;
use codetune_redact::{escape_control, is_unseen};
use codetune_validate::{Violation, check_plugin_name, shown_text, unknown_key_in, whole};

use crate::config::ConfigOption;
use crate::limits::{Limits, LimitsRequest};
use crate::name;
use crate::value_kind::ValueKind;

/// The contract version that this host offers, that of the package in `plugin-sdk/wit`.
pub const CONTRACT: semver::Version = semver::Version::new(0, 1, 0);

/// The manifest schema that this host reads.
pub const SCHEMA: u32 = 1;

/// What a plugin says of itself in `plugin.toml`, readable without running it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this format.
    pub schema: u32,
    /// `namespace/name`, unique in a registry.
    pub name: String,
    /// The plugin's own version.
    pub version: semver::Version,
    /// What it does, in a sentence.
    pub description: String,
    /// Who wrote it.
    pub author: String,
    /// An SPDX expression.
    pub license: String,
    /// Words to find it by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The contract versions that it works with.
    pub api: semver::VersionReq,
    /// What it asks for beyond reading its sources: nothing can be granted yet, so this must be empty.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// The limits it asks for.
    #[serde(default)]
    pub limits: LimitsRequest,
    /// Its options.
    #[serde(default)]
    pub config: BTreeMap<String, ConfigOption>,
    /// Present where it is an analyzer.
    pub analyzer: Option<AnalyzerManifest>,
    /// Present where it is a training backend.
    #[serde(rename = "training-backend")]
    pub training_backend: Option<BackendManifest>,
}

/// What an analyzer looks at and reports.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnalyzerManifest {
    /// Language ids, or `*` for every file that is read.
    pub languages: Vec<String>,
    /// Whether it has to see every text file, whatever its language, hidden ones included. Such files are read
    /// for it alone; it needs `*` among its languages.
    #[serde(default)]
    pub all_text: bool,
    /// What its findings are about.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// What it attaches to files and symbols.
    #[serde(default)]
    pub attributes: Vec<AttributeType>,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Unique in the plugin.
    pub id: String,
    /// How much it matters as a rule.
    pub severity: Severity,
    /// One sentence.
    pub summary: String,
    /// What to do about it.
    #[serde(default)]
    pub help: String,
    /// Whether what it finds must not be shown, such as a secret: hosts mask it where they show the source.
    #[serde(default)]
    pub sensitive: bool,
}

/// An attribute with its type and unit.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeType {
    /// Unique in the plugin.
    pub name: String,
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: ValueKind,
    /// What it is about.
    pub scope: Scope,
    /// What it counts, empty for a pure number.
    #[serde(default)]
    pub unit: String,
    /// One sentence.
    #[serde(default)]
    pub description: String,
}

/// What an attribute is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The whole file.
    File,
    /// A function, a class or another part of the file.
    Symbol,
}

/// Which models a training backend describes.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackendManifest {
    /// Names as in `config.json`, `architectures`.
    pub architectures: Vec<String>,
}

/// Why a manifest is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum ManifestError {
    /// It is no TOML of this schema.
    #[error("the manifest cannot be read: {0}")]
    #[diagnostic(code(plugin::manifest::syntax))]
    Syntax(String),
    /// A value breaks a rule.
    #[error("the manifest's {field} is refused: {rule}")]
    #[diagnostic(code(plugin::manifest::invalid))]
    Invalid {
        /// The field.
        field: String,
        /// What is wrong, and what to write instead.
        rule: String,
    },
    /// It needs another host.
    #[error("{plugin} needs contract {needs}, this host offers {CONTRACT}: {who} has to be upgraded")]
    #[diagnostic(code(plugin::manifest::contract))]
    Contract {
        /// The plugin.
        plugin: String,
        /// What it needs.
        needs: String,
        /// Which side is older.
        who: &'static str,
    },
    /// It asks for what no host of this version can grant.
    #[error(
        "{plugin} asks for the capability `{capability}`, which this host does not know: codetune has to be upgraded"
    )]
    #[diagnostic(code(plugin::manifest::capability))]
    Capability {
        /// The plugin.
        plugin: String,
        /// What it asks for.
        capability: String,
    },
}

impl AnalyzerManifest {
    /// Whether a file in this language is for it. `extra` files are those that are read only for analyzers that
    /// have to see every text.
    pub fn wants(&self, language: &str, extra: bool) -> bool {
        (self.all_text || !extra) && self.languages.iter().any(|wanted| wanted == "*" || wanted == language)
    }
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// Names the field, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Manifest = toml::from_str(text).map_err(|error| {
            let told = match unknown_key_in(error.message()) {
                Some(unknown) => error.to_string().replace(error.message(), &whole(&unknown)),
                None => error.to_string(),
            };
            ManifestError::Syntax(told)
        })?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The limits that its calls get.
    pub fn granted_limits(&self) -> Limits {
        // `check` has refused a manifest that asks for too much.
        Limits::granting(&self.limits).unwrap_or(Limits::DEFAULT)
    }

    /// The name without its namespace.
    pub fn short_name(&self) -> &str {
        name::short_name(&self.name)
    }

    /// What it provides, in words.
    pub fn kinds(&self) -> Vec<&'static str> {
        let analyzer = self.analyzer.as_ref().map(|_| "analyzer");
        let backend = self.training_backend.as_ref().map(|_| "training-backend");
        analyzer.into_iter().chain(backend).collect()
    }

    fn check(&self) -> Result<(), ManifestError> {
        let invalid = |field: &str, rule: String| Err(ManifestError::Invalid { field: field.into(), rule });
        if self.schema != SCHEMA {
            return invalid("schema", format!("it is {}, this host reads schema {SCHEMA}", self.schema));
        }
        check_name(&self.name)?;
        self.check_contract()?;
        if let Some(capability) = self.capabilities.first() {
            let (plugin, capability) = (self.name.clone(), capability.escape_debug().to_string());
            return Err(ManifestError::Capability { plugin, capability });
        }
        for (field, text) in
            [("description", &self.description), ("author", &self.author), ("license", &self.license)]
        {
            if text.trim().is_empty() {
                return invalid(field, "write one line of text".into());
            }
        }
        if self.analyzer.is_none() && self.training_backend.is_none() {
            return invalid("kinds", "it provides nothing: add [analyzer] or [training-backend]".into());
        }
        if let Err(rule) = Limits::granting(&self.limits) {
            return invalid("limits", format!("limits.{rule}"));
        }
        unique("config", self.config.keys().map(String::as_str))?;
        for (name, option) in &self.config {
            if let Err(rule) = option.check() {
                return invalid(&format!("config.{name}"), rule);
            }
        }
        if self.version.to_string().len() > MOST_CHARS {
            return invalid("version", format!("it is longer than {MOST_CHARS} characters"));
        }
        if let Some(backend) = &self.training_backend
            && backend.architectures.iter().all(|name| name.trim().is_empty())
        {
            let rule = "name at least one architecture, as in `architectures` of config.json";
            return invalid("training-backend.architectures", rule.into());
        }
        if let Some(analyzer) = &self.analyzer {
            unique("analyzer.rules", analyzer.rules.iter().map(|rule| rule.id.as_str()))?;
            unique("analyzer.attributes", analyzer.attributes.iter().map(|a| a.name.as_str()))?;
            if analyzer.languages.is_empty() {
                return invalid("analyzer.languages", "name at least one language, or \"*\"".into());
            }
            if analyzer.all_text && !analyzer.languages.iter().any(|language| language == "*") {
                return invalid("analyzer.all_text", "it is true, so write languages = [\"*\"]".into());
            }
        }
        self.check_texts()
    }

    /// Refuses text that is not seen as it stands: it reaches the screen beside the host's own words.
    fn check_texts(&self) -> Result<(), ManifestError> {
        let mut texts: Vec<(String, &str)> = vec![
            ("description".into(), &self.description),
            ("author".into(), &self.author),
            ("license".into(), &self.license),
        ];
        texts.extend(self.tags.iter().map(|tag| ("tags".into(), tag.as_str())));
        for (name, option) in &self.config {
            texts.push((format!("config.{name}.description"), &option.description));
            texts.extend(option.choices.iter().map(|one| (format!("config.{name}.choices"), one.as_str())));
        }
        if let Some(analyzer) = &self.analyzer {
            texts.extend(analyzer.languages.iter().map(|id| ("analyzer.languages".into(), id.as_str())));
            for rule in &analyzer.rules {
                texts.push((format!("rule {}", rule.id), &rule.summary));
                texts.push((format!("rule {}", rule.id), &rule.help));
            }
            for attribute in &analyzer.attributes {
                texts.push((format!("attribute {}", attribute.name), &attribute.unit));
                texts.push((format!("attribute {}", attribute.name), &attribute.description));
            }
        }
        if let Some(backend) = &self.training_backend {
            let names = backend.architectures.iter();
            texts.extend(names.map(|name| ("training-backend.architectures".into(), name.as_str())));
        }
        match texts.into_iter().find(|(_, text)| escape_control(text) != *text) {
            None => Ok(()),
            Some((field, text)) => {
                let first = text.chars().find(|c| is_unseen(*c)).map_or(0, |c| c as u32);
                let rule =
                    format!("it has the unseen character U+{first:04X}: write one line of visible text");
                Err(ManifestError::Invalid { field, rule })
            }
        }
    }

    fn check_contract(&self) -> Result<(), ManifestError> {
        if self.api.matches(&CONTRACT) {
            return Ok(());
        }
        let newest = self.api.comparators.iter().map(|c| (c.major, c.minor.unwrap_or(0))).max();
        let plugin_is_newer = newest > Some((CONTRACT.major, CONTRACT.minor));
        Err(ManifestError::Contract {
            plugin: self.name.clone(),
            needs: self.api.to_string(),
            who: if plugin_is_newer { "codetune" } else { "the plugin" },
        })
    }
}

/// Refuses a name that is not `namespace/name`, in the words of the manifest.
fn check_name(name: &str) -> Result<(), ManifestError> {
    check_plugin_name(name).map(drop).map_err(|violation| {
        let Violation { value, constraint, expected, .. } = violation;
        ManifestError::Invalid {
            field: "name".into(),
            rule: format!("{value} {constraint}: expected {expected}"),
        }
    })
}

/// The longest version, and the longest name of a rule, an attribute or an option.
const MOST_CHARS: usize = 100;

/// Whether a text can name a rule, an attribute or an option: what can be told from every other name, and written on a
/// command line and in a rule without quotes.
fn is_name(name: &str) -> bool {
    (1..=MOST_CHARS).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn unique<'a>(field: &str, names: impl Iterator<Item = &'a str>) -> Result<(), ManifestError> {
    let mut seen = std::collections::BTreeSet::new();
    let mut count = 0_usize;
    for name in names {
        count += 1;
        let rule = if !is_name(name) {
            format!("{} is no name: use 1 to {MOST_CHARS} of a-z, A-Z, 0-9, - and _", shown_text(name))
        } else if !seen.insert(name) {
            format!("`{name}` stands there twice")
        } else {
            continue;
        };
        return Err(ManifestError::Invalid { field: field.into(), rule });
    }
    if count > usize::from(u16::MAX) {
        let rule = format!("{count} entries, at most {} can be numbered", u16::MAX);
        return Err(ManifestError::Invalid { field: field.into(), rule });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = r#"
        schema = 1
        name = "acme/todo"
        version = "1.0.0"
        description = "Finds TODO."
        author = "Acme"
        license = "MIT"
        api = "0.1"
        [analyzer]
        languages = ["*"]
        [[analyzer.rules]]
        id = "todo"
        severity = "note"
        summary = "A TODO."
    "#;

    #[test]
    fn reads_a_minimal_manifest() {
        let manifest = Manifest::parse(MINIMAL).unwrap();
        assert_eq!((manifest.short_name(), manifest.kinds()), ("todo", vec!["analyzer"]));
        assert_eq!(manifest.granted_limits(), Limits::DEFAULT);
    }

    #[test]
    fn only_an_analyzer_of_all_text_wants_what_is_read_for_such() {
        let analyzer = |text: &str| Manifest::parse(text).unwrap().analyzer.unwrap();
        let plain = analyzer(MINIMAL);
        let all = analyzer(&MINIMAL.replace("[\"*\"]", "[\"*\"]\nall_text = true"));
        let rust = analyzer(&MINIMAL.replace("[\"*\"]", "[\"rust\"]"));
        assert_eq!((plain.wants("text", false), plain.wants("text", true)), (true, false));
        assert_eq!((all.wants("text", false), all.wants("text", true)), (true, true));
        assert_eq!(
            (rust.wants("rust", false), rust.wants("c", false), rust.wants("rust", true)),
            (true, false, false)
        );
    }

    #[test]
    fn refuses_what_breaks_a_rule_and_names_it() {
        for (from, to, expected) in [
            ("schema = 1", "schema = 2", "schema"),
            ("acme/todo", "todo", "namespace/name"),
            ("acme/todo", "Acme/todo", "namespace/name"),
            ("api = \"0.1\"", "api = \"0.2\"", "codetune has to be upgraded"),
            ("api = \"0.1\"", "api = \"0.0.3\"", "the plugin has to be upgraded"),
            (
                "license = \"MIT\"",
                "license = \"MIT\"\ncolour = 1",
                "unknown key \"colour\"; known keys: schema,",
            ),
            ("license = \"MIT\"", "licence = \"MIT\"", "unknown key \"licence\", did you mean \"license\"?"),
            (
                "summary = \"A TODO.\"",
                "sumary = \"A TODO.\"",
                "did you mean \"summary\"?; known keys: id, severity",
            ),
            ("author = \"Acme\"", "author = \" \"", "author"),
            ("[analyzer]", "[limits]\ntime_ms = 0\n[analyzer]", "limits.time_ms is 0"),
            ("[analyzer]", "capabilities = [\"http\"]\n[analyzer]", "capability `http`"),
            ("id = \"todo\"", "id = \"to do\"", "no name"),
            ("id = \"todo\"", "id = \"\"", "no name"),
            ("id = \"todo\"", "id = \"to\\u200edo\"", "\"to\\u{200e}do\" is no name"),
            ("id = \"todo\"", "id = \"tоdo\"", "no name"),
            ("A TODO.", "A \\u202eODOT.", "rule todo is refused: it has the unseen character U+202E"),
            ("A TODO.", "A\\nhelp: run this", "unseen character U+000A"),
            ("Acme", "Ac\\u200bme", "manifest's author is refused"),
            ("languages = [\"*\"]", "languages = [\"c\\u00ad\"]", "analyzer.languages is refused"),
            (
                "[analyzer]",
                "[config.\"a.b\"]\ntype = \"integer\"\ndefault = 1\n[analyzer]",
                "config is refused: \"a.b\" is no name",
            ),
            (
                "[analyzer]",
                "[training-backend]\narchitectures = []\n[analyzer]",
                "name at least one architecture",
            ),
            (
                "[analyzer]",
                "[training-backend]\narchitectures = [\" \"]\n[analyzer]",
                "at least one architecture",
            ),
            (
                "version = \"1.0.0\"",
                &format!("version = \"1.0.0-{}\"", "a".repeat(100)),
                "version is refused: it is longer than 100 characters",
            ),
            (
                "languages = [\"*\"]",
                "languages = [\"rust\"]\nall_text = true",
                "all_text is refused: it is true, so write languages",
            ),
        ] {
            let error = Manifest::parse(&MINIMAL.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(expected), "{to}: {error}");
        }
    }
}
