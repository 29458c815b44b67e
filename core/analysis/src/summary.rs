use std::collections::BTreeMap;

use codetune_plugin_sdk::Severity;
use codetune_source::Skipped;
use serde::Serialize;

use super::file_analysis::FileAnalysis;
use super::used_analyzer::{UsedAnalyzer, is_unread};

/// An analysis in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AnalysisSummary {
    /// Files by what became of them.
    pub files: FileCounts,
    /// Bytes of the files that were read as text.
    pub bytes: u64,
    /// Lines of the files that were read as text.
    pub lines: u64,
    /// Findings by severity.
    pub findings: FindingCounts,
    /// Findings by rule, `secrets/aws-access-key-id`; rules that found nothing are left out.
    pub rules: BTreeMap<String, u64>,
    /// By language.
    pub languages: BTreeMap<String, LanguageCounts>,
    /// Skipped files by the code of the reason.
    pub skipped: BTreeMap<String, u64>,
    /// Those of them that an analyzer wanted and has not seen, by the code of the reason: a check of all files
    /// did not take place.
    pub unread: BTreeMap<String, u64>,
    /// Hidden files and folders that were not looked into. They are not among the files seen.
    pub hidden: u64,
    /// Analyzers that gave no answer, by the code of the fault.
    pub errors: BTreeMap<String, u64>,
    /// The analyzers, by name.
    pub plugins: Vec<PluginVersion>,
}

/// Files by what became of them: `seen = analysed + failed + skipped`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FileCounts {
    /// Files that the walk saw.
    pub seen: u64,
    /// Files that every analyzer which wants their language gave an answer for.
    pub analysed: u64,
    /// Files that an analyzer gave no answer for.
    pub failed: u64,
    /// Files that no analyzer was shown.
    pub skipped: u64,
}

/// Findings by severity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FindingCounts {
    /// All of them.
    pub total: u64,
    /// Worth knowing.
    pub note: u64,
    /// Probably wrong.
    pub warning: u64,
    /// Wrong.
    pub error: u64,
}

/// What there is in one language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LanguageCounts {
    /// Files, failed ones included.
    pub files: u64,
    /// Files that an analyzer gave no answer for.
    pub failed: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their lines.
    pub lines: u64,
    /// Findings in them.
    pub findings: u64,
}

/// An analyzer that took part. The runtime and the digest are left out, so that a report is the same
/// whichever way the same plugin was loaded; [`UsedAnalyzer`] has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PluginVersion {
    /// Its full name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl AnalysisSummary {
    pub(super) fn of(
        files: &[FileAnalysis],
        skipped: &[Skipped],
        hidden: u64,
        analyzers: &[UsedAnalyzer],
    ) -> Self {
        let mut summary = AnalysisSummary { hidden, ..AnalysisSummary::default() };
        for file in files {
            summary.add(file, analyzers);
        }
        for file in skipped {
            *summary.skipped.entry(file.reason.code().to_owned()).or_default() += 1;
            if is_unread(file, analyzers) {
                *summary.unread.entry(file.reason.code().to_owned()).or_default() += 1;
            }
        }
        summary.files.skipped = skipped.len() as u64;
        summary.files.seen = summary.files.analysed + summary.files.failed + summary.files.skipped;
        let version = |used: &UsedAnalyzer| PluginVersion {
            name: used.manifest.name.clone(),
            version: used.manifest.version.to_string(),
        };
        summary.plugins = analyzers.iter().map(version).collect();
        summary
    }

    fn add(&mut self, file: &FileAnalysis, analyzers: &[UsedAnalyzer]) {
        let failed = !file.errors.is_empty();
        let (bytes, lines) = (file.bytes, u64::from(file.lines));
        self.files.failed += u64::from(failed);
        self.files.analysed += u64::from(!failed);
        self.bytes += bytes;
        self.lines += lines;
        let language = self.languages.entry(file.language.id().to_owned()).or_default();
        language.files += 1;
        language.failed += u64::from(failed);
        language.bytes += bytes;
        language.lines += lines;
        language.findings += file.findings.len() as u64;
        for error in &file.errors {
            *self.errors.entry(error.code.clone()).or_default() += 1;
        }
        for finding in &file.findings {
            self.findings.total += 1;
            match finding.severity {
                Severity::Note => self.findings.note += 1,
                Severity::Warning => self.findings.warning += 1,
                Severity::Error => self.findings.error += 1,
            }
            let rule = UsedAnalyzer::rule_id(analyzers, &finding.plugin, &finding.rule);
            *self.rules.entry(rule).or_default() += 1;
        }
    }
}
