//! Progress: a bar on a terminal, or on request a line every few seconds.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use codetune_core::redact::escape_control;
use console::measure_text_width;
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
        let parts = self.parts(done, total, elapsed, more);
        match self.mode {
            Mode::Bar => {
                let columns = console::Term::stderr().size().1.into();
                let bar = state.bar.get_or_insert_with(|| bar(total, &self.doing, columns));
                bar.set_length(total.max(done));
                bar.set_position(done);
                bar.set_message(fitting(parts, room(total, &self.doing, columns)));
            }
            _ => {
                let _ = writeln!(std::io::stderr(), "{}: {}", self.doing, parts.join(", "));
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

    /// What to show, the most important first.
    fn parts(&self, done: u64, total: u64, elapsed: Duration, more: &str) -> Vec<String> {
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
            parts.extend(escape_control(more).split(", ").map(str::to_owned));
        }
        parts
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// The narrowest terminal with a bar; others show a percentage.
const WITH_BAR: usize = 80;

/// The template of a bar, and an example of what it shows between the name of the task and the message.
fn template(total: u64, columns: usize) -> (&'static str, &'static str) {
    match total {
        0 => ("{prefix} {spinner} {wide_msg}", " x "),
        _ if columns < WITH_BAR => ("{prefix} {percent}% {wide_msg}", " 100% "),
        _ => ("{prefix} [{bar:16}] {wide_msg}", " [0123456789abcdef] "),
    }
}

/// The columns that are left beside the bar.
fn room(total: u64, doing: &str, columns: usize) -> usize {
    let (_, between) = template(total, columns);
    columns.saturating_sub(measure_text_width(doing) + between.len())
}

/// The first part, and those after it that fit.
fn fitting(parts: Vec<String>, room: usize) -> String {
    let mut parts = parts.into_iter();
    let mut text = parts.next().unwrap_or_default();
    for part in parts {
        if measure_text_width(&text) + 2 + measure_text_width(&part) > room {
            break;
        }
        text.push_str(&format!(", {part}"));
    }
    text
}

fn bar(total: u64, doing: &str, columns: usize) -> ProgressBar {
    let bar = ProgressBar::new(total);
    if let Ok(style) = ProgressStyle::with_template(template(total, columns).0) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(doing.to_owned());
    bar
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use indicatif::{ProgressDrawTarget, TermLike};

    use super::*;

    /// A terminal that keeps what is written.
    #[derive(Debug, Clone)]
    struct Screen {
        columns: usize,
        text: Arc<Mutex<String>>,
    }

    impl Screen {
        fn add(&self, text: &str) -> io::Result<()> {
            self.text.lock().unwrap().push_str(text);
            Ok(())
        }
    }

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            self.columns as u16
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.add(text)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.add(text)
        }

        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The line of a task after 30 seconds.
    fn drawn(columns: usize, doing: &str, done: u64, total: u64, more: &str) -> String {
        let screen = Screen { columns, text: Arc::default() };
        let progress = Progress::new(Mode::Bar, doing, "steps");
        let bar = bar(total, doing, columns);
        bar.set_draw_target(ProgressDrawTarget::term_like(Box::new(screen.clone())));
        let parts = progress.parts(done, total, Duration::from_secs(30), more);
        bar.set_message(fitting(parts, room(total, doing, columns)));
        bar.set_position(done);
        bar.tick();
        let text = screen.text.lock().unwrap();
        text.rsplit(doing).next().map(|rest| format!("{doing}{rest}").trim_end().to_owned()).unwrap()
    }

    #[test]
    fn progress_fits_a_wide_and_a_narrow_terminal() {
        let loss = "loss 2.345, held-out 2.567, 1.24k tokens/s";
        assert_eq!(
            drawn(120, "training", 300, 1200, loss),
            "training [====>           ] 300/1,200 steps, 10/s, 1:30 left, loss 2.345, held-out 2.567, 1.24k tokens/s"
        );
        assert_eq!(drawn(40, "training", 300, 1200, loss), "training 25% 300/1,200 steps, 10/s");
        let unknown = drawn(40, "reading 漢字", 7, 0, "");
        assert!(unknown.starts_with("reading 漢字 ") && unknown.ends_with(" 7 steps, 0.23/s"), "{unknown}");
    }
}
