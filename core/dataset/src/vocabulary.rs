//! What rules may name.

use std::collections::BTreeSet;

use codetune_analysis::UsedAnalyzer;
use codetune_plugin::name::{Meaning, meaning};
use codetune_plugin::{AnalyzerManifest, Scope};
use codetune_validate::nearest;

/// Variables that every document has.
pub(super) const BUILT_IN: [&str; 7] =
    ["path", "language", "bytes", "lines", "attributes", "findings", "errors"];

/// The count of a plugin's findings, all rules together.
pub(super) const TOTAL: &str = "total";

/// The names of the analyzers that took part, and of what they attach and find.
pub(super) struct Vocabulary<'a> {
    analyzers: &'a [UsedAnalyzer],
    /// Names of plugins that documents hold answers of, whether or not they are among the analyzers.
    seen: BTreeSet<&'a str>,
}

impl<'a> Vocabulary<'a> {
    pub(super) fn new(analyzers: &'a [UsedAnalyzer], seen: impl IntoIterator<Item = &'a str>) -> Self {
        let keys = analyzers.iter().map(|used| &*used.key);
        Self { analyzers, seen: seen.into_iter().chain(keys).collect() }
    }

    /// The ids of an analyzer's rules.
    pub(super) fn rules(&self, plugin: &str) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.manifest(plugin).into_iter().flat_map(|analyzer| &analyzer.rules).map(|rule| &*rule.id)
    }

    fn manifest(&self, plugin: &str) -> Option<&'a AnalyzerManifest> {
        self.analyzers.iter().find(|used| used.key == plugin)?.manifest.analyzer.as_ref()
    }

    /// Refuses a name that no document has, with the nearest that one may have.
    ///
    /// Of a plugin that is not among the analyzers nothing is known but its name; what is missing of it shows
    /// when a document is judged.
    pub(super) fn check(&self, path: &[impl AsRef<str>]) -> Result<(), String> {
        let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
        match *path {
            ["findings", plugin] | ["attributes", plugin] => self.check_plugin(plugin),
            ["findings", plugin, rule] if self.manifest(plugin).is_some() => {
                let known = self.rules(plugin).chain([TOTAL]);
                check_name(rule, known, &format!("{plugin} has no rule"))
            }
            ["attributes", plugin, name] => self.check_attribute(plugin, name),
            [plugin, name] if !BUILT_IN.contains(&plugin) => self.check_attribute(plugin, name),
            [name] => {
                self.check_meaning(name)?;
                let known = BUILT_IN.into_iter().chain(self.seen.iter().copied());
                check_name(name, known, "no plugin or variable is named")
            }
            _ => Ok(()),
        }
    }

    /// Refuses a short name that several of the analyzers have.
    fn check_meaning(&self, plugin: &str) -> Result<(), String> {
        let names = self.analyzers.iter().map(|used| &*used.manifest.name);
        match meaning(plugin, names) {
            Meaning::Several(names) if !self.seen.contains(plugin) => {
                let hint = names.first().copied().unwrap_or_default();
                Err(format!("{plugin} may be {}; write for example findings[\"{hint}\"]", names.join(" or ")))
            }
            _ => Ok(()),
        }
    }

    fn check_plugin(&self, plugin: &str) -> Result<(), String> {
        self.check_meaning(plugin)?;
        check_name(plugin, self.seen.iter().copied(), "no plugin is named")
    }

    fn check_attribute(&self, plugin: &str, name: &str) -> Result<(), String> {
        let Some(analyzer) = self.manifest(plugin) else { return Ok(()) };
        let of_files = analyzer.attributes.iter().filter(|attribute| attribute.scope == Scope::File);
        let known = of_files.map(|attribute| &*attribute.name);
        check_name(name, known, &format!("{plugin} has no file attribute named"))
    }
}

fn check_name<'n>(
    name: &str,
    known: impl Iterator<Item = &'n str> + Clone,
    refused: &str,
) -> Result<(), String> {
    if known.clone().any(|other| other == name) {
        return Ok(());
    }
    let hint = nearest(name, known.clone()).map_or_else(
        || format!("known are {}", known.collect::<Vec<_>>().join(", ")),
        |near| format!("did you mean {near}?"),
    );
    Err(format!("{refused} {name}; {hint}"))
}
