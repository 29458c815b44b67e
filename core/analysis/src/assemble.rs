use std::sync::Arc;

use codetune_plugin::Fault;
use codetune_plugin_sdk as sdk;
use codetune_source::SourceFile;

use super::attributes::{AttributeValue, Attributes, FileAttributes};
use super::file_analysis::{Edit, FileAnalysis, FileError, Finding, Symbol};
use super::options::AnalysisOptions;
use super::outcome::{Answer, LineSpan, Outcome};
use super::used_analyzer::UsedAnalyzer;

/// The names that the results of an analyzer share.
pub(super) struct Shared {
    key: Arc<str>,
    plugin: Arc<str>,
    rules: Vec<SharedRule>,
    attributes: Arc<[String]>,
}

struct SharedRule {
    id: Arc<str>,
    summary: String,
    sensitive: bool,
}

impl Shared {
    pub(super) fn of(used: &UsedAnalyzer) -> Self {
        let analyzer = used.manifest.analyzer.as_ref();
        let rules = analyzer.map_or(&[][..], |analyzer| &analyzer.rules).iter().map(|rule| SharedRule {
            id: rule.id.as_str().into(),
            summary: rule.summary.clone(),
            sensitive: rule.sensitive,
        });
        let attributes = analyzer.map_or(&[][..], |analyzer| &analyzer.attributes);
        Shared {
            key: used.key.as_str().into(),
            plugin: used.manifest.name.as_str().into(),
            rules: rules.collect(),
            attributes: attributes.iter().map(|attribute| attribute.name.clone()).collect(),
        }
    }
}

impl FileAnalysis {
    /// Puts together what analyzers said of a file; `outcomes` are in the order of their names.
    pub(super) fn assemble<'a>(
        file: &SourceFile,
        outcomes: impl IntoIterator<Item = (&'a Shared, Outcome)>,
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
            attributes: FileAttributes::default(),
            symbols: Vec::new(),
            errors: Vec::new(),
        };
        for (shared, outcome) in outcomes {
            match outcome {
                Outcome::Fault { code, message } => {
                    let plugin = shared.plugin.to_string();
                    analysis.errors.push(FileError { plugin, code, message });
                }
                Outcome::Answer(answer) => analysis.add(shared, &answer),
            }
        }
        analysis.findings.sort_by_key(|finding| (finding.start, finding.end));
        analysis.findings.shrink_to_fit();
        analysis.symbols.shrink_to_fit();
        let wanted = options.keep_text || options.keep_found_text && !analysis.findings.is_empty();
        analysis.text = wanted.then(|| file.shared_text());
        analysis
    }

    /// Puts an error in place of all that an analyzer said, where it was asked about the file at all.
    pub(super) fn retract(&mut self, used: &UsedAnalyzer, fault: &Fault) {
        let plugin = &used.manifest.name;
        if !self.attributes.remove(&used.key) {
            return;
        }
        self.findings.retain(|finding| *finding.plugin != **plugin);
        self.symbols.retain(|symbol| *symbol.plugin != **plugin);
        let (code, message) = (fault.code().to_owned(), fault.whole());
        self.errors.push(FileError { plugin: plugin.clone(), code, message });
        self.errors.sort_by(|a, b| a.plugin.cmp(&b.plugin));
    }

    /// Every index was checked when the answer was given, and the cache checks that it is still that answer.
    fn add(&mut self, shared: &Shared, answer: &Answer) {
        let Answer { report, places } = answer;
        let text = |index: u32| report.strings.get(index as usize).cloned().unwrap_or_default();
        let (of_findings, rest) = places.split_at(report.findings.len().min(places.len()));
        let (of_edits, of_symbols) = rest.split_at(report.edits.len().min(rest.len()));

        let first = self.findings.len();
        for (finding, place) in report.findings.iter().zip(of_findings) {
            let Some(rule) = shared.rules.get(usize::from(finding.rule)) else { continue };
            self.findings.push(Finding {
                plugin: Arc::clone(&shared.plugin),
                rule: Arc::clone(&rule.id),
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

        let mut sizes = vec![0; report.symbols.len() + 1];
        for attribute in &report.attributes {
            if let Some(size) = sizes.get_mut(attribute.subject as usize) {
                *size += 1;
            }
        }
        // The file comes first, then its symbols.
        let mut subjects: Vec<Vec<(u16, AttributeValue)>> =
            sizes.into_iter().map(Vec::with_capacity).collect();
        for attribute in &report.attributes {
            let value = match attribute.value {
                sdk::Value::Integer(value) => value.into(),
                sdk::Value::Float(value) => value.into(),
                sdk::Value::Boolean(value) => value.into(),
                sdk::Value::Text(index) => AttributeValue::Text(text(index).into()),
            };
            if let Some(values) = subjects.get_mut(attribute.subject as usize) {
                values.push((attribute.id, value));
            }
        }
        let mut subjects = subjects.into_iter().map(|values| Attributes::new(&shared.attributes, values));
        self.attributes.insert(Arc::clone(&shared.key), subjects.next().unwrap_or_default());
        let symbol = |((symbol, place), attributes): ((&sdk::Symbol, &LineSpan), Attributes)| Symbol {
            plugin: Arc::clone(&shared.plugin),
            name: text(symbol.name),
            start: symbol.start,
            end: symbol.end,
            place: *place,
            attributes,
        };
        self.symbols.extend(report.symbols.iter().zip(of_symbols).zip(subjects).map(symbol));
    }
}
