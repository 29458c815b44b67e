//! An analysis for people.

use std::collections::HashMap;

use codetune_core::analysis::{Analysis, FileAnalysis, Finding};
use codetune_core::validate::escape_control;

use super::excerpt::Excerpts;
use crate::terminal::Terminal;
use crate::terminal::format::{bytes, count, counted};
use crate::terminal::style::Style;
use crate::terminal::table::Table;

/// Findings shown unless all are asked for; more than a few screens nobody reads.
const FINDINGS: usize = 50;
/// Failed or skipped files shown of each reason.
const FILES: usize = 5;

/// The whole answer.
pub fn render(analysis: &Analysis, all: bool, terminal: &Terminal, to_file: bool) -> String {
    let plain = Terminal { color: false, ..*terminal };
    let terminal = if to_file { &plain } else { terminal };
    let mut text = String::new();
    findings(&mut text, analysis, all, terminal);
    failed(&mut text, analysis, all, terminal);
    skipped(&mut text, analysis, all, terminal);
    text.push_str(&languages(analysis, terminal));
    text.push('\n');
    text.push_str(&totals(analysis, terminal));
    text
}

/// A row for each language.
pub fn languages(analysis: &Analysis, terminal: &Terminal) -> String {
    let mut table = Table::new(&["LANGUAGE", ">FILES", ">LINES", ">SIZE", ">FINDINGS", ">FAILED"]);
    let row = |name: &str, numbers: [u64; 3], size: u64| {
        let [files, lines, found] = numbers.map(count);
        (name.to_owned(), files, lines, bytes(size), found)
    };
    let summary = &analysis.summary;
    for (language, counts) in &summary.languages {
        let (name, files, lines, size, found) =
            row(language, [counts.files, counts.lines, counts.findings], counts.bytes);
        table.row([name, files, lines, size, found, count(counts.failed)]);
    }
    let files = summary.files.analysed + summary.files.failed;
    let (name, files, lines, size, found) =
        row("all", [files, summary.lines, summary.findings.total], summary.bytes);
    table.row([name, files, lines, size, found, count(summary.files.failed)]);
    table.render(terminal)
}

fn findings(text: &mut String, analysis: &Analysis, all: bool, terminal: &Terminal) {
    let mut found: Vec<(&FileAnalysis, &Finding)> = analysis
        .files
        .iter()
        .flat_map(|file| file.findings.iter().map(move |finding| (file, finding)))
        .collect();
    // The worst first; files stay in their order.
    found.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.severity));
    let most = if all { usize::MAX } else { FINDINGS };
    let mut excerpts: HashMap<&str, Excerpts<'_>> = HashMap::new();
    for (file, finding) in found.iter().take(most) {
        let excerpts = excerpts.entry(&file.path).or_insert_with(|| Excerpts::of(file));
        text.push_str(&excerpts.render(finding, terminal));
        text.push('\n');
    }
    more(text, found.len(), most, "findings", terminal);
}

fn failed(text: &mut String, analysis: &Analysis, all: bool, terminal: &Terminal) {
    for code in analysis.summary.errors.keys() {
        let errors: Vec<String> = analysis
            .files
            .iter()
            .flat_map(|file| {
                file.errors.iter().filter(|error| error.code == *code).map(move |error| (file, error))
            })
            .map(|(file, error)| format!("{}: plugin {} {}", file.path, error.plugin, error.message))
            .collect();
        list(text, &format!("no answer, {code}"), &errors, all, terminal);
    }
}

fn skipped(text: &mut String, analysis: &Analysis, all: bool, terminal: &Terminal) {
    for (code, number) in &analysis.summary.skipped {
        // Whoever analyses a project with pictures in it does not want to read about each of them.
        if code == "unknown-language" && !all {
            let hint = "--all-files reads them as text, --all lists them";
            text.push_str(&format!("skipped, unknown language: {} files; {hint}\n\n", count(*number)));
            continue;
        }
        let files = analysis.skipped.iter().filter(|skipped| skipped.reason.code() == code);
        let files: Vec<String> =
            files.map(|skipped| format!("{}: {}", skipped.path, skipped.reason)).collect();
        list(text, &format!("skipped, {code}"), &files, all, terminal);
    }
}

fn list(text: &mut String, heading: &str, lines: &[String], all: bool, terminal: &Terminal) {
    let most = if all { usize::MAX } else { FILES };
    let heading = format!("{heading}: {}", counted(lines.len() as u64, "file"));
    text.push_str(&format!("{}\n", terminal.paint(Style::Heading, &heading)));
    for line in lines.iter().take(most) {
        text.push_str(&format!("  {}\n", escape_control(line)));
    }
    more(text, lines.len(), most, "files", terminal);
    text.push('\n');
}

fn more(text: &mut String, all: usize, most: usize, what: &str, terminal: &Terminal) {
    if all > most {
        let line = format!(
            "… and {} more {what}: --all shows them, --json has them too",
            count((all - most) as u64)
        );
        text.push_str(&format!("{}\n", terminal.paint(Style::Dim, &line)));
    }
}

fn totals(analysis: &Analysis, terminal: &Terminal) -> String {
    let (files, found) = (&analysis.summary.files, &analysis.summary.findings);
    let numbers = format!(
        "{}: {} analysed, {} failed, {} skipped",
        counted(files.seen, "file"),
        count(files.analysed),
        count(files.failed),
        count(files.skipped)
    );
    let findings = format!(
        "{}: {}, {}, {}",
        counted(found.total, "finding"),
        counted(found.error, "error"),
        counted(found.warning, "warning"),
        counted(found.note, "note")
    );
    let style = if found.error > 0 { Style::Error } else { Style::Good };
    format!("{numbers}\n{}\n", terminal.paint(style, &findings))
}
