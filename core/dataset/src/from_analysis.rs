//! Analysed files as documents, and skipped files as documents that were left out.

use codetune_analysis::{FileAnalysis, FileAttributes};
use codetune_source::{Language, Skipped};
use serde_json::{Map, Value};

use super::document::{Document, Dropped, Stage};
use super::error::DatasetError;

impl Document {
    /// The document of an analysed file.
    ///
    /// Findings are counted by rule under the names that attributes have; an analyzer that answered and found
    /// nothing is there with an empty object. An analyzer that gave no answer is an error of the document and
    /// has neither attributes nor findings.
    ///
    /// # Errors
    /// [`DatasetError::TextNotKept`] when the analysis did not keep the texts.
    pub fn from_analysis(file: &FileAnalysis) -> Result<Self, DatasetError> {
        let text = file.text.clone().ok_or_else(|| DatasetError::TextNotKept(file.path.clone()))?;
        let mut findings: Map<String, Value> =
            file.attributes.analyzers().map(|key| (key.to_owned(), Value::Object(Map::new()))).collect();
        for finding in &file.findings {
            let short = finding.plugin.split_once('/').map_or(&*finding.plugin, |(_, short)| short);
            // Two analyzers that share a short name both go by their full ones.
            let key = if findings.contains_key(&*finding.plugin) { &*finding.plugin } else { short };
            let counts = findings.entry(key).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(counts) = counts {
                let count = counts.get(&*finding.rule).and_then(Value::as_u64).unwrap_or(0);
                counts.insert(finding.rule.to_string(), (count + 1).into());
            }
        }
        Ok(Document {
            path: file.path.clone(),
            language: file.language.id().to_owned(),
            text,
            digest: file.digest,
            attributes: file.attributes.clone(),
            findings,
            errors: file.errors.iter().map(|e| format!("plugin {}: {}", e.plugin, e.message)).collect(),
        })
    }

    /// The document of a file that was not read, of which only the path is known.
    pub(super) fn unread(path: &str) -> Self {
        Document {
            path: path.to_owned(),
            language: Language::Text.id().to_owned(),
            text: "".into(),
            digest: [0; 32],
            attributes: FileAttributes::default(),
            findings: Map::new(),
            errors: Vec::new(),
        }
    }
}

impl Dropped {
    /// A file that was seen and not read, as the first stage that leaves something out. It has no tokens.
    pub fn from_skipped(skipped: &Skipped) -> Self {
        Dropped {
            path: skipped.path.clone(),
            stage: Stage::Skipped,
            reason: skipped.reason.to_string(),
            tokens: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use codetune_analysis::{Attributes, FileAttributes, FileError, Finding, LineSpan};
    use codetune_plugin_sdk::Severity;
    use codetune_source::SkipReason;
    use serde_json::json;

    use super::*;

    fn finding(plugin: &str, rule: &str) -> Finding {
        Finding {
            plugin: plugin.into(),
            rule: rule.into(),
            severity: Severity::Note,
            message: "m".into(),
            start: 0,
            end: 0,
            place: LineSpan { start_line: 1, start_column: 1, end_line: 1, end_column: 1 },
            edits: Vec::new(),
            sensitive: false,
        }
    }

    fn file() -> FileAnalysis {
        let mut attributes = FileAttributes::default();
        attributes.insert("metrics", [("lines", 1)].into_iter().collect());
        attributes.insert("secrets", Attributes::default());
        FileAnalysis {
            path: "a.py".into(),
            language: Language::Python,
            encoding: "UTF-8".into(),
            digest: [7; 32],
            bytes: 2,
            lines: 1,
            text: Some(Arc::from("x\n")),
            findings: vec![finding("codetune/secrets", "key"), finding("codetune/secrets", "key")],
            attributes,
            symbols: Vec::new(),
            errors: vec![FileError {
                plugin: "acme/todo".into(),
                code: "plugin::failed".into(),
                message: "no tree".into(),
            }],
        }
    }

    #[test]
    fn findings_are_counted_by_rule_and_nothing_found_is_an_empty_object() {
        let document = Document::from_analysis(&file()).unwrap();
        assert_eq!(Value::Object(document.findings), json!({"metrics": {}, "secrets": {"key": 2}}));
        assert_eq!(document.attributes.get("metrics").unwrap().get("lines"), Some(&1.into()));
        assert_eq!((&*document.language, &*document.text, document.digest), ("python", "x\n", [7; 32]));
        assert_eq!(document.errors, ["plugin acme/todo: no tree"]);
    }

    #[test]
    fn analyzers_that_share_a_short_name_are_counted_apart() {
        let mut file = file();
        file.attributes = FileAttributes::default();
        for analyzer in ["a/x", "b/x"] {
            file.attributes.insert(analyzer, Attributes::default());
        }
        file.findings = vec![finding("b/x", "r")];
        let document = Document::from_analysis(&file).unwrap();
        assert_eq!(Value::Object(document.findings), json!({"a/x": {}, "b/x": {"r": 1}}));
    }

    #[test]
    fn a_file_without_its_text_is_refused_with_the_remedy() {
        let file = FileAnalysis { text: None, ..file() };
        let error = Document::from_analysis(&file).unwrap_err().to_string();
        assert!(error.contains("a.py") && error.contains("keep_text"), "{error}");
    }

    #[test]
    fn a_skipped_file_keeps_its_reason() {
        let reason = SkipReason::Binary { format: None, offset: 3 };
        let skipped = Skipped::new("b.bin".into(), reason);
        let dropped = Dropped::from_skipped(&skipped);
        assert_eq!((dropped.stage, dropped.tokens), (Stage::Skipped, 0));
        assert!(dropped.reason.contains("byte 3"), "{}", dropped.reason);
    }
}
