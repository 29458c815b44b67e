use std::collections::HashSet;

use codetune_plugin::{AnalyzerManifest, Fault, report_bytes};
use codetune_plugin_sdk::Report;
use codetune_source::LineIndex;
use serde::{Deserialize, Serialize};

/// A span in lines and columns, both from 1; columns count characters (Unicode scalar values), and the end
/// is one past the last character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LineSpan {
    /// Line of the first character.
    pub start_line: u32,
    /// Column of the first character.
    pub start_column: u32,
    /// Line of the end.
    pub end_line: u32,
    /// Column of the end.
    pub end_column: u32,
}

impl LineSpan {
    fn of(lines: &LineIndex, start: u32, end: u32) -> Option<Self> {
        let (from, to) = (lines.position(start)?, lines.position(end)?);
        Some(LineSpan {
            start_line: from.line,
            start_column: from.column,
            end_line: to.line,
            end_column: to.column,
        })
    }
}

/// What one analyzer said of one file, in the form that is cached: rules and attributes are still numbers
/// of the manifest, which the cache key covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Outcome {
    Answer(Answer),
    Fault { code: String, message: String },
}

/// A report with the places of its findings, its edits and its symbols, in this order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) report: Report,
    pub(super) places: Vec<LineSpan>,
}

impl Outcome {
    /// The outcome of a report that was checked against the manifest and the text.
    pub(super) fn of_report(report: Report, manifest: &AnalyzerManifest, lines: &LineIndex) -> Self {
        let spans = report.findings.iter().map(|f| (f.start, f.end));
        let spans = spans.chain(report.edits.iter().map(|e| (e.start, e.end)));
        let spans = spans.chain(report.symbols.iter().map(|s| (s.start, s.end)));
        let places: Option<Vec<LineSpan>> =
            spans.map(|(start, end)| LineSpan::of(lines, start, end)).collect();
        let Some(places) = places else {
            return Self::of_fault(&Fault::Invalid("a span lies outside the text".into()));
        };
        let mut seen = HashSet::with_capacity(report.attributes.len());
        let repeated = report.attributes.iter().find(|a| !seen.insert((a.id, a.subject)));
        if let Some(attribute) = repeated {
            let declared = manifest.attributes.get(usize::from(attribute.id));
            let name = declared.map_or("?", |declared| &declared.name);
            return Self::of_fault(&Fault::Invalid(format!(
                "attribute `{name}` has two values for one subject"
            )));
        }
        Outcome::Answer(Answer { report, places })
    }

    /// What it takes to keep it, in bytes as an analyzer's output limit counts them.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Outcome::Answer(answer) => report_bytes(&answer.report) as u64,
            Outcome::Fault { message, .. } => message.len() as u64,
        }
    }

    pub(super) fn of_fault(fault: &Fault) -> Self {
        Outcome::Fault { code: fault.code().to_owned(), message: fault.whole() }
    }
}
