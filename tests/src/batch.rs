use std::sync::Arc;

use codetune_core::plugin::SourceBatch;
use codetune_core::source::{Language, SourceFile};
use codetune_core::validate::whole;
use codetune_plugin_sdk::{Capture, Captures};

/// Sources in memory, parsed by the core.
pub struct TestBatch {
    files: Vec<SourceFile>,
}

impl TestBatch {
    /// A batch of texts with their paths; the language follows from the path.
    pub fn of(files: &[(&str, &str)]) -> Arc<dyn SourceBatch> {
        let file = |(path, text): &(&str, &str)| {
            let language = Language::of_name(std::path::Path::new(path)).unwrap_or(Language::Text);
            SourceFile::from_bytes(path, language, text.as_bytes()).expect("tests hand over valid text")
        };
        Self::of_files(files.iter().map(file).collect())
    }

    /// A batch of files.
    pub fn of_files(files: Vec<SourceFile>) -> Arc<dyn SourceBatch> {
        Arc::new(TestBatch { files })
    }
}

impl SourceBatch for TestBatch {
    fn len(&self) -> usize {
        self.files.len()
    }

    fn path(&self, at: usize) -> &str {
        self.files[at].path()
    }

    fn language(&self, at: usize) -> &str {
        self.files[at].language().id()
    }

    fn text(&self, at: usize) -> Arc<str> {
        self.files[at].shared_text()
    }

    fn query(&self, at: usize, pattern: &str) -> Result<Captures, String> {
        let found = self.files[at].query(pattern).map_err(|error| whole(&error))?;
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
