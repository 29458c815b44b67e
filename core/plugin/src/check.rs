use codetune_plugin_sdk::{Report, Value};

use crate::limits::Limits;
use crate::manifest::{AnalyzerManifest, Scope};
use crate::service::SourceBatch;
use crate::value_kind::ValueKind;

/// The most bytes of a message or of a name: many screens of text.
const MESSAGE_BYTES: usize = 16 << 10;

/// Checks what an analyzer said of one source: every index, span, type and size.
///
/// # Errors
/// Says what breaks the contract.
pub(crate) fn check_report(
    report: &Report,
    manifest: &AnalyzerManifest,
    batch: &dyn SourceBatch,
    at: usize,
) -> Result<(), String> {
    let text = batch.text(at);
    let strings = report.strings.len();
    let span = |what: &str, start: u32, end: u32| -> Result<(), String> {
        let (from, to) = (start as usize, end as usize);
        if from > to || to > text.len() {
            return Err(format!("{what} spans {start}..{end} of a text of {} bytes", text.len()));
        }
        if !text.is_char_boundary(from) || !text.is_char_boundary(to) {
            return Err(format!("{what} spans {start}..{end}, which cuts a character"));
        }
        Ok(())
    };
    let index = |what: &str, index: u32, length: usize| -> Result<(), String> {
        if (index as usize) < length {
            return Ok(());
        }
        Err(format!("{what} is number {index} of {length}"))
    };
    let short = |what: &str, number: u32| -> Result<(), String> {
        index(what, number, strings)?;
        match report.strings.get(number as usize).map_or(0, String::len) {
            bytes if bytes > MESSAGE_BYTES => {
                Err(format!("{what} has {bytes} bytes, and at most {MESSAGE_BYTES} are kept"))
            }
            _ => Ok(()),
        }
    };
    for finding in &report.findings {
        index("a finding's rule", finding.rule.into(), manifest.rules.len())?;
        span("a finding", finding.start, finding.end)?;
        finding.message.map_or(Ok(()), |message| short("a finding's message", message))?;
    }
    for edit in &report.edits {
        index("an edit's finding", edit.finding, report.findings.len())?;
        span("an edit", edit.start, edit.end)?;
        index("an edit's replacement", edit.replacement, strings)?;
    }
    for symbol in &report.symbols {
        short("a symbol's name", symbol.name)?;
        span("a symbol", symbol.start, symbol.end)?;
    }
    for attribute in &report.attributes {
        index("an attribute", attribute.id.into(), manifest.attributes.len())?;
        let Some(declared) = manifest.attributes.get(usize::from(attribute.id)) else { continue };
        let name = &declared.name;
        match (declared.scope, attribute.subject) {
            (Scope::File, 0) => {}
            (Scope::Symbol, subject) if subject > 0 => {
                index("an attribute's symbol", subject - 1, report.symbols.len())?;
            }
            (scope, _) => {
                return Err(format!("attribute `{name}` is declared for a {scope:?}").to_lowercase());
            }
        }
        match (declared.kind, attribute.value) {
            (ValueKind::Float, Value::Float(value)) if value.is_finite() => {}
            (ValueKind::Text, Value::Text(text)) => index("an attribute's text", text, strings)?,
            (ValueKind::Integer, Value::Integer(_)) | (ValueKind::Boolean, Value::Boolean(_)) => {}
            (kind, value) => return Err(format!("attribute `{name}` is {value:?}, declared as {kind:?}")),
        }
    }
    Ok(())
}

/// How many bytes a report holds, as the output limit counts them.
pub fn report_bytes(report: &Report) -> usize {
    size_of_val(report.findings.as_slice())
        + size_of_val(report.edits.as_slice())
        + size_of_val(report.symbols.as_slice())
        + size_of_val(report.attributes.as_slice())
        + report.strings.iter().map(|text| text.len() + size_of::<String>()).sum::<usize>()
}

/// Whether one report keeps to the output limit of one file.
pub(crate) fn fits_output(report: &Report, limits: &Limits) -> bool {
    report_bytes(report) <= limits.output_bytes_for(1)
}
