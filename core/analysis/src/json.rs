use std::io::{self, Write};

use codetune_redact::write_seen_json;
use rayon::prelude::*;
use serde::Serialize;

use super::Analysis;

/// Files that are turned to text at once: enough for all cores, little enough to hold.
const AT_ONCE: usize = 256;

impl Analysis {
    /// Writes the JSON form as [`write_seen_json`] does, byte for byte, but on all cores: of a tree that is
    /// cached, writing takes most of the time.
    ///
    /// # Errors
    /// The writer's.
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

/// Texts in JSON hold no line ends, so every line end is one of the layout.
fn indented(value: &impl Serialize, line_end: &str) -> serde_json::Result<String> {
    let mut text = Vec::new();
    write_seen_json(&mut text, value)?;
    Ok(String::from_utf8_lossy(&text).replace('\n', line_end))
}
