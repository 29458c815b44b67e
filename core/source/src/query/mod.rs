//! Tree-sitter queries, executed by the host for analyzers.

mod allowance;
mod cache;
mod compile;
mod query_error;
mod shape;
mod siblings;
mod tokens;

use std::cell::RefCell;
use std::cmp::Reverse;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tree_sitter::{Node, QueryCursor, QueryCursorOptions, QueryCursorState, StreamingIterator, Tree};

pub use allowance::QueryAllowance;
pub(super) use cache::compiled;
use compile::CompiledQuery;
pub use query_error::QueryError;

use super::budget::{Meter, WorkBudget};

/// The results of a query over a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captures {
    /// The capture names of the pattern, without `@`, indexed by [`Capture::index`].
    pub names: Arc<[String]>,
    /// The captured nodes, sorted by start, longest first, then pattern, index and match.
    pub items: Vec<Capture>,
}

/// A captured node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Capture {
    /// The index of the pattern in the query.
    pub pattern: u32,
    /// The index in [`Captures::names`].
    pub index: u32,
    /// The number of the match, which captures of one match share. Matches are numbered in the order of discovery.
    pub match_id: u32,
    /// Start offset in bytes.
    pub start: u32,
    /// End offset in bytes.
    pub end: u32,
}

/// Limits of a query over a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryLimits {
    /// Maximum number of captures.
    pub captures: u32,
    /// Maximum number of unfinished matches at a time, from 1 to 65,536.
    pub open_matches: u32,
    /// Maximum work and time.
    pub budget: WorkBudget,
}

impl Default for QueryLimits {
    /// A million captures exceed the nodes of a dense file of the default size, and take 20 MB. Open matches are
    /// compared with each other at every step, so their limit bounds a quadratic cost; editors, which must respond
    /// within a frame, allow 256.
    fn default() -> Self {
        Self { captures: 1_000_000, open_matches: 2_048, budget: WorkBudget::QUERY }
    }
}

/// Bytes of text per unit of work for predicates, so that units take similar time.
const PREDICATE_BYTES_PER_UNIT: u64 = 16 * 1024;

thread_local! {
    /// Cursors are reused, since they keep their memory between queries.
    static CURSOR: RefCell<QueryCursor> = RefCell::new(QueryCursor::new());
}

/// Runs a compiled query over the tree of `text`.
pub(super) fn run(
    compiled: &CompiledQuery,
    tree: &Tree,
    text: &str,
    limits: &QueryLimits,
    stop: &AtomicBool,
) -> Result<Captures, QueryError> {
    if !(1..=65_536).contains(&limits.open_matches) {
        return Err(QueryError::BadLimit { open_matches: limits.open_matches });
    }
    let meter = Meter::start(limits.budget, stop);
    let mut items = Vec::new();
    CURSOR.with_borrow_mut(|cursor| {
        cursor.set_match_limit(limits.open_matches);
        let mut progress = |_: &QueryCursorState| meter.spend(1);
        let mut looked_at = 0;
        let node_text = |node: Node<'_>| {
            let bytes = text.as_bytes().get(node.byte_range()).unwrap_or_default();
            looked_at += bytes.len() as u64;
            if looked_at >= PREDICATE_BYTES_PER_UNIT {
                // The next progress callback sees the exhausted budget and stops the query.
                let _ = meter.spend(looked_at / PREDICATE_BYTES_PER_UNIT);
                looked_at %= PREDICATE_BYTES_PER_UNIT;
            }
            std::iter::once(bytes)
        };
        let options = QueryCursorOptions::new().progress_callback(&mut progress);
        let mut matches = cursor.matches_with_options(&compiled.query, tree.root_node(), node_text, options);
        let mut match_id = 0;
        while let Some(found) = matches.next() {
            let captures = found.captures();
            if items.len() + captures.len() > limits.captures as usize {
                return Err(QueryError::TooManyCaptures { limit: limits.captures });
            }
            items.extend(captures.iter().map(|capture| Capture {
                pattern: found.pattern_index as u32,
                index: capture.index,
                match_id,
                start: capture.node.start_byte() as u32,
                end: capture.node.end_byte() as u32,
            }));
            match_id += 1;
        }
        drop(matches);
        if let Some(exhausted) = meter.exhausted() {
            return Err(QueryError::Exhausted(exhausted));
        }
        // Beyond this limit, tree-sitter drops matches, so the result would be partial.
        if cursor.did_exceed_match_limit() {
            return Err(QueryError::TooManyOpenMatches { limit: limits.open_matches });
        }
        Ok(())
    })?;
    items.sort_unstable_by_key(|c| (c.start, Reverse(c.end), c.pattern, c.index, c.match_id));
    Ok(Captures { names: compiled.names.clone(), items })
}

#[cfg(test)]
mod tests;
