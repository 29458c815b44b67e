use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use codetune_plugin::SourceBatch;
use codetune_plugin_sdk as sdk;
use codetune_source::{Exhausted, ParseError, QueryAllowance, QueryError, QueryLimits, SourceFile};
use codetune_validate::whole;

/// The files of one call to an analyzer.
pub(super) struct FileBatch {
    files: Vec<Arc<SourceFile>>,
    /// Whether the clock or other files, rather than the file, decided what a query answered.
    hurried: Vec<AtomicBool>,
    queries: Arc<QueryAllowance>,
    stop: Arc<AtomicBool>,
}

impl FileBatch {
    /// The batch of an analyzer that has compiled `queries` by now. Setting `stop` ends its queries.
    pub(super) fn new(
        files: &[Arc<SourceFile>],
        queries: &Arc<QueryAllowance>,
        stop: &Arc<AtomicBool>,
    ) -> Self {
        let hurried = files.iter().map(|_| AtomicBool::new(false)).collect();
        FileBatch { files: files.to_vec(), hurried, queries: Arc::clone(queries), stop: Arc::clone(stop) }
    }

    /// Whether what was said of file `at` may differ on a faster machine or beside other files, so that it must
    /// not be cached.
    pub(super) fn hurried(&self, at: usize) -> bool {
        self.hurried.get(at).is_some_and(|flag| flag.load(Ordering::Relaxed))
    }
}

impl SourceBatch for FileBatch {
    fn len(&self) -> usize {
        self.files.len()
    }

    fn path(&self, at: usize) -> &str {
        self.files.get(at).map_or("", |file| file.path())
    }

    fn language(&self, at: usize) -> &str {
        self.files.get(at).map_or("", |file| file.language().id())
    }

    fn text(&self, at: usize) -> Arc<str> {
        self.files.get(at).map_or_else(|| Arc::from(""), |file| file.shared_text())
    }

    fn query(&self, at: usize, pattern: &str) -> Result<sdk::Captures, String> {
        let file = self.files.get(at).ok_or_else(|| format!("source {at} is not in the batch"))?;
        let admitted = self.queries.admit(file.language(), pattern);
        let found = admitted.and_then(|()| file.query_until(pattern, &QueryLimits::default(), &self.stop));
        let found = found.map_err(|error| {
            if by_chance(&error)
                && let Some(flag) = self.hurried.get(at)
            {
                flag.store(true, Ordering::Relaxed);
            }
            whole(&error)
        })?;
        let item = |c: &codetune_source::Capture| sdk::Capture {
            pattern: c.pattern,
            name: c.index,
            match_id: c.match_id,
            start: c.start,
            end: c.end,
        };
        Ok(sdk::Captures { names: found.names.to_vec(), items: found.items.iter().map(item).collect() })
    }
}

fn by_chance(error: &QueryError) -> bool {
    let exhausted = match error {
        QueryError::Exhausted(exhausted) => exhausted,
        QueryError::NoTree(ParseError::Exhausted { exhausted, .. }) => exhausted,
        QueryError::TooManyQueries => return true,
        _ => return false,
    };
    matches!(exhausted, Exhausted::Time(_) | Exhausted::Stopped)
}
