//! A finding in its source, as compilers show it.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use codetune_core::analysis::{FileAnalysis, Finding};
use codetune_core::validate::escape_control;
use codetune_plugin_sdk::Severity;

/// Lines shown around the first one of a finding.
const AROUND: usize = 1;
/// Columns of an excerpt; generated code has lines without end.
const COLUMNS: usize = 160;

/// The finding with the lines it is in.
pub fn render(file: &FileAnalysis, finding: &Finding, color: bool) -> String {
    let level = match finding.severity {
        Severity::Note => Level::NOTE,
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let rule = format!("{}/{}", finding.plugin, finding.rule);
    let title = level.primary_title(escape_control(&finding.message)).id(rule);
    let place = finding.place;
    let path = escape_control(&file.path).into_owned();
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let window =
        file.text.as_deref().and_then(|text| Window::of(text, finding.start as usize, finding.end as usize));
    match window {
        Some(window) => {
            let snippet = Snippet::source(window.text)
                .line_start(window.first_line)
                .path(path)
                .fold(false)
                .annotation(AnnotationKind::Primary.span(window.span));
            renderer.render(&[title.element(snippet)]) + "\n"
        }
        None => {
            let at = format!("{path}:{}:{}", place.start_line, place.start_column);
            renderer.render(&[title.element(Level::NOTE.message(at))]) + "\n"
        }
    }
}

/// Some lines of a text, fit for a terminal, with the span of the finding's first line in them.
struct Window {
    text: String,
    first_line: usize,
    span: std::ops::Range<usize>,
}

impl Window {
    fn of(text: &str, start: usize, end: usize) -> Option<Self> {
        let before = text.get(..start)?;
        text.get(start..end)?;
        let line = before.matches('\n').count();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let first = line.saturating_sub(AROUND);
        let mut window = Window { text: String::new(), first_line: first + 1, span: 0..0 };
        for (number, content) in text.lines().enumerate().skip(first).take(line - first + 1 + AROUND) {
            if number != line {
                window.text.push_str(&fit(content));
            } else {
                // The span ends with its first line at the latest, so that an excerpt stays short.
                let (from, to) =
                    (start - line_start, (end - line_start).min(content.len()).max(start - line_start));
                let (head, middle) = (content.get(..from)?, content.get(from..to)?);
                let head = fit(head);
                let from = window.text.len() + head.len();
                window.text.push_str(&head);
                window.text.push_str(&fit(middle));
                window.span = from..window.text.len().max(from);
                window.text.push_str(&fit(content.get(to..)?));
            }
            window.text.push('\n');
        }
        Some(window)
    }
}

/// A part of a line without control characters, cut where it has no end.
fn fit(part: &str) -> String {
    let clean = part.replace('\t', "    ");
    let clean = escape_control(&clean);
    match clean.char_indices().nth(COLUMNS) {
        Some((at, _)) => format!("{}…", clean.get(..at).unwrap_or_default()),
        None => clean.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_shows_the_line_and_its_neighbours_without_control_characters() {
        let text = "one\ntwo\n\tke\u{1b}[31my = 1\nfour\nfive\n";
        let start = text.find("ke").unwrap();
        let window = Window::of(text, start, start + 12).unwrap();
        assert_eq!(window.first_line, 2);
        assert_eq!(window.text, "two\n    ke\\u{1b}[31my = 1\nfour\n");
        assert_eq!(&window.text[window.span], "ke\\u{1b}[31my = 1");
    }

    #[test]
    fn a_span_over_lines_ends_with_its_first_line() {
        let window = Window::of("fn a() {\n    b();\n}\n", 0, 19).unwrap();
        assert_eq!(&window.text[window.span], "fn a() {");
    }
}
