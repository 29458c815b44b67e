//! Replaces what differs between machines, runs and releases.

use std::path::Path;

use regex::Regex;

/// Patterns and their replacements, in order.
const PATTERNS: [(&str, &str); 14] = [
    (r"/tmp/\.tmp\w+", "[TEMPORARY]"),
    (r"blake3:[0-9a-f]{64}", "blake3:[DIGEST]"),
    (r"blake3:[0-9a-f]{12}\b", "blake3:[DIGEST]"),
    (r"\b[0-9a-f]{64}\b", "[DIGEST]"),
    (r"\b20\d{6}-\d{9}-[0-9a-f]{8}\b", "[RUN]"),
    (r"\.partial-\w+", ".partial-[RANDOM]"),
    (r"(\n  host +).*", "${1}[HOST]"),
    (r"(\ntokens_per_s +\d+) +[\d,.]+", "${1}  [RATE]"),
    (r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?", "[TIME]"),
    // The last digits of losses depend on the processor; charts have a test of their own.
    (r"([\x{2800}-\x{28ff}]+.*\n)+\d+ +\d+\n", "[CHART]\n"),
    (r"\b5\.\d{4}\b", "[LOSS]"),
    (r"(\ngrad_norm +\d+ +)[\d.]+", "${1}[NORM]"),
    (r"\d+(\.\d+)?k? tokens/s", "[RATE] tokens/s"),
    (r"(steps, [\d,]+ tokens, )[\d.:]+( s)?", "${1}[DURATION]"),
];

/// The replacements of a test.
pub struct Redactions {
    places: Vec<String>,
    patterns: Vec<(Regex, &'static str)>,
}

impl Redactions {
    /// With the directory of the test.
    pub fn of(directory: &Path) -> Self {
        let real = directory.canonicalize().unwrap();
        let places = [real.as_path(), directory].map(|path| path.to_str().unwrap().to_owned());
        let patterns = PATTERNS.map(|(pattern, with)| (Regex::new(pattern).unwrap(), with));
        Redactions { places: places.into(), patterns: patterns.into() }
    }

    /// The text with everything replaced.
    pub fn apply(&self, text: &str) -> String {
        let mut text = text.replace(env!("CARGO_PKG_VERSION"), "[VERSION]");
        for place in &self.places {
            text = text.replace(place, "[DIR]");
        }
        for (pattern, with) in &self.patterns {
            text = pattern.replace_all(&text, *with).into_owned();
        }
        text
    }
}
