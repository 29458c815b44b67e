//! From an analysis to the documents that a dataset is built of.

use codetune_core::analysis::{Analysis, FileAnalysis};
use codetune_core::dataset::Document;
use serde_json::{Map, Value};

/// Every file that was read, with what analyzers said. The analysis has to have kept the texts.
pub fn of(analysis: Analysis) -> Vec<Document> {
    let keys: Vec<(String, String)> =
        analysis.analyzers.iter().map(|used| (used.manifest.name.clone(), used.key.clone())).collect();
    analysis.files.into_iter().map(|file| document(file, &keys)).collect()
}

fn document(file: FileAnalysis, keys: &[(String, String)]) -> Document {
    // An analyzer that ran and found nothing is there, with nothing; rules tell that from one that did not run.
    let mut findings: Map<String, Value> =
        file.attributes.keys().map(|key| (key.clone(), Value::Object(Map::new()))).collect();
    for finding in &file.findings {
        let key = keys.iter().find(|(name, _)| *name == finding.plugin).map_or(&finding.plugin, |(_, key)| key);
        let rules = findings.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(rules) = rules {
            let before = rules.get(&finding.rule).and_then(Value::as_u64).unwrap_or(0);
            rules.insert(finding.rule.clone(), Value::from(before + 1));
        }
    }
    Document {
        path: file.path,
        language: file.language.id().to_owned(),
        text: file.text.unwrap_or_else(|| "".into()),
        digest: file.digest,
        attributes: file.attributes,
        findings,
        errors: file.errors.into_iter().map(|error| format!("{}: {}", error.plugin, error.message)).collect(),
    }
}
