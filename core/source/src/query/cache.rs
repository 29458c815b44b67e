//! Compiled queries, kept for the whole process.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use super::compile::{CompiledQuery, compile};
use super::query_error::QueryError;
use crate::language::Language;

/// Patterns kept for each language. An analyzer has a handful, so this serves some dozens of analyzers; it
/// bounds what one that makes up patterns can take.
const PER_LANGUAGE: usize = 256;

struct Entry {
    result: Result<Arc<CompiledQuery>, QueryError>,
    last_use: AtomicU64,
}

type Shard = RwLock<HashMap<Box<str>, Entry>>;

static SHARDS: LazyLock<Vec<Shard>> = LazyLock::new(|| Language::ALL.map(|_| Shard::default()).into());
static CLOCK: AtomicU64 = AtomicU64::new(0);

/// The query that `pattern` means for `language`, compiled now or before. Errors are kept as well, so a bad
/// pattern costs one compilation and not one for each file.
pub(crate) fn compiled(language: Language, pattern: &str) -> Result<Arc<CompiledQuery>, QueryError> {
    let Some(shard) = SHARDS.get(language as usize) else { return compile(language, pattern).map(Arc::new) };
    let now = CLOCK.fetch_add(1, Ordering::Relaxed);
    if let Some(entry) = shard.read().unwrap_or_else(PoisonError::into_inner).get(pattern) {
        entry.last_use.store(now, Ordering::Relaxed);
        return entry.result.clone();
    }
    // Compiling may take milliseconds, so others are not held up; two threads may both do it, which is harmless.
    let result = compile(language, pattern).map(Arc::new);
    let mut entries = shard.write().unwrap_or_else(PoisonError::into_inner);
    if entries.len() >= PER_LANGUAGE && !entries.contains_key(pattern) {
        let oldest = entries.iter().min_by_key(|(_, entry)| entry.last_use.load(Ordering::Relaxed));
        if let Some(oldest) = oldest.map(|(pattern, _)| pattern.clone()) {
            entries.remove(&oldest);
        }
    }
    let entry = Entry { result, last_use: AtomicU64::new(now) };
    entries.entry(pattern.into()).or_insert(entry).result.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_compiled_once_for_each_language() {
        let pattern = "(comment) @cached";
        let first = compiled(Language::C, pattern).unwrap();
        assert!(Arc::ptr_eq(&first, &compiled(Language::C, pattern).unwrap()));
        assert!(!Arc::ptr_eq(&first, &compiled(Language::Cpp, pattern).unwrap()));
    }

    #[test]
    fn the_cache_is_bounded_and_keeps_what_is_used() {
        let kept = compiled(Language::Go, "(comment) @kept").unwrap();
        for n in 0..PER_LANGUAGE + 50 {
            compiled(Language::Go, &format!("(comment) @c{n}")).unwrap();
            compiled(Language::Go, "(comment) @kept").unwrap();
        }
        assert!(SHARDS[Language::Go as usize].read().unwrap().len() <= PER_LANGUAGE);
        assert!(Arc::ptr_eq(&kept, &compiled(Language::Go, "(comment) @kept").unwrap()));
    }

    #[test]
    fn errors_are_kept_too() {
        let pattern = "(no_such_node) @kept_error";
        let error = compiled(Language::Java, pattern).err().unwrap();
        assert_eq!(compiled(Language::Java, pattern).err().unwrap(), error);
        assert!(SHARDS[Language::Java as usize].read().unwrap().contains_key(pattern));
    }
}
