//! Progress: a bar on a terminal, or on request a line every few seconds.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use codetune_core::redact::escape_control;
use indicatif::{ProgressBar, ProgressStyle};

use super::format;

/// Shorter tasks show no progress.
const PATIENCE: Duration = Duration::from_secs(1);
/// Time between two updates of a bar.
const TICK: Duration = Duration::from_millis(100);
/// Time between two lines.
const LINE: Duration = Duration::from_secs(5);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A progress bar.
    Bar,
    /// Lines.
    Lines,
    /// Nothing.
    Silent,
}

/// The progress of a task. It can be updated from any thread.
pub struct Progress {
    mode: Mode,
    doing: String,
    unit: &'static str,
    started: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bar: Option<ProgressBar>,
    shown: Option<Instant>,
}

impl Progress {
    pub(super) fn new(mode: Mode, doing: &str, unit: &'static str) -> Self {
        Progress { mode, doing: doing.to_owned(), unit, started: Instant::now(), state: Mutex::default() }
    }

    /// Reports `done` of `total`; a total of 0 means unknown.
    pub fn at(&self, done: u64, total: u64) {
        self.at_with(done, total, "");
    }

    /// As [`at`](Self::at), with additional text.
    pub fn at_with(&self, done: u64, total: u64, more: &str) {
        let elapsed = self.started.elapsed();
        if self.mode == Mode::Silent || elapsed < PATIENCE {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let every = if self.mode == Mode::Bar { TICK } else { LINE };
        if state.shown.is_some_and(|shown| shown.elapsed() < every) {
            return;
        }
        state.shown = Some(Instant::now());
        let text = self.text(done, total, elapsed, more);
        match self.mode {
            Mode::Bar => {
                let bar = state.bar.get_or_insert_with(|| bar(total, &self.doing));
                bar.set_length(total.max(done));
                bar.set_position(done);
                bar.set_message(text);
            }
            _ => {
                let _ = writeln!(std::io::stderr(), "{}: {text}", self.doing);
            }
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = state.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn text(&self, done: u64, total: u64, elapsed: Duration, more: &str) -> String {
        let rate = done as f64 / elapsed.as_secs_f64().max(1e-9);
        let mut parts = vec![match total {
            0 => format!("{} {}", format::count(done), self.unit),
            _ => format!("{}/{} {}", format::count(done), format::count(total), self.unit),
        }];
        parts.push(format!("{}/s", format::short(rate)));
        if total > done && rate > 0.0 {
            let left = Duration::try_from_secs_f64((total - done) as f64 / rate).unwrap_or(Duration::MAX);
            parts.push(format!("{} left", format::time(left)));
        }
        if !more.is_empty() {
            parts.push(escape_control(more).into_owned());
        }
        parts.join(", ")
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

fn bar(total: u64, doing: &str) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let template =
        if total == 0 { "{prefix} {spinner} {wide_msg}" } else { "{prefix} [{bar:16}] {wide_msg}" };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(doing.to_owned());
    bar
}
