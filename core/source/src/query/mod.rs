//! Tree-sitter queries, run by the host on behalf of analyzers.

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

/// What a query found in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captures {
    /// The capture names of the pattern, without `@`, by [`Capture::index`].
    pub names: Arc<[String]>,
    /// The captured nodes: by start, then longest first, then pattern, index and match.
    pub items: Vec<Capture>,
}

/// A node that a query captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Capture {
    /// Which of the patterns in the query, from 0 in the order they are written.
    pub pattern: u32,
    /// Which name in [`Captures::names`].
    pub index: u32,
    /// Which match, from 0. Captures of one match share it, and matches are numbered as they are found.
    pub match_id: u32,
    /// First byte of the node in the text.
    pub start: u32,
    /// First byte after the node.
    pub end: u32,
}

/// How much one query over one file may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryLimits {
    /// Most captures in the answer.
    pub captures: u32,
    /// Most matches begun and not yet finished at one time, from 1 to 65 536.
    pub open_matches: u32,
    /// Most work and time.
    pub budget: WorkBudget,
}

impl Default for QueryLimits {
    /// A million captures are more than a dense file of the default size has nodes, and take 20 MB. Open
    /// matches are compared with each other at every step, so their limit bounds a quadratic cost; editors,
    /// which must answer within a frame, allow 256.
    fn default() -> Self {
        Self { captures: 1_000_000, open_matches: 2_048, budget: WorkBudget::QUERY }
    }
}

/// Text that a predicate looks at counts one unit of work for this many bytes, the time of either being like.
const PREDICATE_BYTES_PER_UNIT: u64 = 16 * 1024;

thread_local! {
    /// Cursors keep their memory between queries.
    static CURSOR: RefCell<QueryCursor> = RefCell::new(QueryCursor::new());
}

/// Runs a compiled query over a tree of `text`.
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
                // The next progress callback sees that the budget is exhausted, and stops the query.
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
        // Tree-sitter drops the matches beyond this limit, so the answer would be a partial one.
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
