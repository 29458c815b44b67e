//! Stage 7: a held-out function, completed with and without the adapter.

use std::ops::ControlFlow;

use codetune_core::analysis::Symbol;
use codetune_core::model::Sampling;
use codetune_core::plugin::Registry;
use codetune_core::redact::escape_control;
use codetune_core::run::{Completer, CompletionRequest, ModelSource, Prompt, open_model};

use super::corpus::{Corpus, HeldOut};
use super::tune::Tuned;
use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::terminal::style::Style;

/// The preferred length of the function, in lines.
const LINES: u32 = 12;
/// Lines of context before the function.
const BEFORE: usize = 12;
/// Maximum characters of a prompt: about half a sequence.
const PROMPT: usize = 480;
/// Maximum tokens of a completion.
const TOKENS: usize = 80;

/// Prints the function, its original body, and both completions.
///
/// # Errors
/// A model cannot be opened, or generation fails.
pub fn show(
    corpus: &Corpus,
    base: &Tuned,
    lora: &Tuned,
    registry: &Registry,
    context: &Context,
) -> Result<(), Failure> {
    let terminal = &context.terminal;
    let Some(task) = Task::choose(&corpus.held_out) else {
        return terminal.print("no held-out file contains a function of a suitable size\n");
    };
    terminal.print(&format!("{}, {}\n", escape_control(task.path), escape_control(task.name)))?;
    show_text(terminal, "prompt (last lines)", &last_lines(task.prompt, 6))?;
    show_text(terminal, "original", task.rest)?;
    let adapters = [("base model", None), ("fine-tuned model", Some(lora.summary.output.as_path()))];
    for (heading, adapter) in adapters {
        context.go_on()?;
        let source = ModelSource { folder: &base.summary.output, adapter, backend: None };
        let model = open_model(registry, &source, context.memory)?;
        let mut completer = Completer::new(model, corpus.tokenizer.clone());
        let request = CompletionRequest {
            prompt: Prompt { prefix: task.prompt, suffix: None },
            max_new_tokens: TOKENS,
            // Without a penalty, small models repeat themselves endlessly.
            sampling: Sampling { repetition_penalty: 1.15, ..Sampling::default() },
        };
        let made = completer.complete(&request, &mut |_| ControlFlow::Continue(()), &context.stop)?;
        show_text(terminal, heading, &made.text)?;
    }
    Ok(())
}

/// A function split into a prompt and the rest.
struct Task<'a> {
    path: &'a str,
    name: &'a str,
    prompt: &'a str,
    rest: &'a str,
}

impl<'a> Task<'a> {
    /// Picks the function closest to the preferred length; ties go to the first path.
    fn choose(files: &'a [HeldOut]) -> Option<Self> {
        let lines = |symbol: &Symbol| symbol.place.end_line.saturating_sub(symbol.place.start_line) + 1;
        let functions = files.iter().flat_map(|file| file.symbols.iter().map(move |symbol| (file, symbol)));
        let mut fitting: Vec<(&HeldOut, &Symbol)> =
            functions.filter(|(_, symbol)| (5..=40).contains(&lines(symbol))).collect();
        fitting.sort_by(|(file, symbol), (other_file, other)| {
            let distance = |symbol| lines(symbol).abs_diff(LINES);
            let key = distance(symbol).cmp(&distance(other));
            key.then_with(|| file.path.cmp(&other_file.path)).then(symbol.start.cmp(&other.start))
        });
        fitting.into_iter().find_map(|(file, symbol)| Task::cut(file, symbol))
    }

    /// Splits after the first third of the function's lines.
    fn cut(file: &'a HeldOut, symbol: &'a Symbol) -> Option<Self> {
        let (start, end) = (symbol.start as usize, symbol.end as usize);
        let body = file.text.get(start..end)?;
        let kept = (body.lines().count() / 3).max(1);
        let cut = start + body.match_indices('\n').nth(kept - 1)?.0 + 1;
        let before = file.text.get(..start)?;
        let mut from = before.rmatch_indices('\n').nth(BEFORE).map_or(0, |(at, _)| at + 1);
        if cut - from > PROMPT {
            // Begin at a line, not inside a word.
            let least = (cut - PROMPT..=cut).find(|at| file.text.is_char_boundary(*at))?;
            from = file.text.get(least..cut)?.find('\n').map_or(least, |at| least + at + 1);
        }
        let prompt = file.text.get(from..cut).filter(|prompt| !prompt.trim().is_empty())?;
        Some(Task { path: &file.path, name: &symbol.name, prompt, rest: file.text.get(cut..end)? })
    }
}

fn last_lines(text: &str, most: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(most)..).unwrap_or_default().join("\n")
}

fn show_text(terminal: &Terminal, heading: &str, text: &str) -> Result<(), Failure> {
    let mut shown = format!("\n{}\n", terminal.paint(Style::Heading, heading));
    for line in text.trim_end().lines() {
        shown.push_str(&format!("  | {}\n", escape_control(&line.replace('\t', "    "))));
    }
    terminal.print(&shown)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use codetune_core::analysis::{Attributes, LineSpan};

    use super::*;

    #[test]
    fn a_function_is_cut_after_its_first_third() {
        let text = "import os\n\ndef f(a):\n    b = a\n    c = b\n    d = c\n    e = d\n    return e\n";
        let place = LineSpan { start_line: 3, start_column: 1, end_line: 8, end_column: 13 };
        let (start, end) = (11, text.len() as u32 - 1);
        let symbol = Symbol {
            plugin: "codetune/metrics".into(),
            name: "f".into(),
            start,
            end,
            place,
            attributes: Attributes::default(),
        };
        let file = HeldOut { path: "a.py".into(), text: Arc::from(text), symbols: vec![symbol] };
        let files = [file];
        let task = Task::choose(&files).unwrap();
        assert_eq!(task.prompt, "import os\n\ndef f(a):\n    b = a\n");
        assert_eq!(task.rest, "    c = b\n    d = c\n    e = d\n    return e");
    }
}
