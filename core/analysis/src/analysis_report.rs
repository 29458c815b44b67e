use std::path::PathBuf;

use codetune_source::Skipped;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::file_analysis::FileAnalysis;
use super::summary::AnalysisSummary;
use super::used_analyzer::{UsedAnalyzer, is_unread};

/// The result of an analysis, which accounts for every file.
///
/// Its JSON form is an object with `root`, `files`, `skipped` (each with `path`, `code`, `reason` and `unread`) and
/// `summary`. It contains no times and nothing about the machine except `root`: the same files, analyzers and options
/// give the same bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// The absolute path of the directory that all paths are relative to.
    pub root: PathBuf,
    /// The deepest directory that contains all inputs, relative to `root`. Not part of the JSON form.
    pub scope: PathBuf,
    /// The files that were read, sorted by the bytes of their path.
    pub files: Vec<FileAnalysis>,
    /// The files that were skipped, sorted by the bytes of their path.
    pub skipped: Vec<Skipped>,
    /// The summary.
    pub summary: AnalysisSummary,
    /// The analyzers, by name. Not part of the JSON form.
    pub analyzers: Vec<UsedAnalyzer>,
    /// Warnings, for example about invalid lines in ignore files. Not part of the JSON form.
    pub warnings: Vec<String>,
    /// Number of results from the cache. Not part of the JSON form.
    pub cached_answers: u64,
    /// Number of new results. Not part of the JSON form.
    pub fresh_answers: u64,
}

impl Analysis {
    /// Whether an analyzer asked for this file and did not get its text, so that the check is incomplete.
    pub fn is_unread(&self, skipped: &Skipped) -> bool {
        is_unread(skipped, &self.analyzers)
    }

    pub(super) fn skipped_forms(&self) -> Vec<SkippedForm<'_>> {
        let form = |skipped| SkippedForm::of(skipped, self.is_unread(skipped));
        self.skipped.iter().map(form).collect()
    }
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
