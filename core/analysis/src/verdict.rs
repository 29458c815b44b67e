//! Whether an analysis passes as a check.

use codetune_plugin::Fault;
use codetune_plugin_sdk::Severity;

use super::analysis_report::Analysis;
use super::summary::AnalysisSummary;
use super::used_analyzer::UsedAnalyzer;

/// The outcome of an analysis as a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing stands against it.
    Passed,
    /// There are findings of the given severity or higher.
    Findings,
    /// An analyzer failed on a file, or could not be used at all.
    AnalyzerFailed,
    /// Analyzers reached limits of the host, and had no other faults.
    OverLimit,
    /// This machine cannot run an analyzer.
    NotRun,
    /// A file that an analyzer asked for could not be read, so the check is incomplete.
    Unread,
}

impl AnalysisSummary {
    /// The verdict, for findings of the severity `fail_on` or higher. `None` is not a check: it only fails if an
    /// analyzer could not be used, or if no file at all could be read.
    pub fn verdict(&self, fail_on: Option<Severity>) -> Verdict {
        if self.errors.contains_key("plugin::unavailable") {
            return Verdict::AnalyzerFailed;
        }
        if self.errors.contains_key("plugin::machine") {
            return Verdict::NotRun;
        }
        let found = &self.findings;
        let reached = match fail_on {
            None if !self.unread.is_empty() && self.files.seen == self.files.skipped => {
                return Verdict::Unread;
            }
            None => return Verdict::Passed,
            Some(Severity::Error) => found.error,
            Some(Severity::Warning) => found.error + found.warning,
            Some(Severity::Note) => found.total,
        };
        match (reached, self.files.failed) {
            // An incomplete check does not pass.
            (0, 0) if !self.unread.is_empty() => Verdict::Unread,
            (0, 0) => Verdict::Passed,
            (0, _)
                if !self.errors.is_empty()
                    && self.errors.keys().all(|code| Fault::LIMITS.contains(&code.as_str())) =>
            {
                Verdict::OverLimit
            }
            (0, _) => Verdict::AnalyzerFailed,
            _ => Verdict::Findings,
        }
    }
}

impl Analysis {
    /// Whether an analyzer failed on all of its files.
    pub fn failed_throughout(&self, used: &UsedAnalyzer) -> bool {
        let answered = self.files.iter().any(|file| file.attributes.get(&used.key).is_some());
        let mut errors = self.files.iter().flat_map(|file| &file.errors);
        !answered && errors.any(|error| error.plugin == used.manifest.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incomplete_check_does_not_pass() {
        use Severity::{Error, Warning};
        let mut summary = AnalysisSummary::default();
        (summary.files.seen, summary.files.analysed) = (3, 3);
        assert_eq!(summary.verdict(None), Verdict::Passed);
        assert_eq!(summary.verdict(Some(Error)), Verdict::Passed);
        summary.findings.warning = 1;
        assert_eq!(summary.verdict(Some(Error)), Verdict::Passed);
        assert_eq!(summary.verdict(Some(Warning)), Verdict::Findings);
        summary.skipped.insert("binary".into(), 1);
        assert_eq!(summary.verdict(Some(Error)), Verdict::Passed, "no analyzer asked for it");
        summary.unread.insert("unreadable".into(), 1);
        assert_eq!(summary.verdict(None), Verdict::Passed, "the others have results");
        assert_eq!(summary.verdict(Some(Error)), Verdict::Unread);
        assert_eq!(summary.verdict(Some(Warning)), Verdict::Findings);
        (summary.files.seen, summary.files.skipped) = (1, 1);
        assert_eq!(summary.verdict(None), Verdict::Unread, "nothing was read");
        summary.files.failed = 1;
        assert_eq!(summary.verdict(Some(Error)), Verdict::AnalyzerFailed);
        summary.errors.insert("plugin::unavailable".into(), 1);
        assert_eq!(summary.verdict(None), Verdict::AnalyzerFailed);
    }
}
