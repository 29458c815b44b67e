use std::ops::Range;

use crate::manifest_id::{AttributeId, RuleId};

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u32)]
pub enum Severity {
    /// Informational.
    Note = 0,
    /// Probably a problem.
    Warning = 1,
    /// A problem.
    Error = 2,
}

/// A finding of a rule, as numbers; texts are in [`Report::strings`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Finding {
    /// An index into the manifest's rules.
    pub rule: u16,
    /// Its severity.
    pub severity: Severity,
    /// Start of the span in bytes.
    pub start: u32,
    /// End of the span in bytes.
    pub end: u32,
    /// An index into [`Report::strings`]; without one, the rule's summary is used.
    pub message: Option<u32>,
}

/// A replacement that fixes a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[repr(C)]
pub struct Edit {
    /// An index into [`Report::findings`].
    pub finding: u32,
    /// Start of the replaced span in bytes.
    pub start: u32,
    /// End of the replaced span in bytes.
    pub end: u32,
    /// An index into [`Report::strings`].
    pub replacement: u32,
}

/// A part of a file that attributes can refer to: a function, a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[repr(C)]
pub struct Symbol {
    /// An index into [`Report::strings`].
    pub name: u32,
    /// Start of the span in bytes.
    pub start: u32,
    /// End of the span in bytes.
    pub end: u32,
}

/// The value of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Value {
    /// An integer.
    Integer(i64),
    /// A finite number.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// An index into [`Report::strings`].
    Text(u32),
}

/// A typed value attached to a file or a symbol.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Attribute {
    /// An index into the manifest's attributes.
    pub id: u16,
    /// 0 for the file, or 1 + an index into [`Report::symbols`].
    pub subject: u32,
    /// The value.
    pub value: Value,
}

/// The subject of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject(pub(crate) u32);

impl Subject {
    /// The whole file.
    pub const FILE: Subject = Subject(0);
}

/// The results for a file.
///
/// Repeated entries are numeric and texts are in one table, so that a report crosses the sandbox boundary in a few
/// copies.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Report {
    /// In the order reported.
    pub findings: Vec<Finding>,
    /// In the order reported.
    pub edits: Vec<Edit>,
    /// In the order reported.
    pub symbols: Vec<Symbol>,
    /// In the order reported.
    pub attributes: Vec<Attribute>,
    /// The texts that other entries refer to by index.
    pub strings: Vec<String>,
}

/// A new finding, to which a message and edits can be added.
pub struct FindingEntry<'a> {
    report: &'a mut Report,
    index: u32,
}

impl Report {
    /// Adds a finding. `span` is in bytes of the text and must be on character boundaries.
    #[inline]
    pub fn finding(&mut self, rule: RuleId, severity: Severity, span: Range<usize>) -> FindingEntry<'_> {
        let index = self.findings.len() as u32;
        let Range { start, end } = offsets(span);
        self.findings.push(Finding { rule: rule.0, severity, start, end, message: None });
        FindingEntry { report: self, index }
    }

    /// Adds a symbol that attributes can refer to.
    pub fn symbol(&mut self, name: impl Into<String>, span: Range<usize>) -> Subject {
        let name = self.string(name.into());
        let Range { start, end } = offsets(span);
        self.symbols.push(Symbol { name, start, end });
        Subject(self.symbols.len() as u32)
    }

    /// Adds an integer attribute.
    pub fn integer(&mut self, attribute: AttributeId, subject: Subject, value: i64) {
        self.attribute(attribute, subject, Value::Integer(value));
    }

    /// Adds a number attribute, which must be finite.
    pub fn float(&mut self, attribute: AttributeId, subject: Subject, value: f64) {
        self.attribute(attribute, subject, Value::Float(value));
    }

    /// Adds a boolean attribute.
    pub fn boolean(&mut self, attribute: AttributeId, subject: Subject, value: bool) {
        self.attribute(attribute, subject, Value::Boolean(value));
    }

    /// Adds a text attribute.
    pub fn text(&mut self, attribute: AttributeId, subject: Subject, value: impl Into<String>) {
        let value = self.string(value.into());
        self.attribute(attribute, subject, Value::Text(value));
    }

    #[inline]
    fn attribute(&mut self, attribute: AttributeId, subject: Subject, value: Value) {
        self.attributes.push(Attribute { id: attribute.0, subject: subject.0, value });
    }

    fn string(&mut self, text: String) -> u32 {
        self.strings.push(text);
        (self.strings.len() - 1) as u32
    }
}

impl FindingEntry<'_> {
    /// Sets the message, instead of the rule's summary.
    pub fn message(self, text: impl Into<String>) -> Self {
        let text = self.report.string(text.into());
        if let Some(finding) = self.report.findings.get_mut(self.index as usize) {
            finding.message = Some(text);
        }
        self
    }

    /// Proposes to replace `span` with `replacement`.
    pub fn edit(self, span: Range<usize>, replacement: impl Into<String>) -> Self {
        let replacement = self.report.string(replacement.into());
        let Range { start, end } = offsets(span);
        self.report.edits.push(Edit { finding: self.index, start, end, replacement });
        self
    }
}

/// Offsets beyond 4 GiB saturate: the host then rejects the span, which is outside of any accepted source.
#[inline]
fn offsets(span: Range<usize>) -> Range<u32> {
    let narrow = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
    narrow(span.start)..narrow(span.end)
}
