use codetune_plugin::{AnalyzerManifest, Fault};
use codetune_plugin_sdk as sdk;
use codetune_source::SourceFile;
use serde_json::{Map, Value};

use super::outcome::{Answer, Outcome};
use super::{AnalysisOptions, Edit, FileAnalysis, FileError, Finding, LineSpan, Symbol, UsedAnalyzer};

impl FileAnalysis {
    /// Puts together what analyzers said of a file; `outcomes` are in the order of their names.
    pub(super) fn assemble<'a>(
        file: &SourceFile,
        outcomes: impl IntoIterator<Item = (&'a UsedAnalyzer, Outcome)>,
        options: &AnalysisOptions,
    ) -> Self {
        let mut analysis = FileAnalysis {
            path: file.path().to_owned(),
            language: file.language(),
            encoding: file.encoding().to_owned(),
            digest: *file.digest().as_bytes(),
            bytes: file.bytes(),
            lines: file.lines().line_count(),
            text: None,
            findings: Vec::new(),
            attributes: Map::new(),
            symbols: Vec::new(),
            errors: Vec::new(),
        };
        for (used, outcome) in outcomes {
            let plugin = &used.manifest.name;
            match outcome {
                Outcome::Fault { code, message } => {
                    analysis.errors.push(FileError { plugin: plugin.clone(), code, message });
                }
                Outcome::Answer(answer) => {
                    if let Some(manifest) = &used.manifest.analyzer {
                        analysis.add(used, manifest, &answer);
                    }
                }
            }
        }
        analysis.findings.sort_by_key(|finding| (finding.start, finding.end));
        let wanted = options.keep_text || options.keep_found_text && !analysis.findings.is_empty();
        analysis.text = wanted.then(|| file.shared_text());
        analysis
    }

    /// Puts an error in place of all that an analyzer said, where it was asked about the file at all.
    pub(super) fn retract(&mut self, used: &UsedAnalyzer, fault: &Fault) {
        let plugin = &used.manifest.name;
        if self.attributes.shift_remove(&used.key).is_none() {
            return;
        }
        self.findings.retain(|finding| finding.plugin != *plugin);
        self.symbols.retain(|symbol| symbol.plugin != *plugin);
        let (code, message) = (fault.code().to_owned(), fault.to_string());
        self.errors.push(FileError { plugin: plugin.clone(), code, message });
        self.errors.sort_by(|a, b| a.plugin.cmp(&b.plugin));
    }

    /// Every index was checked when the answer was given, and the cache checks that it is still that answer.
    fn add(&mut self, used: &UsedAnalyzer, manifest: &AnalyzerManifest, answer: &Answer) {
        let Answer { report, places } = answer;
        let plugin = &used.manifest.name;
        let text = |index: u32| report.strings.get(index as usize).cloned().unwrap_or_default();
        let (of_findings, rest) = places.split_at(report.findings.len().min(places.len()));
        let (of_edits, of_symbols) = rest.split_at(report.edits.len().min(rest.len()));

        let first = self.findings.len();
        for (finding, place) in report.findings.iter().zip(of_findings) {
            let Some(rule) = manifest.rules.get(usize::from(finding.rule)) else { continue };
            self.findings.push(Finding {
                plugin: plugin.clone(),
                rule: rule.id.clone(),
                severity: finding.severity,
                message: finding.message.map_or_else(|| rule.summary.clone(), text),
                start: finding.start,
                end: finding.end,
                place: *place,
                edits: Vec::new(),
                sensitive: rule.sensitive,
            });
        }
        for (edit, place) in report.edits.iter().zip(of_edits) {
            if let Some(finding) = self.findings.get_mut(first + edit.finding as usize) {
                let replacement = text(edit.replacement);
                finding.edits.push(Edit { start: edit.start, end: edit.end, place: *place, replacement });
            }
        }

        // Maps that grow by doubling took a third more memory, for as long as the analysis is kept.
        let mut sizes = vec![0; report.symbols.len() + 1];
        for attribute in &report.attributes {
            if let Some(size) = sizes.get_mut(attribute.subject as usize) {
                *size += 1;
            }
        }
        let mut sizes = sizes.into_iter();
        let mut of_file = Map::with_capacity(sizes.next().unwrap_or(0));

        let first = self.symbols.len();
        let symbol = |((symbol, place), size): ((&sdk::Symbol, &LineSpan), usize)| Symbol {
            plugin: plugin.clone(),
            name: text(symbol.name),
            start: symbol.start,
            end: symbol.end,
            place: *place,
            attributes: Map::with_capacity(size),
        };
        self.symbols.extend(report.symbols.iter().zip(of_symbols).zip(sizes).map(symbol));
        for attribute in &report.attributes {
            let Some(declared) = manifest.attributes.get(usize::from(attribute.id)) else { continue };
            let value = match attribute.value {
                sdk::Value::Integer(value) => Value::from(value),
                sdk::Value::Float(value) => Value::from(value),
                sdk::Value::Boolean(value) => Value::from(value),
                sdk::Value::Text(index) => Value::from(text(index)),
            };
            let attributes = match attribute.subject.checked_sub(1) {
                None => Some(&mut of_file),
                Some(at) => self.symbols.get_mut(first + at as usize).map(|symbol| &mut symbol.attributes),
            };
            if let Some(attributes) = attributes {
                attributes.insert(declared.name.clone(), value);
            }
        }
        self.attributes.insert(used.key.clone(), Value::Object(of_file));
    }
}
