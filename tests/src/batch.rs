use std::sync::Arc;

use codetune_core::plugin::SourceBatch;
use codetune_core::source::{Language, SourceFile};
use codetune_plugin_sdk::{Capture, Captures};

/// Sources in memory, parsed by the core.
pub struct TestBatch {
    files: Vec<SourceFile>,
    paths: Vec<String>,
}

impl TestBatch {
    /// A batch of texts with their paths; the language follows from the path.
    pub fn of(files: &[(&str, &str)]) -> Arc<dyn SourceBatch> {
        let file = |(path, text): &(&str, &str)| {
            let language = Language::of_name(std::path::Path::new(path)).unwrap_or(Language::Text);
            SourceFile::from_bytes(*path, language, text.as_bytes()).expect("tests hand over valid text")
        };
        let paths = files.iter().map(|(path, _)| (*path).to_owned()).collect();
        Arc::new(TestBatch { files: files.iter().map(file).collect(), paths })
    }
}

impl SourceBatch for TestBatch {
    fn len(&self) -> usize {
        self.files.len()
    }

    fn path(&self, at: usize) -> &str {
        &self.paths[at]
    }

    fn language(&self, at: usize) -> &str {
        self.files[at].language().id()
    }

    fn text(&self, at: usize) -> Arc<str> {
        Arc::from(self.files[at].text())
    }

    fn query(&self, at: usize, pattern: &str) -> Result<Captures, String> {
        let found = self.files[at].query(pattern).map_err(|error| error.to_string())?;
        let item = |c: &codetune_core::source::Capture| Capture {
            pattern: c.pattern,
            name: c.index,
            match_id: c.match_id,
            start: c.start,
            end: c.end,
        };
        let names = found.names.iter().map(ToString::to_string).collect();
        Ok(Captures { names, items: found.items.iter().map(item).collect() })
    }
}
