use std::ops::Range;
use std::sync::Arc;

use codetune_plugin_sdk::Severity;
use codetune_source::Language;
use serde::{Serialize, Serializer};

use super::attributes::{Attributes, FileAttributes};
use super::outcome::LineSpan;

/// What all analyzers said of one file.
///
/// Its JSON form has `path`, `language`, `encoding`, `findings`, `attributes`, `symbols` and `errors`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileAnalysis {
    /// Path relative to the root, with `/` between its parts.
    pub path: String,
    /// The language it was analysed as.
    pub language: Language,
    /// The encoding that the file is in. Spans count bytes of its text in UTF-8, without a byte order mark.
    pub encoding: String,
    /// blake3 of the file's bytes.
    #[serde(skip)]
    pub digest: [u8; 32],
    /// Size of the file, in bytes.
    #[serde(skip)]
    pub bytes: u64,
    /// Lines of its text.
    #[serde(skip)]
    pub lines: u32,
    /// The decoded text, where the [`AnalysisOptions`](super::AnalysisOptions) ask for it.
    #[serde(skip)]
    pub text: Option<Arc<str>>,
    /// By start, then end, then the analyzer's name, then as reported.
    pub findings: Vec<Finding>,
    /// The attributes by each analyzer that answered.
    pub attributes: FileAttributes,
    /// Functions, classes and other parts with attributes of their own: by analyzer, then as reported.
    pub symbols: Vec<Symbol>,
    /// The analyzers that gave no answer, by name.
    pub errors: Vec<FileError>,
}

impl FileAnalysis {
    /// The parts of the text that must not be shown, in order and apart: what sensitive findings would replace, and
    /// their whole spans where they would replace nothing.
    pub fn sensitive_spans(&self) -> Vec<Range<u32>> {
        let sensitive = self.findings.iter().filter(|finding| finding.sensitive);
        let mut spans: Vec<Range<u32>> = sensitive
            .flat_map(|finding| {
                let edits = finding.edits.iter().map(|edit| edit.start..edit.end);
                edits.chain(finding.edits.is_empty().then_some(finding.start..finding.end))
            })
            .collect();
        spans.sort_unstable_by_key(|span| (span.start, span.end));
        let mut apart: Vec<Range<u32>> = Vec::with_capacity(spans.len());
        for span in spans {
            match apart.last_mut().filter(|last| span.start <= last.end) {
                Some(last) => last.end = last.end.max(span.end),
                None => apart.push(span),
            }
        }
        apart
    }
}

/// Something that a rule found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The analyzer's full name.
    #[serde(serialize_with = "text")]
    pub plugin: Arc<str>,
    /// The rule's id in that analyzer's manifest.
    #[serde(serialize_with = "text")]
    pub rule: Arc<str>,
    /// How much it matters.
    pub severity: Severity,
    /// What was found; the rule's summary where the analyzer had nothing to add.
    pub message: String,
    /// First byte of the span in the decoded text.
    pub start: u32,
    /// One past the last byte of the span.
    pub end: u32,
    /// The span in lines and columns.
    #[serde(flatten)]
    pub place: LineSpan,
    /// Replacements that mend it, together.
    pub edits: Vec<Edit>,
    /// Whether its span must not be shown, as the rule says. Only in the JSON form where it is so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
}

/// A replacement of a part of the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// First byte that is replaced.
    pub start: u32,
    /// One past the last byte that is replaced.
    pub end: u32,
    /// The span in lines and columns.
    #[serde(flatten)]
    pub place: LineSpan,
    /// What stands there afterwards.
    pub replacement: String,
}

/// A part of a file with attributes of its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Symbol {
    /// The full name of the analyzer that reported it.
    #[serde(serialize_with = "text")]
    pub plugin: Arc<str>,
    /// Its name, as that analyzer writes it.
    pub name: String,
    /// First byte of the span in the decoded text.
    pub start: u32,
    /// One past the last byte of the span.
    pub end: u32,
    /// The span in lines and columns.
    #[serde(flatten)]
    pub place: LineSpan,
    /// Its attributes.
    pub attributes: Attributes,
}

/// Serde serializes an `Arc` only with a feature that also deserializes it without sharing.
fn text<S: Serializer>(shared: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(shared)
}

/// An analyzer that gave no answer for a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileError {
    /// The analyzer's full name.
    pub plugin: String,
    /// The stable code of the fault, for machines: [`Fault::code`](codetune_plugin::Fault::code).
    pub code: String,
    /// What went wrong and what can be done about it.
    pub message: String,
}
