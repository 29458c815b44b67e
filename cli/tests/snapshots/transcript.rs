//! Transcripts of a terminal: commands after `$`, their continuation lines after `>`, and what they print.
//!
//! The commands of a transcript are run in order, in one directory. Lines that begin with `#` are comments.

use crate::place::Place;
use crate::{assert_matches, snapshot};

/// A command with its comments.
struct Step<'a> {
    comments: Vec<&'a str>,
    /// Its lines, as in the transcript.
    lines: Vec<&'a str>,
}

impl Step<'_> {
    /// The command for a shell.
    fn command(&self) -> String {
        let line = |line: &&str| line.get(2..).unwrap_or_default().to_owned();
        self.lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// What a transcript ran.
#[derive(Default)]
pub struct Summary {
    /// Commands that failed.
    pub failed: usize,
    /// Those that printed the error as JSON.
    pub failed_with_json: usize,
}

/// Runs the commands of a snapshot again and compares what they print.
pub fn replay(name: &str, place: &Place) -> Summary {
    let path = snapshot(&format!("{name}.txt"));
    let text = std::fs::read_to_string(&path).unwrap();
    let (mut replayed, mut summary) = (String::new(), Summary::default());
    for step in steps(&text) {
        let (printed, code) = place.shell(&step.command());
        let before = if replayed.is_empty() { "" } else { "\n" };
        replayed.push_str(before);
        for line in step.comments.iter().chain(&step.lines) {
            replayed.push_str(&format!("{line}\n"));
        }
        replayed.push_str(&shown(&printed, code));
        if code != 0 {
            summary.failed += 1;
            summary.failed_with_json += usize::from(printed.contains("{\"error\":"));
        }
    }
    assert_matches(replayed, &path);
    summary
}

/// What a command printed, with its exit code unless that is 0.
pub fn shown(printed: &str, code: i32) -> String {
    let end = if printed.is_empty() || printed.ends_with('\n') { "" } else { "\n" };
    let code = if code == 0 { String::new() } else { format!("[exit code {code}]\n") };
    format!("{printed}{end}{code}")
}

fn steps(text: &str) -> Vec<Step<'_>> {
    let (mut steps, mut comments) = (Vec::<Step<'_>>::new(), Vec::new());
    let mut in_command = false;
    for line in text.lines() {
        match (line, steps.last_mut()) {
            (line, _) if line.starts_with("# ") => comments.push(line),
            (line, _) if line.starts_with("$ ") => {
                steps.push(Step { comments: std::mem::take(&mut comments), lines: vec![line] });
                in_command = true;
                continue;
            }
            (line, Some(step)) if in_command && (line == ">" || line.starts_with("> ")) => {
                step.lines.push(line);
                continue;
            }
            _ => {}
        }
        in_command = false;
    }
    steps
}
