use std::cmp::Reverse;

use crate::anchor::MARKS;
use crate::family::FAMILIES;
use crate::keyword::KEYWORDS;

/// A text that is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text {
    pub text: &'static str,
    /// Whether ASCII letters match in either case.
    pub any_case: bool,
}

/// Every text. Of two that begin alike the longer comes first, as it stands for both; of two that are alike, the one
/// that is exact.
pub(crate) fn all() -> Vec<Text> {
    let exact = |text| Text { text, any_case: false };
    let families = FAMILIES.iter().flat_map(|family| family.anchors).copied().map(exact);
    let marks = MARKS.iter().map(|(text, _)| *text).map(exact);
    let keywords = KEYWORDS.iter().map(|keyword| Text { text: keyword.text, any_case: true });
    let mut texts: Vec<Text> = families.chain(marks).chain(keywords).collect();
    texts.sort_by_key(|text| (Reverse(text.text.len()), text.text, text.any_case));
    texts.dedup_by_key(|text| (text.text, text.any_case));
    texts
}

impl Text {
    /// Whether all that this finds begins with `other`.
    pub(crate) fn begins_with(&self, other: &Text) -> bool {
        let start = self.text.as_bytes().get(..other.text.len());
        start.is_some_and(|start| {
            start == other.text.as_bytes()
                || other.any_case && start.eq_ignore_ascii_case(other.text.as_bytes())
        })
    }

    /// Whether what this finds may have `byte` in this place; behind its end may be anything.
    pub(crate) fn may_have(&self, place: usize, byte: u8) -> bool {
        self.text
            .as_bytes()
            .get(place)
            .is_none_or(|&own| own == byte || self.any_case && own.eq_ignore_ascii_case(&byte))
    }
}
