//! Which keys a query attends to.

use std::collections::HashSet;
use std::sync::Arc;

use super::error::{Result, setting};

/// A causal mask, optionally restricted to documents and a sliding window.
///
/// Every query attends to a contiguous range of keys that ends with its own position.
#[derive(Clone, Debug, Default)]
pub struct AttentionMask {
    documents: Option<Documents>,
    window: Option<usize>,
    offset: usize,
}

#[derive(Clone, Debug)]
struct Documents {
    batch: usize,
    seq: usize,
    /// For each token, the start of its document in the sequence.
    starts: Arc<[usize]>,
}

impl AttentionMask {
    /// Every token attends to itself and all tokens before it.
    pub fn causal() -> Self {
        Self::default()
    }

    /// Tokens attend only within their document; `segments` has the document id of each of the `batch * seq` tokens.
    ///
    /// The tokens of a document must be contiguous: an id that reappears later in its sequence is an error.
    pub fn with_segments(mut self, segments: &[u32], batch: usize, seq: usize) -> Result<Self> {
        if batch.checked_mul(seq) != Some(segments.len()) || segments.is_empty() {
            let message = format!("{} segment ids do not make [{batch}, {seq}]", segments.len());
            return Err(setting("attention", message));
        }
        let mut starts = Vec::with_capacity(segments.len());
        for (row, ids) in segments.chunks(seq).enumerate() {
            let mut seen = HashSet::new();
            let mut start = 0;
            let mut previous = None;
            for (position, &id) in ids.iter().enumerate() {
                if previous != Some(id) {
                    if !seen.insert(id) {
                        let message = format!(
                            "segment {id} of sequence {row} comes back at position {position}; the tokens of a document have to stand together"
                        );
                        return Err(setting("attention", message));
                    }
                    start = position;
                    previous = Some(id);
                }
                starts.push(start);
            }
        }
        self.documents = Some(Documents { batch, seq, starts: starts.into() });
        Ok(self)
    }

    /// A token attends to at most `window` tokens, including itself.
    pub fn with_window(mut self, window: usize) -> Result<Self> {
        if window == 0 {
            return Err(setting(
                "attention",
                "a sliding window of 0 tokens leaves nothing to attend to; it has to be 1 or more",
            ));
        }
        self.window = Some(window);
        Ok(self)
    }

    /// The first query is at position `offset` of the keys: the number of cached tokens.
    pub fn with_offset(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// Rejects queries and keys that do not match the mask.
    pub(super) fn check(&self, batch: usize, queries: usize, keys: usize) -> Result<()> {
        let offset = self.offset;
        if offset.checked_add(queries).is_none_or(|end| end > keys) {
            let message = format!("{queries} queries at offset {offset} reach beyond the {keys} keys");
            return Err(setting("attention", message));
        }
        match &self.documents {
            None => Ok(()),
            Some(documents) if (documents.batch, documents.seq) != (batch, keys) => {
                let (b, s) = (documents.batch, documents.seq);
                Err(setting(
                    "attention",
                    format!("segment ids [{b}, {s}] do not fit batch {batch} and {keys} keys"),
                ))
            }
            Some(_) => Ok(()),
        }
    }

    /// The range of keys that `query` of `batch` attends to. Never empty.
    #[inline]
    pub(super) fn keys(&self, batch: usize, query: usize) -> (usize, usize) {
        let position = self.offset + query;
        let mut start = self.documents.as_ref().map_or(0, |d| d.starts[batch * d.seq + position]);
        if let Some(window) = self.window {
            start = start.max((position + 1).saturating_sub(window));
        }
        (start, position + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_documents_window_and_offset() -> Result<()> {
        let mask = AttentionMask::causal().with_segments(&[7, 7, 7, 2, 2], 1, 5)?.with_window(2)?;
        let ranges: Vec<_> = (0..5).map(|query| mask.keys(0, query)).collect();
        assert_eq!(ranges, [(0, 1), (0, 2), (1, 3), (3, 4), (3, 5)]);
        assert_eq!(AttentionMask::causal().with_offset(3).keys(0, 1), (0, 5));
        Ok(())
    }

    #[test]
    fn refuses_what_it_cannot_mask() {
        let error = AttentionMask::causal().with_segments(&[0, 1, 0], 1, 3).unwrap_err().to_string();
        assert!(error.contains("segment 0") && error.contains("position 2"), "{error}");
        assert!(AttentionMask::causal().with_segments(&[0], 1, 2).is_err());
        assert!(AttentionMask::causal().with_window(0).is_err());
        assert!(AttentionMask::causal().with_offset(2).check(1, 2, 3).is_err());
    }
}
