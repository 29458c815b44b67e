use std::collections::HashMap;
use std::path::Path;

use codetune_plugin_sdk::Severity;
use serde_json::{Value, json};

use super::{Analysis, FileAnalysis, Finding, Place, UsedAnalyzer};
use crate::plugin::Rule;

/// The name by which locations refer to the root of the analysis.
const ROOT: &str = "SRCROOT";

/// Writes an analysis in the Static Analysis Results Interchange Format, version 2.1.0 of OASIS.
///
/// Rules of all analyzers are those of the driver, named `secrets/aws-access-key-id`. Paths are relative to
/// `SRCROOT`, which is `root` where one is given and left to the reader where not. Columns count characters
/// (`unicodeCodePoints`). Files that were skipped and analyzers that gave no answer are notifications of the
/// invocation, which counts as successful when every analyzer answered for every file it was shown.
pub fn to_sarif(analysis: &Analysis, root: Option<&Path>) -> Value {
    let rules = Rules::of(&analysis.analyzers);
    let results: Vec<Value> = analysis.files.iter().flat_map(|file| rules.results(file)).collect();
    let extensions: Vec<Value> = analysis.analyzers.iter().map(extension).collect();
    let mut base = json!({ "description": { "text": "The root of the analysed files" } });
    if let Some(root) = root {
        base["uri"] = format!("file://{}", absolute(root)).into();
    }
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "codetune",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "informationUri": env!("CARGO_PKG_REPOSITORY"),
                    "rules": rules.described,
                },
                "extensions": extensions,
            },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { ROOT: base },
            "invocations": [{
                "executionSuccessful": analysis.summary.files.failed == 0,
                "toolExecutionNotifications": notifications(analysis),
            }],
            "results": results,
        }],
    })
}

/// The rules of all analyzers in one list.
struct Rules<'a> {
    described: Vec<Value>,
    index: HashMap<(&'a str, &'a str), usize>,
    analyzers: &'a [UsedAnalyzer],
}

impl<'a> Rules<'a> {
    fn of(analyzers: &'a [UsedAnalyzer]) -> Self {
        let mut rules = Rules { described: Vec::new(), index: HashMap::new(), analyzers };
        for used in analyzers {
            for rule in used.manifest.analyzer.iter().flat_map(|analyzer| &analyzer.rules) {
                rules.index.insert((&used.manifest.name, &rule.id), rules.described.len());
                rules.described.push(describe(used, rule));
            }
        }
        rules
    }

    fn results(&self, file: &'a FileAnalysis) -> Vec<Value> {
        let mut seen: HashMap<(&str, &str, &str), u64> = HashMap::new();
        let result = |finding: &'a Finding| {
            let alike = seen.entry((&finding.plugin, &finding.rule, &finding.message)).or_default();
            *alike += 1;
            self.result(file, finding, *alike)
        };
        file.findings.iter().map(result).collect()
    }

    fn result(&self, file: &FileAnalysis, finding: &Finding, alike: u64) -> Value {
        let id = UsedAnalyzer::rule_id(self.analyzers, &finding.plugin, &finding.rule);
        let fingerprint = fingerprint(&id, &file.path, &finding.message, alike);
        let mut result = json!({
            "ruleId": id,
            "level": level(finding.severity),
            "message": { "text": finding.message },
            "locations": [location(&file.path, Some(&finding.place))],
            "partialFingerprints": { "ruleAndOccurrence/v1": fingerprint },
        });
        if let Some(index) = self.index.get(&(finding.plugin.as_str(), finding.rule.as_str())) {
            result["ruleIndex"] = (*index).into();
        }
        if !finding.edits.is_empty() {
            let replacement = |edit: &super::Edit| json!({ "deletedRegion": region(&edit.place), "insertedContent": { "text": edit.replacement } });
            let replacements: Vec<Value> = finding.edits.iter().map(replacement).collect();
            result["fixes"] = json!([{
                "artifactChanges": [{ "artifactLocation": artifact(&file.path), "replacements": replacements }],
            }]);
        }
        result
    }
}

fn describe(used: &UsedAnalyzer, rule: &Rule) -> Value {
    let mut described = json!({
        "id": format!("{}/{}", used.key, rule.id),
        "shortDescription": { "text": rule.summary },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "plugin": used.manifest.name },
    });
    if !rule.help.is_empty() {
        described["help"] = json!({ "text": rule.help });
    }
    described
}

fn extension(used: &UsedAnalyzer) -> Value {
    json!({
        "name": used.manifest.name,
        "semanticVersion": used.manifest.version.to_string(),
        "shortDescription": { "text": used.manifest.description },
        "organization": used.manifest.author,
    })
}

fn notifications(analysis: &Analysis) -> Vec<Value> {
    let errors = analysis.files.iter().flat_map(|file| {
        file.errors.iter().map(|error| {
            json!({
                "level": "error",
                "descriptor": { "id": error.code },
                "message": { "text": format!("plugin {}: {}", error.plugin, error.message) },
                "locations": [location(&file.path, None)],
            })
        })
    });
    let skipped = analysis.skipped.iter().map(|skipped| {
        json!({
            "level": "note",
            "descriptor": { "id": format!("skipped::{}", skipped.reason.code()) },
            "message": { "text": skipped.reason.to_string() },
            "locations": [location(&skipped.path, None)],
        })
    });
    let warnings = analysis.warnings.iter().map(|warning| {
        json!({
            "level": "warning",
            "descriptor": { "id": "source::ignore_file" },
            "message": { "text": warning },
        })
    });
    errors.chain(skipped).chain(warnings).collect()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn location(path: &str, place: Option<&Place>) -> Value {
    let mut physical = json!({ "artifactLocation": artifact(path) });
    if let Some(place) = place {
        physical["region"] = region(place);
    }
    json!({ "physicalLocation": physical })
}

fn artifact(path: &str) -> Value {
    json!({ "uri": encoded(path.as_bytes()), "uriBaseId": ROOT })
}

fn region(place: &Place) -> Value {
    json!({
        "startLine": place.start_line,
        "startColumn": place.start_column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    })
}

/// Stays the same when lines above are added or removed. The text that was found is not part of it, since it
/// may be a secret.
fn fingerprint(rule: &str, path: &str, message: &str, alike: u64) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [rule.as_bytes(), path.as_bytes(), message.as_bytes(), &alike.to_le_bytes()] {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    hasher.finalize().to_hex().chars().take(32).collect()
}

/// The path of a root as that of a URI, with the slash at its end that a base needs.
fn absolute(root: &Path) -> String {
    let full = root.canonicalize().or_else(|_| std::path::absolute(root)).unwrap_or_else(|_| root.to_owned());
    // Paths in the report are relative to a directory, also where the root is a single file.
    let directory = if full.is_file() { full.parent().unwrap_or(&full) } else { &full };
    let mut uri: String = encoded(directory.as_os_str().as_encoded_bytes());
    if !uri.starts_with('/') {
        uri.insert(0, '/');
    }
    if !uri.ends_with('/') {
        uri.push('/');
    }
    uri
}

/// The characters of a path segment that need no escape (RFC 3986, unreserved) and the slash stay; a colon
/// goes too, so that the first segment cannot be read as a scheme.
fn encoded(path: &[u8]) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(*byte))
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}
