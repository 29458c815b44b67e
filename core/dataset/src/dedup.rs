//! Exact duplicates.
//!
//! Texts are compared without normalization of line ends or white space: files that differ in a byte are different.

use std::collections::HashMap;

use super::document::{Document, Dropped, Stage};

/// Keeps the first of equal texts by path; the reason of the others names it.
///
/// `documents` must be sorted by path, and the result is as well.
pub fn dedup(documents: Vec<Document>) -> (Vec<Document>, Vec<(Document, Dropped)>) {
    let mut first: HashMap<[u8; 32], String> = HashMap::with_capacity(documents.len());
    let mut kept = Vec::with_capacity(documents.len());
    let mut copies = Vec::new();
    for document in documents {
        let content = content_digest(&document);
        match first.get(&content) {
            Some(original) => {
                let reason = format!("same text as {original}");
                let dropped =
                    Dropped { path: document.path.clone(), stage: Stage::Duplicate, reason, tokens: 0 };
                copies.push((document, dropped));
            }
            None => {
                first.insert(content, document.path.clone());
                kept.push(document);
            }
        }
    }
    (kept, copies)
}

/// BLAKE3 of the text, which identifies it for deduplication and the split.
pub(super) fn content_digest(document: &Document) -> [u8; 32] {
    *blake3::hash(document.text.as_bytes()).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::tests::document;
    use super::*;

    #[test]
    fn the_first_by_path_stays_and_copies_name_it() {
        let (kept, copies) = dedup(vec![document("a", "x\n"), document("b", "y\n"), document("c", "x\n")]);
        assert_eq!(kept.iter().map(|d| &*d.path).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(copies.len(), 1);
        assert_eq!(copies[0].1.path, "c");
        assert_eq!(copies[0].1.reason, "same text as a");
    }

    #[test]
    fn texts_that_differ_in_line_ends_are_different() {
        let (kept, copies) = dedup(vec![document("a", "x\n"), document("b", "x\r\n")]);
        assert_eq!((kept.len(), copies.len()), (2, 0));
    }
}
