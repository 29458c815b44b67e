//! An analysis as SARIF, so that GitHub's code scanning takes it.

mod github;
mod line_hash;
mod locations;

use std::collections::{BTreeMap, HashMap};

use codetune_plugin::Rule;
use codetune_plugin_sdk::Severity;
use serde_json::{Value, json};

use self::line_hash::line_hashes;
use self::locations::{Locations, ROOT, region};
use super::analysis_report::Analysis;
use super::file_analysis::{Edit, FileAnalysis, Finding};
use super::used_analyzer::UsedAnalyzer;

pub use github::{GITHUB_MAX_GZIPPED, github_limits};

/// An analyzer with this tag finds faults of security, which GitHub sorts by a score.
const SECURITY: &str = "security";

/// Writes an analysis in the Static Analysis Results Interchange Format, version 2.1.0 of OASIS.
///
/// Rules of all analyzers are those of the driver, named `secrets/aws-access-key-id`. Paths are relative to the top
/// of the repository that holds the inputs, or to the root of the analysis where there is none; `%SRCROOT%` says
/// where that is. Columns count characters (`unicodeCodePoints`). Analyzers that gave no answer and files that could
/// not be read are notifications of the invocation, each by itself, and other skipped files by reason. The
/// invocation is successful when every analyzer has seen and answered for all that it wanted.
///
/// Where texts were kept, a result has two fingerprints: `primaryLocationLineHash` as GitHub's `codeql-action`
/// computes it, but that secrets do not count, and `codetune/v1` of rule, path and that line. Neither depends on
/// the message, on values that an analyzer measured or on its limits.
pub fn to_sarif(analysis: &Analysis) -> Value {
    let rules = Rules::of(analysis);
    let results: Vec<Value> = analysis.files.iter().flat_map(|file| rules.results(file)).collect();
    let extensions: Vec<Value> = analysis.analyzers.iter().map(extension).collect();
    let summary = &analysis.summary;
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
            "automationDetails": { "id": rules.locations.category() },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { ROOT: {
                "uri": rules.locations.base_uri(),
                "description": { "text": "What paths are relative to: the top of the repository, where there is one." },
            } },
            "invocations": [{
                "executionSuccessful": summary.files.failed == 0 && summary.unread.is_empty(),
                "toolExecutionNotifications": notifications(analysis, &rules.locations),
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
    locations: Locations,
}

impl<'a> Rules<'a> {
    fn of(analysis: &'a Analysis) -> Self {
        let mut rules = Rules {
            described: Vec::new(),
            index: HashMap::new(),
            analyzers: &analysis.analyzers,
            locations: Locations::of(analysis),
        };
        for used in &analysis.analyzers {
            for rule in used.manifest.analyzer.iter().flat_map(|analyzer| &analyzer.rules) {
                rules.index.insert((&used.manifest.name, &rule.id), rules.described.len());
                rules.described.push(describe(used, rule));
            }
        }
        rules
    }

    fn results(&self, file: &'a FileAnalysis) -> Vec<Value> {
        let mut lines: Vec<u32> = file.findings.iter().map(|finding| finding.place.start_line).collect();
        lines.dedup();
        let hashes = file.text.as_deref().filter(|_| !lines.is_empty());
        let hashes =
            hashes.map(|text| line_hashes(text, &file.sensitive_spans(), &lines)).unwrap_or_default();
        let mut seen: HashMap<(&str, &str, &str), u64> = HashMap::new();
        let mut results = Vec::with_capacity(file.findings.len());
        for finding in &file.findings {
            let mut result = self.result(file, finding);
            if let Some(hash) = hashes.get(&finding.place.start_line) {
                let alike = seen.entry((&finding.plugin, &finding.rule, hash)).or_default();
                *alike += 1;
                let own = fingerprint(&result, &self.locations.uri(&file.path), hash, *alike);
                result["partialFingerprints"] =
                    json!({ "primaryLocationLineHash": hash, "codetune/v1": own });
            }
            results.push(result);
        }
        results
    }

    fn result(&self, file: &FileAnalysis, finding: &Finding) -> Value {
        let mut result = json!({
            "ruleId": UsedAnalyzer::rule_id(self.analyzers, &finding.plugin, &finding.rule),
            "level": level(finding.severity),
            "message": { "text": finding.message },
            "locations": [self.locations.location(&file.path, Some(&finding.place))],
        });
        if let Some(index) = self.index.get(&(&*finding.plugin, &*finding.rule)) {
            result["ruleIndex"] = (*index).into();
        }
        if !finding.edits.is_empty() {
            let replacement = |edit: &Edit| json!({ "deletedRegion": region(&edit.place), "insertedContent": { "text": edit.replacement } });
            let replacements: Vec<Value> = finding.edits.iter().map(replacement).collect();
            let artifact = self.locations.artifact(&file.path);
            result["fixes"] = json!([{ "artifactChanges": [{ "artifactLocation": artifact, "replacements": replacements }] }]);
        }
        result
    }
}

fn describe(used: &UsedAnalyzer, rule: &Rule) -> Value {
    let manifest = &used.manifest;
    let sentence = |text: &str| format!("{}.", text.trim_end_matches('.'));
    let summary = sentence(&rule.summary);
    let help = if rule.help.is_empty() { &summary } else { &rule.help };
    let mut tags = manifest.tags.clone();
    let mut properties = json!({ "plugin": manifest.name });
    if tags.iter().any(|tag| tag == SECURITY) {
        properties["security-severity"] = security_severity(rule.severity).into();
    } else {
        properties["problem.severity"] = match rule.severity {
            Severity::Note => "recommendation",
            other => level(other),
        }
        .into();
        tags.push("maintainability".to_owned());
    }
    tags.dedup();
    properties["tags"] = tags.into();
    json!({
        "id": format!("{}/{}", used.key, rule.id),
        "name": pascal_case(&rule.id),
        "shortDescription": { "text": summary },
        "fullDescription": { "text": format!("{summary} {}", sentence(&manifest.description)) },
        "help": { "text": help },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": properties,
    })
}

/// A score that GitHub shows as high (from 7.0), medium (from 4.0) or low.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "8.0",
        Severity::Warning => "5.5",
        Severity::Note => "2.0",
    }
}

/// `too-deep` as SARIF names rules: `TooDeep`.
fn pascal_case(id: &str) -> String {
    let words = id.split(|c: char| !c.is_alphanumeric());
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>())
    };
    words.filter_map(capital).collect()
}

fn extension(used: &UsedAnalyzer) -> Value {
    json!({
        "name": used.manifest.name,
        "semanticVersion": used.manifest.version.to_string(),
        "shortDescription": { "text": used.manifest.description },
        "organization": used.manifest.author,
    })
}

fn notifications(analysis: &Analysis, locations: &Locations) -> Vec<Value> {
    let errors = analysis.files.iter().flat_map(|file| {
        file.errors.iter().map(|error| {
            json!({
                "level": "error",
                "descriptor": { "id": error.code },
                "message": { "text": format!("plugin {}: {}", error.plugin, error.message) },
                "locations": [locations.location(&file.path, None)],
            })
        })
    });
    let unread = analysis.skipped.iter().filter(|skipped| analysis.is_unread(skipped)).map(|skipped| {
        json!({
            "level": "warning",
            "descriptor": { "id": format!("skipped::{}", skipped.reason.code()) },
            "message": { "text": skipped.reason.to_string() },
            "locations": [locations.location(&skipped.path, None)],
        })
    });
    let mut others: BTreeMap<&str, u64> = BTreeMap::new();
    for skipped in analysis.skipped.iter().filter(|skipped| !analysis.is_unread(skipped)) {
        *others.entry(skipped.reason.code()).or_default() += 1;
    }
    let others = others.into_iter().map(|(code, number)| {
        json!({
            "level": "note",
            "descriptor": { "id": format!("skipped::{code}") },
            "message": { "text": format!("files not looked at: {number}, {code}") },
        })
    });
    let warnings = analysis.warnings.iter().map(|warning| {
        json!({
            "level": "warning",
            "descriptor": { "id": "source::ignore_file" },
            "message": { "text": warning },
        })
    });
    errors.chain(unread).chain(others).chain(warnings).collect()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// The text that was found is not part of it, since it may be a secret.
fn fingerprint(result: &Value, uri: &str, line_hash: &str, alike: u64) -> String {
    let rule = result["ruleId"].as_str().unwrap_or_default();
    let mut hasher = blake3::Hasher::new();
    for part in [rule.as_bytes(), uri.as_bytes(), line_hash.as_bytes(), &alike.to_le_bytes()] {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    hasher.finalize().to_hex().chars().take(32).collect()
}
