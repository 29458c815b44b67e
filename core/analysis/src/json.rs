use std::io::{self, Write};

use codetune_redact::write_seen_json;
use rayon::prelude::*;
use serde::Serialize;

use super::analysis_report::Analysis;

/// Files serialized at once: enough for all cores, with bounded memory.
const AT_ONCE: usize = 256;

impl Analysis {
    /// Writes the same bytes as [`write_seen_json`], but on all cores: with cached results, writing takes most of the
    /// time.
    ///
    /// # Errors
    /// The error of the writer.
    pub fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        let root = indented(&self.root.to_string_lossy(), "")?;
        write!(out, "{{\n  \"root\": {root},\n  \"files\": [")?;
        let mut separator: &[u8] = b"\n    ";
        for files in self.files.chunks(AT_ONCE) {
            let texts: Result<Vec<String>, _> =
                files.par_iter().map(|file| indented(file, "\n    ")).collect();
            for text in texts? {
                out.write_all(separator)?;
                out.write_all(text.as_bytes())?;
                separator = b",\n    ";
            }
        }
        let end = if self.files.is_empty() { "" } else { "\n  " };
        let (skipped, summary) = (indented(&self.skipped_forms(), "\n  ")?, indented(&self.summary, "\n  ")?);
        write!(out, "{end}],\n  \"skipped\": {skipped},\n  \"summary\": {summary}\n}}")
    }
}

/// Strings in JSON contain no line ends, so every line end belongs to the layout.
fn indented(value: &impl Serialize, line_end: &str) -> serde_json::Result<String> {
    let mut text = Vec::new();
    write_seen_json(&mut text, value)?;
    Ok(String::from_utf8_lossy(&text).replace('\n', line_end))
}
