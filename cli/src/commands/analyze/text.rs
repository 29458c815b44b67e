//! Human-readable reports.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::Path;

use codetune_core::analysis::{Analysis, FileAnalysis, Finding};
use codetune_core::redact::escape_control;

use super::excerpt::Excerpts;
use super::reason::words;
use crate::terminal::Terminal;
use crate::terminal::format::{bytes, count, counted};
use crate::terminal::style::Style;
use crate::terminal::table::TextTable;

/// Maximum findings shown without `--all`.
const FINDINGS: usize = 50;
/// Maximum failed or skipped files shown for each reason.
const FILES: usize = 5;

/// Base directories of paths.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The directory that paths in the analysis are relative to.
    pub root: &'a Path,
    /// The current directory.
    pub current: &'a Path,
}

impl Places<'_> {
    /// The path from the current directory, escaped for a terminal.
    pub fn shown(&self, path: &str) -> String {
        match self.root == self.current {
            true => escape_control(path).into_owned(),
            false => escape_control(&self.root.join(path).to_string_lossy()).into_owned(),
        }
    }
}

/// The whole report.
pub fn render(analysis: &Analysis, all: bool, places: Places<'_>, terminal: &Terminal) -> String {
    let mut text = String::new();
    findings(&mut text, analysis, all, places, terminal);
    failed(&mut text, analysis, all, places, terminal);
    skipped(&mut text, analysis, all, places, terminal);
    text.push_str(&languages(analysis, terminal));
    text.push('\n');
    text.push_str(&totals(analysis, all, terminal));
    text
}

/// A table with a row for each language.
pub fn languages(analysis: &Analysis, terminal: &Terminal) -> String {
    let mut table = TextTable::new(&["LANGUAGE", ">FILES", "?>LINES", "?>SIZE", ">FINDINGS", ">FAILED"]);
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

/// Findings by severity, then by file. Findings with the same span share an excerpt.
fn findings(text: &mut String, analysis: &Analysis, all: bool, places: Places<'_>, terminal: &Terminal) {
    let mut groups: Vec<(&FileAnalysis, Vec<&Finding>)> = Vec::new();
    for file in &analysis.files {
        let by_span = |a: &Finding, b: &Finding| (a.start, a.end) == (b.start, b.end);
        for group in file.findings.chunk_by(by_span) {
            let mut group: Vec<&Finding> = group.iter().collect();
            group.sort_by_key(|finding| Reverse(finding.severity));
            groups.push((file, group));
        }
    }
    groups.sort_by_key(|(_, group)| group.first().map(|finding| Reverse(finding.severity)));
    let number: usize = groups.iter().map(|(_, group)| group.len()).sum();
    let most = if all { usize::MAX } else { FINDINGS };
    let mut excerpts: HashMap<&str, Excerpts<'_>> = HashMap::new();
    let mut left = most;
    for (file, group) in &groups {
        if left == 0 {
            break;
        }
        let of_file =
            excerpts.entry(&file.path).or_insert_with(|| Excerpts::of(file, places.shown(&file.path)));
        for (index, finding) in group.iter().take(left).enumerate() {
            text.push_str(&of_file.render(finding, index == 0, terminal));
        }
        text.push('\n');
        left -= group.len().min(left);
    }
    more(text, number, most, "findings", terminal);
}

fn failed(text: &mut String, analysis: &Analysis, all: bool, places: Places<'_>, terminal: &Terminal) {
    for code in analysis.summary.errors.keys() {
        let errors: Vec<String> = analysis
            .files
            .iter()
            .flat_map(|file| {
                file.errors.iter().filter(|error| error.code == *code).map(move |error| (file, error))
            })
            .map(|(file, error)| {
                format!("{}: plugin {} {}", places.shown(&file.path), error.plugin, error.message)
            })
            .collect();
        list(text, &format!("failed, {code}"), &errors, all, terminal);
    }
}

/// Lists unread files, and with `all` the other skipped files.
fn skipped(text: &mut String, analysis: &Analysis, all: bool, places: Places<'_>, terminal: &Terminal) {
    for code in analysis.summary.skipped.keys() {
        for unread in [true, false] {
            let of_code = analysis.skipped.iter().filter(|skipped| skipped.reason.code() == code);
            let files: Vec<String> = of_code
                .filter(|skipped| analysis.is_unread(skipped) == unread && (all || unread))
                .map(|skipped| format!("{}: {}", places.shown(&skipped.path), skipped.reason))
                .collect();
            if !files.is_empty() {
                let heading = if unread { "could not be read" } else { "skipped" };
                list(text, &format!("{heading}, {}", words(code)), &files, all, terminal);
            }
        }
    }
}

/// One line that counts the skipped files by reason, unread files first.
fn passed_over(analysis: &Analysis, all: bool) -> Option<String> {
    let summary = &analysis.summary;
    let unread = |code: &str| summary.unread.get(code).copied().unwrap_or(0);
    let could_not = summary.unread.iter().map(|(code, number)| (*number, words(code)));
    let others = summary.skipped.iter().map(|(code, number)| {
        let hint = if code == "unknown-language" { " (--all-files)" } else { "" };
        (number - unread(code), format!("{}{hint}", words(code)))
    });
    let hidden = (summary.hidden, "hidden (--hidden)".to_owned());
    let told = |parts: Vec<(u64, String)>| -> Vec<String> {
        let parts = parts.into_iter().filter(|(number, _)| *number > 0);
        parts.map(|(number, words)| format!("{} {words}", count(number))).collect()
    };
    let (could_not, others) = (told(could_not.collect()), told(others.chain([hidden]).collect()));
    let mut parts = Vec::new();
    if !could_not.is_empty() {
        parts.push(format!("could not be read: {}", could_not.join(", ")));
    }
    if !others.is_empty() {
        parts.push(format!("skipped: {}", others.join(", ")));
    }
    let hint = if all { "" } else { "; use --all to list them" };
    (!parts.is_empty()).then(|| format!("{}{hint}", parts.join("; ")))
}

fn list(text: &mut String, heading: &str, lines: &[String], all: bool, terminal: &Terminal) {
    let most = if all { usize::MAX } else { FILES };
    let heading = format!("{heading}: {}", counted(lines.len() as u64, "file"));
    text.push_str(&format!("{}\n", terminal.paint(Style::Heading, &heading)));
    for line in lines.iter().take(most) {
        text.push_str(&format!("{}\n", terminal.fit("  ", &escape_control(line), 4)));
    }
    more(text, lines.len(), most, "files", terminal);
    text.push('\n');
}

fn more(text: &mut String, all: usize, most: usize, what: &str, terminal: &Terminal) {
    if all > most {
        let line =
            format!("… and {} more {what}; use --all or --json to list them", count((all - most) as u64));
        text.push_str(&format!("{}\n", terminal.paint(Style::Dim, &line)));
    }
}

fn totals(analysis: &Analysis, all: bool, terminal: &Terminal) -> String {
    let (files, found) = (&analysis.summary.files, &analysis.summary.findings);
    let numbers = format!(
        "{}: {} analyzed, {} failed, {} skipped",
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
    let lines = [Some(numbers), passed_over(analysis, all)].into_iter().flatten();
    let lines: String = lines.map(|line| format!("{}\n", terminal.fit("", &line, 2))).collect();
    format!("{lines}{}\n", terminal.paint(style, &terminal.fit("", &findings, 2)))
}
