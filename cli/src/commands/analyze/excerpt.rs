//! Source excerpts of findings, in the style of compilers.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use codetune_core::analysis::{FileAnalysis, Finding};
use codetune_core::redact::escape_control;
use codetune_plugin_sdk::Severity;

use crate::terminal::Terminal;

/// Maximum characters shown on either side of a finding, since generated code has very long lines.
const COLUMNS: usize = 160;
/// Replaces a secret.
const MASK: &str = "********";

/// The excerpts of a file.
pub struct Excerpts<'a> {
    file: &'a FileAnalysis,
    /// The path as shown.
    path: String,
    /// Spans to mask, sorted and disjoint.
    masked: Vec<Range<usize>>,
}

impl<'a> Excerpts<'a> {
    /// Creates the excerpts of a file whose text was kept; `path` must be escaped.
    pub fn of(file: &'a FileAnalysis, path: String) -> Self {
        let masked = file.sensitive_spans();
        Excerpts {
            file,
            path,
            masked: masked.into_iter().map(|span| span.start as usize..span.end as usize).collect(),
        }
    }

    /// Renders a finding, with its source if `with_source` is set.
    ///
    /// Line and column refer to the file; the excerpt has expanded tabs, masks and cuts.
    pub fn render(&self, finding: &Finding, with_source: bool, terminal: &Terminal) -> String {
        let level = match finding.severity {
            Severity::Note => Level::NOTE,
            Severity::Warning => Level::WARNING,
            Severity::Error => Level::ERROR,
        };
        let rule = format!("{}/{}", finding.plugin, finding.rule);
        let title = level.primary_title(escape_control(&finding.message)).id(rule);
        let place = finding.place;
        let origin = Origin::path(self.path.as_str())
            .line(place.start_line as usize)
            .char_column(place.start_column as usize);
        let renderer = if terminal.color { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.term_width(terminal.width.max(40));
        let group = title.element(origin);
        let window = if with_source { self.window(finding) } else { None };
        let group = match window {
            Some(window) => group.element(
                Snippet::source(window.text)
                    .line_start(window.first_line)
                    .fold(false)
                    .annotation(AnnotationKind::Primary.span(window.span)),
            ),
            None => group,
        };
        let rendered = renderer.render(&[group]);
        // The renderer adds a separator line between an origin and a source.
        let lines = rendered.lines().enumerate();
        lines
            .filter(|(at, line)| *at != 3 || !line.contains(":::"))
            .map(|(_, line)| format!("{line}\n"))
            .collect()
    }

    /// The first line of a finding and the lines around it.
    fn window(&self, finding: &Finding) -> Option<Window> {
        let text = self.file.text.as_deref()?;
        let (start, end) = (finding.start as usize, finding.end as usize);
        let line = line_around(text, start)?;
        // Cut the span at the end of its first line to keep the excerpt short.
        let end = end.min(line.end).max(start);
        let first_line = finding.place.start_line as usize;
        let mut window = Window { text: String::new(), first_line, span: 0..0 };
        if let Some(before) = line.start.checked_sub(1).and_then(|at| line_around(text, at)) {
            window.first_line = first_line.saturating_sub(1).max(1);
            window.text.push_str(&first(&self.shown(before)?));
            window.text.push('\n');
        }
        window.text.push_str(&last(&self.shown(line.start..start)?));
        let from = window.text.len();
        window.text.push_str(&first(&self.shown(start..end)?));
        window.span = from..window.text.len();
        window.text.push_str(&first(&self.shown(end..line.end)?));
        window.text.push('\n');
        if let Some(after) = text.get(line.end + 1..).filter(|rest| !rest.is_empty()) {
            let after = line_around(text, text.len() - after.len())?;
            window.text.push_str(&first(&self.shown(after)?));
            window.text.push('\n');
        }
        Some(window)
    }

    /// A part of the text with secrets masked and control characters escaped.
    fn shown(&self, part: Range<usize>) -> Option<String> {
        let text = self.file.text.as_deref()?;
        if part.is_empty() {
            return Some(String::new());
        }
        let mut shown = String::new();
        let mut at = part.start;
        let from = self.masked.partition_point(|span| span.end <= part.start);
        for span in self.masked.iter().skip(from).take_while(|span| span.start < part.end) {
            shown.push_str(text.get(at..span.start.max(at))?);
            shown.push_str(MASK);
            at = span.end.min(part.end);
        }
        shown.push_str(text.get(at..part.end)?.trim_end_matches('\r'));
        Some(escape_control(&shown.replace('\t', "    ")).into_owned())
    }
}

/// Escaped lines around a finding, with the finding's span in them.
struct Window {
    text: String,
    first_line: usize,
    span: Range<usize>,
}

/// The line around a byte offset, without the line end.
fn line_around(text: &str, at: usize) -> Option<Range<usize>> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |at| at + 1);
    let end = text.get(at..)?.find('\n').map_or(text.len(), |length| at + length);
    Some(start..end)
}

/// The first characters of a part of a line.
fn first(part: &str) -> String {
    match part.char_indices().nth(COLUMNS) {
        Some((at, _)) => format!("{}…", part.get(..at).unwrap_or_default()),
        None => part.to_owned(),
    }
}

/// The last characters of a part of a line.
fn last(part: &str) -> String {
    match part.char_indices().rev().nth(COLUMNS) {
        Some((at, c)) => format!("…{}", part.get(at + c.len_utf8()..).unwrap_or_default()),
        None => part.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use codetune_core::analysis::{Edit, FileAttributes, LineSpan};
    use codetune_core::source::Language;

    use super::*;

    fn file(text: &str) -> FileAnalysis {
        FileAnalysis {
            path: "a.py".into(),
            language: Language::Python,
            encoding: "UTF-8".into(),
            digest: [0; 32],
            bytes: 0,
            lines: 0,
            text: Some(text.into()),
            findings: Vec::new(),
            attributes: FileAttributes::default(),
            symbols: Vec::new(),
            errors: Vec::new(),
        }
    }

    fn find(text: &str, what: &str, sensitive: bool) -> Finding {
        let start = text.find(what).unwrap();
        let line = text[..start].matches('\n').count() as u32 + 1;
        let (start, end) = (start as u32, (start + what.len()) as u32);
        let place = LineSpan { start_line: line, start_column: 1, end_line: line, end_column: 2 };
        let edits =
            if sensitive { vec![Edit { start, end, place, replacement: "R".into() }] } else { vec![] };
        Finding {
            plugin: "a/b".into(),
            rule: "r".into(),
            severity: Severity::Error,
            message: "m".into(),
            start,
            end,
            place,
            edits,
            sensitive,
        }
    }

    fn window(text: &str, what: &str) -> Window {
        Excerpts::of(&file(text), String::new()).window(&find(text, what, false)).unwrap()
    }

    #[test]
    fn a_window_shows_the_line_and_its_neighbours_without_control_characters() {
        let window = window("one\ntwo\n\tke\u{1b}[31my = 1\r\nfour\nfive\n", "ke\u{1b}[31my = 1");
        assert_eq!(window.first_line, 2);
        assert_eq!(window.text, "two\n    ke\\u{1b}[31my = 1\nfour\n");
        assert_eq!(&window.text[window.span], "ke\\u{1b}[31my = 1");
    }

    #[test]
    fn a_span_over_lines_ends_with_its_first_line() {
        let window = window("fn a() {\n    b();\n}\n", "fn a() {\n    b();\n}");
        assert_eq!((&window.text[window.span], window.first_line), ("fn a() {", 1));
    }

    #[test]
    fn of_a_long_line_what_is_next_to_the_finding_is_shown() {
        let text = format!("{}name = 1{}", "x".repeat(1000), "y".repeat(1000));
        let window = window(&text, "name = 1");
        let expected = format!("…{}name = 1{}…\n", "x".repeat(COLUMNS), "y".repeat(COLUMNS));
        assert_eq!(window.text, expected);
        assert_eq!(&window.text[window.span], "name = 1");
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let text = "before = 'hunter2'\nhere = 'wolf-é93'\nafter = 'hunter3'\n";
        let secrets = ["hunter2", "wolf-é93", "hunter3"].map(|secret| find(text, secret, true));
        let file = FileAnalysis { findings: secrets.to_vec(), ..file(text) };
        let window = Excerpts::of(&file, String::new()).window(&secrets[1]).unwrap();
        assert_eq!(window.text, "before = '********'\nhere = '********'\nafter = '********'\n");
        assert_eq!(&window.text[window.span], MASK);
        // Another finding on the same line shows no more.
        let window = Excerpts::of(&file, String::new()).window(&find(text, "here = 'wolf", false)).unwrap();
        assert_eq!(window.text.lines().nth(1), Some("here = '****************'"));
    }

    #[test]
    fn a_secret_over_several_lines_is_masked_on_each() {
        let text = "KEY = '''\nBEGIN\nabc\nEND\n'''\n";
        let secret = find(text, "BEGIN\nabc\nEND", true);
        let file = FileAnalysis { findings: vec![secret.clone()], ..file(text) };
        let window = Excerpts::of(&file, String::new()).window(&secret).unwrap();
        assert_eq!(window.text, "KEY = '''\n********\n********\n");
    }
}
