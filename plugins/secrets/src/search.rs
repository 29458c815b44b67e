//! Finds the anchors of a text: three bytes at once are asked which groups of anchors may begin there, which rules out
//! nearly every place, and the rest is compared.

use std::ops::Range;

use crate::anchor::{Anchor, Mark};
use crate::work::examined;

// `ANCHORS`, the longest first; `GROUPS` of them, by their indexes; and `PLACES`, which has by place and byte a bit for
// each group that has an anchor with this byte in this place.
include!(concat!(env!("OUT_DIR"), "/anchors.rs"));

/// How many bytes are asked before one branch on the answers.
const BLOCK: usize = 16;

/// Every anchor in `text` and where it lies: from left to right, the longest of those that start at one place, none
/// that overlaps a word of a name before it.
pub(crate) fn anchors(text: &str) -> impl Iterator<Item = (&'static Anchor, Range<usize>)> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        let (anchor, at) = first(text.as_bytes().get(from..)?)?;
        let found = from + at..from + at + anchor.text.len();
        // What is only part of a key may hide the begin of a name: ` -p` of ` -password`.
        from = if anchor.keyword.is_some() { found.end } else { found.start + 1 };
        Some((anchor, found))
    })
}

/// The first place where an anchor starts, and the longest of those that start there.
fn first(bytes: &[u8]) -> Option<(&'static Anchor, usize)> {
    let mut begun = Begun::default();
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    for (index, block) in blocks.iter().enumerate() {
        let before = begun;
        // Most blocks hold no anchor. One branch for all their bytes, and in a component one look at the clock.
        let mut groups = 0;
        for &byte in block {
            groups |= begun.next(byte);
        }
        if groups != 0 {
            begun = before;
            if let Some(found) = first_in(bytes, index * BLOCK, block, &mut begun) {
                return Some(found);
            }
        }
    }
    if let Some(found) = first_in(bytes, bytes.len() - rest.len(), rest, &mut begun) {
        return Some(found);
    }
    examined(bytes.len());
    let last = bytes.len().checked_sub(2)?;
    Some((longest(bytes.get(last..)?, begun.two)?, last))
}

/// The first anchor of `bytes` whose third byte lies in `part`, which starts at `from`.
fn first_in(bytes: &[u8], from: usize, part: &[u8], begun: &mut Begun) -> Option<(&'static Anchor, usize)> {
    for (at, &byte) in part.iter().enumerate() {
        let groups = begun.next(byte);
        if groups != 0 {
            let start = (from + at).checked_sub(2)?;
            if let Some(anchor) = longest(bytes.get(start..)?, groups) {
                examined(from + at);
                return Some((anchor, start));
            }
        }
    }
    None
}

/// The groups of which an anchor may have begun at the byte before, and at the one before that.
#[derive(Clone, Copy, Default)]
struct Begun {
    one: u64,
    two: u64,
}

impl Begun {
    /// Goes on by a byte; returns the groups of which an anchor may have this as its third.
    #[inline(always)]
    fn next(&mut self, byte: u8) -> u64 {
        let [firsts, seconds, thirds] = &PLACES;
        let byte = usize::from(byte);
        let groups = self.two & thirds[byte];
        (self.one, self.two) = (firsts[byte], self.one & seconds[byte]);
        groups
    }
}

/// The longest anchor that `bytes` begin with, among these groups.
fn longest(bytes: &[u8], mut groups: u64) -> Option<&'static Anchor> {
    let begins = |&index: &u16| ANCHORS.get(usize::from(index)).is_some_and(|anchor| begins(bytes, anchor));
    let mut longest = None;
    while groups != 0 {
        let group = GROUPS.get(groups.trailing_zeros() as usize)?;
        longest = group.iter().copied().find(begins).into_iter().chain(longest).min();
        groups &= groups - 1;
    }
    ANCHORS.get(usize::from(longest?))
}

/// Whether `bytes` begin with an anchor.
fn begins(bytes: &[u8], anchor: &Anchor) -> bool {
    let Anchor { text, any_case, .. } = *anchor;
    // Most differ soon, where a comparison as a whole costs more than it saves.
    let same = |(own, byte): (u8, &u8)| own == *byte || any_case && own == byte.to_ascii_lowercase();
    text.len() <= bytes.len() && text.bytes().zip(bytes).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::family::FAMILIES;
    use crate::keyword::KEYWORDS;

    #[test]
    fn finds_the_anchors_of_every_family_and_every_keyword() {
        for (index, family) in FAMILIES.iter().enumerate() {
            for text in family.anchors {
                let found = anchors(text).any(|(anchor, _)| anchor.families.contains(&(index, text.len())));
                assert!(found, "{text}");
            }
        }
        for (index, keyword) in KEYWORDS.iter().enumerate() {
            for text in [keyword.text.to_owned(), keyword.text.to_ascii_uppercase()] {
                let expected = Some((index, text.len()));
                assert!(anchors(&text).any(|(anchor, _)| anchor.keyword == expected), "{text}");
            }
        }
    }

    #[test]
    fn finds_what_a_comparison_at_every_place_finds() {
        let mut state = 1u64;
        let mut below = |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % bound
        };
        for _ in 0..4000 {
            // Anchors, whole and in part, in their own letters and in capitals.
            let mut text = String::new();
            for _ in 0..4 {
                let part: Vec<char> = ANCHORS[below(ANCHORS.len())].text.chars().collect();
                let end = part.len() - below(2) * below(part.len());
                let capitals = below(3) == 0;
                let cased = |c: &char| if capitals { c.to_ascii_uppercase() } else { *c };
                text.extend(part[below(2) * below(end)..end].iter().map(cased));
            }
            let (mut expected, mut start) = (Vec::new(), 0);
            while start < text.len() {
                let rest = &text.as_bytes()[start..];
                let Some(anchor) = ANCHORS.iter().find(|anchor| begins(rest, anchor)) else {
                    start += 1;
                    continue;
                };
                let end = start + anchor.text.len();
                expected.push((anchor.text, start..end));
                start = if anchor.keyword.is_some() { end } else { start + 1 };
            }
            let found: Vec<_> = anchors(&text).map(|(anchor, at)| (anchor.text, at)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn one_text_may_begin_a_key_and_a_name() {
        let found: Vec<_> = anchors("key-").collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1, 0..4);
        assert!(found[0].0.keyword.is_some() && !found[0].0.families.is_empty());
    }

    #[test]
    fn finds_neighbours_and_nothing_between() {
        let found: Vec<_> = anchors("tokentokenAPIKEY past word ghp ghp_").map(|(_, at)| at).collect();
        assert_eq!(found, [0..5, 5..10, 10..16, 31..35]);
    }
}
