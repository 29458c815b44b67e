use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{FileAnalysis, Summary};
use crate::plugin::{Carrier, Digest, Manifest, PluginIdentity};
use crate::source::Skipped;

/// An analyzer that took part.
#[derive(Debug, Clone, PartialEq)]
pub struct UsedAnalyzer {
    /// What attributes go under: the manifest's short name, or the full name where that is not unique.
    pub key: String,
    /// What the analyzer says of itself.
    pub manifest: Manifest,
    /// The digest of its file.
    pub digest: Digest,
    /// How it was loaded.
    pub carrier: Carrier,
}

impl UsedAnalyzer {
    /// What records keep of it.
    pub fn identity(&self) -> PluginIdentity {
        PluginIdentity::new(&self.manifest, self.carrier, self.digest)
    }

    /// `secrets/aws-access-key-id`: a rule's name among all analyzers.
    pub(super) fn rule_id(analyzers: &[UsedAnalyzer], plugin: &str, rule: &str) -> String {
        let used = analyzers.iter().find(|used| used.manifest.name == plugin);
        format!("{}/{rule}", used.map_or(plugin, |used| &used.key))
    }
}

/// What became of every file under a root.
///
/// Its JSON form is an object with `files`, `skipped` (each with `path`, `code` and `reason`) and `summary`.
/// It holds no times and nothing of the machine: the same files, analyzers and options give the same bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// The files that were read, by the bytes of their path.
    pub files: Vec<FileAnalysis>,
    /// The files that were seen and not read, by the bytes of their path.
    pub skipped: Vec<Skipped>,
    /// All of it in numbers.
    pub summary: Summary,
    /// The analyzers, by name. Not part of the JSON form.
    pub analyzers: Vec<UsedAnalyzer>,
    /// What was odd on the way, as sentences; such as lines of ignore files that could not be understood.
    /// Not part of the JSON form.
    pub warnings: Vec<String>,
    /// How many answers came from the cache. Not part of the JSON form.
    pub cached_answers: u64,
    /// How many answers analyzers gave in this run. Not part of the JSON form.
    pub fresh_answers: u64,
}

impl Serialize for Analysis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let skipped: Vec<SkippedForm> = self.skipped.iter().map(SkippedForm::of).collect();
        let mut form = serializer.serialize_struct("Analysis", 3)?;
        form.serialize_field("files", &self.files)?;
        form.serialize_field("skipped", &skipped)?;
        form.serialize_field("summary", &self.summary)?;
        form.end()
    }
}

#[derive(serde::Serialize)]
pub(super) struct SkippedForm<'a> {
    path: &'a str,
    code: &'static str,
    reason: String,
}

impl<'a> SkippedForm<'a> {
    pub(super) fn of(skipped: &'a Skipped) -> Self {
        SkippedForm { path: &skipped.path, code: skipped.reason.code(), reason: skipped.reason.to_string() }
    }
}
