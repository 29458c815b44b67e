use codetune_plugin::{Digest, Manifest, PluginIdentity, Runtime};
use codetune_source::Skipped;

/// An analyzer used in an analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct UsedAnalyzer {
    /// The key of its attributes: the manifest's short name, or the full name if that is not unique.
    pub key: String,
    /// Its manifest.
    pub manifest: Manifest,
    /// The digest of its file.
    pub digest: Digest,
    /// Its runtime.
    pub runtime: Runtime,
}

impl UsedAnalyzer {
    /// The identity to record.
    pub fn identity(&self) -> PluginIdentity {
        PluginIdentity::new(&self.manifest, self.runtime, self.digest)
    }

    /// Whether it reads every text file, including those that nothing else selects.
    pub(super) fn wants_all_text(&self) -> bool {
        self.manifest.analyzer.as_ref().is_some_and(|analyzer| analyzer.all_text)
    }

    /// Whether it asked for a skipped file.
    fn missed(&self, skipped: &Skipped) -> bool {
        let manifest = self.manifest.analyzer.as_ref();
        manifest.is_some_and(|analyzer| match skipped.language {
            Some(language) => analyzer.wants(language.id(), skipped.extra),
            // A directory, or a file whose type depends on its content.
            None => analyzer.all_text || !skipped.extra,
        })
    }

    /// The qualified name of a rule, such as `secrets/aws-access-key-id`.
    pub(super) fn rule_id(analyzers: &[UsedAnalyzer], plugin: &str, rule: &str) -> String {
        let used = analyzers.iter().find(|used| used.manifest.name == plugin);
        format!("{}/{rule}", used.map_or(plugin, |used| &used.key))
    }
}

/// Whether one of the analyzers asked for a skipped file.
pub(super) fn is_unread(skipped: &Skipped, analyzers: &[UsedAnalyzer]) -> bool {
    skipped.reason.withholds(skipped.language) && analyzers.iter().any(|used| used.missed(skipped))
}
