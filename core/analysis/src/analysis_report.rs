use std::path::PathBuf;

use codetune_plugin::{Digest, Manifest, PluginIdentity, Runtime};
use codetune_source::Skipped;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{AnalysisSummary, FileAnalysis};

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
    pub runtime: Runtime,
}

impl UsedAnalyzer {
    /// What records keep of it.
    pub fn identity(&self) -> PluginIdentity {
        PluginIdentity::new(&self.manifest, self.runtime, self.digest)
    }

    /// Whether it has to see every text file, those that nothing else asks for included.
    pub(super) fn wants_all_text(&self) -> bool {
        self.manifest.analyzer.as_ref().is_some_and(|analyzer| analyzer.all_text)
    }

    /// Whether a file that was skipped is one that it wanted to see.
    fn missed(&self, skipped: &Skipped) -> bool {
        let manifest = self.manifest.analyzer.as_ref();
        manifest.is_some_and(|analyzer| match skipped.language {
            Some(language) => analyzer.wants(language.id(), skipped.extra),
            // A directory, or a file that only its content could have told.
            None => analyzer.all_text || !skipped.extra,
        })
    }

    /// `secrets/aws-access-key-id`: a rule's name among all analyzers.
    pub(super) fn rule_id(analyzers: &[UsedAnalyzer], plugin: &str, rule: &str) -> String {
        let used = analyzers.iter().find(|used| used.manifest.name == plugin);
        format!("{}/{rule}", used.map_or(plugin, |used| &used.key))
    }
}

/// What became of every file that was seen.
///
/// Its JSON form is an object with `root`, `files`, `skipped` (each with `path`, `code`, `reason` and `unread`) and
/// `summary`. It holds no times, and nothing of the machine but `root`: the same files, analyzers and options give
/// the same bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// Full path of the directory that every path in here is relative to.
    pub root: PathBuf,
    /// The deepest directory that holds all inputs, relative to `root`. Not part of the JSON form.
    pub scope: PathBuf,
    /// The files that were read, by the bytes of their path.
    pub files: Vec<FileAnalysis>,
    /// The files that were seen and not read, by the bytes of their path.
    pub skipped: Vec<Skipped>,
    /// All of it in numbers.
    pub summary: AnalysisSummary,
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

impl Analysis {
    /// Whether an analyzer that took part wanted a file and has not seen its text, so that a check of it did not
    /// take place.
    pub fn is_unread(&self, skipped: &Skipped) -> bool {
        is_unread(skipped, &self.analyzers)
    }

    pub(super) fn skipped_forms(&self) -> Vec<SkippedForm<'_>> {
        let form = |skipped| SkippedForm::of(skipped, self.is_unread(skipped));
        self.skipped.iter().map(form).collect()
    }
}

pub(super) fn is_unread(skipped: &Skipped, analyzers: &[UsedAnalyzer]) -> bool {
    skipped.reason.withholds(skipped.language) && analyzers.iter().any(|used| used.missed(skipped))
}

impl Serialize for Analysis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("Analysis", 4)?;
        form.serialize_field("root", &self.root.to_string_lossy())?;
        form.serialize_field("files", &self.files)?;
        form.serialize_field("skipped", &self.skipped_forms())?;
        form.serialize_field("summary", &self.summary)?;
        form.end()
    }
}

#[derive(serde::Serialize)]
pub(super) struct SkippedForm<'a> {
    path: &'a str,
    code: &'static str,
    reason: String,
    unread: bool,
}

impl<'a> SkippedForm<'a> {
    fn of(skipped: &'a Skipped, unread: bool) -> Self {
        let (code, reason) = (skipped.reason.code(), skipped.reason.to_string());
        SkippedForm { path: &skipped.path, code, reason, unread }
    }
}
