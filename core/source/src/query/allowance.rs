//! What one plugin may have compiled.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

use super::compile::{MAX_COST, MAX_REGEXES, shape};
use super::query_error::QueryError;
use crate::language::Language;

/// The most patterns, each counted once for each language.
const PATTERNS: usize = 512;

/// The most that their analysis may cost together, see [`Shape::cost`](super::shape::Shape::cost).
const COST: u64 = 10 * MAX_COST;

/// The most regular expressions in them.
const REGEXES: u64 = 4 * MAX_REGEXES;

/// The queries that one analyzer had compiled in a run. Each alone is within the limits of a query; this is the
/// limit of an analyzer that makes up a new one for each file.
#[derive(Debug, Default)]
pub struct QueryAllowance(RwLock<Compiled>);

#[derive(Debug, Default)]
struct Compiled {
    patterns: HashSet<(u8, blake3::Hash)>,
    cost: u64,
    regexes: u64,
}

impl QueryAllowance {
    /// Admits a pattern that was admitted before, or that there is still room for.
    ///
    /// # Errors
    /// [`QueryError::TooManyQueries`].
    pub fn admit(&self, language: Language, pattern: &str) -> Result<(), QueryError> {
        let Some(grammar) = language.grammar() else { return Ok(()) };
        let key = (language as u8, blake3::hash(pattern.as_bytes()));
        if self.0.read().unwrap_or_else(PoisonError::into_inner).patterns.contains(&key) {
            return Ok(());
        }
        let shape = shape(&grammar, pattern);
        let mut compiled = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let cost = compiled.cost.saturating_add(shape.cost);
        let regexes = compiled.regexes + shape.regexes.len() as u64;
        // What is too costly on its own is refused before it is compiled, and told as such.
        if shape.cost > MAX_COST {
            return Ok(());
        }
        if compiled.patterns.len() >= PATTERNS || cost > COST || regexes > REGEXES {
            return Err(QueryError::TooManyQueries);
        }
        if compiled.patterns.insert(key) {
            (compiled.cost, compiled.regexes) = (cost, regexes);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_pattern_counts_once_and_ever_new_ones_come_to_an_end() {
        let allowance = QueryAllowance::default();
        let admitted = (0..).take_while(|n| {
            allowance.admit(Language::C, "(comment) @same").unwrap();
            allowance.admit(Language::C, &format!("(comment) @c{n}")).is_ok()
        });
        assert_eq!(admitted.count(), PATTERNS - 1);
        assert_eq!(allowance.admit(Language::Go, "(comment) @same"), Err(QueryError::TooManyQueries));
        assert_eq!(allowance.admit(Language::C, "(comment) @same"), Ok(()));
        assert_eq!(QueryAllowance::default().admit(Language::Go, "(comment) @same"), Ok(()));
    }

    #[test]
    fn costly_patterns_come_to_an_end_sooner() {
        let allowance = QueryAllowance::default();
        let pattern = |n: usize| format!("{} (comment) @c{n}", "(call_expression (_) (_)) ".repeat(500));
        let admitted = (0..).take_while(|n| allowance.admit(Language::C, &pattern(*n)).is_ok()).count();
        assert!((5..50).contains(&admitted), "{admitted}");
    }
}
