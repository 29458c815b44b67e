//! Finds the anchors of a text. Three bytes at once are asked whether any anchor may begin so, for a block of places at
//! a time, which rules out nearly all; the few that are left are looked up by their first two bytes and compared.

use std::ops::Range;

use crate::anchor::{Anchor, Mark};
use crate::slot;
use crate::work::examined;

// `ANCHORS`, the longest first, which fall into groups; `HALVES` and `PLACES`, which have by place and byte a bit for
// each group that has an anchor with this byte in this place; `HEADS` and `SLOTS`, by which anchors are looked up.
include!(concat!(env!("OUT_DIR"), "/anchors.rs"));

/// How an anchor begins: the first eight of its bytes, or all, as numbers in little-endian order.
struct Head {
    /// Its place in `ANCHORS`.
    anchor: u16,
    head: u64,
    /// The bit that tells small letters from capital ones, where it does not count.
    case: u64,
    /// All bits of the bytes that there are.
    mask: u64,
}

/// How many places are asked before one branch on the answers.
const BLOCK: usize = 16;

/// A block and the two bytes that an anchor that begins at its end has after it.
type Window = [u8; BLOCK + 2];

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
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "relaxed-simd"))]
fn first(bytes: &[u8]) -> Option<(&'static Anchor, usize)> {
    let mut from = 0;
    while let Some(window) = bytes.get(from..).and_then(<[u8]>::first_chunk) {
        let mut places = begun(window);
        while places != 0 {
            let at = from + places.trailing_zeros() as usize;
            if let Some(anchor) = longest(bytes.get(at..)?) {
                examined(at);
                return Some((anchor, at));
            }
            places &= places - 1;
        }
        from += BLOCK;
    }
    let found = (from..bytes.len()).find_map(|at| Some((longest(bytes.get(at..)?)?, at)));
    examined(found.map_or(bytes.len(), |(_, at)| at));
    found
}

/// The places of a block, by bits, where an anchor may begin.
#[cfg(not(target_arch = "wasm32"))]
#[inline]
fn begun(window: &Window) -> u32 {
    let [firsts, seconds, thirds, _] = &PLACES;
    let mut begun = [0; BLOCK];
    for (begun, bytes) in begun.iter_mut().zip(window.windows(3)) {
        if let [first, second, third] = *bytes {
            *begun = firsts[usize::from(first)] & seconds[usize::from(second)] & thirds[usize::from(third)];
        }
    }
    // Most blocks hold none.
    if begun.iter().fold(0, |any, groups| any | groups) == 0 {
        return 0;
    }
    begun.iter().enumerate().map(|(at, groups)| u32::from(*groups != 0) << at).sum()
}

/// The places of a block, by bits, where an anchor may begin.
///
/// All places at once, since what compiles components keeps few numbers in registers: half as long as by `PLACES`. More
/// places are left, as the halves of bytes are asked and not whole ones.
#[cfg(target_arch = "wasm32")]
#[target_feature(enable = "relaxed-simd")]
#[inline]
fn begun(window: &Window) -> u32 {
    use std::arch::wasm32::{
        i8x16_relaxed_swizzle, u8x16_bitmask, u8x16_ne, u8x16_shr, u8x16_splat, v128_and, v128_or,
    };

    let mut groups = HALVES[0].map(|_| u8x16_splat(u8::MAX));
    for (place, sets) in HALVES.iter().enumerate() {
        let bytes = vector(window, place);
        // No index is over 15, so that the relaxed instruction means the same everywhere.
        let (lower, upper) = (v128_and(bytes, u8x16_splat(15)), u8x16_shr(bytes, 4));
        for (groups, [by_lower, by_upper]) in groups.iter_mut().zip(sets) {
            let by_lower = i8x16_relaxed_swizzle(vector(by_lower, 0), lower);
            let by_upper = i8x16_relaxed_swizzle(vector(by_upper, 0), upper);
            *groups = v128_and(*groups, v128_and(by_lower, by_upper));
        }
    }
    let any = groups.into_iter().fold(u8x16_splat(0), |any, groups| v128_or(any, groups));
    u32::from(u8x16_bitmask(u8x16_ne(any, u8x16_splat(0))))
}

/// Sixteen bytes from `at` on.
#[cfg(target_arch = "wasm32")]
#[target_feature(enable = "relaxed-simd")]
#[inline]
fn vector(bytes: &[u8], at: usize) -> std::arch::wasm32::v128 {
    let half = |at| bytes.get(at..).map_or(0, number);
    std::arch::wasm32::u64x2(half(at), half(at + 8))
}

/// The longest anchor that `bytes` begin with.
#[inline(always)]
fn longest(bytes: &[u8]) -> Option<&'static Anchor> {
    // Of what passed as halves some fails as whole bytes.
    if let Some(begin) = bytes.first_chunk::<4>() {
        let has = |groups, (places, &byte): (&[u32; 256], &u8)| groups & places[usize::from(byte)];
        if PLACES.iter().zip(begin).fold(u32::MAX, has) == 0 {
            return None;
        }
    }
    looked_up(bytes)
}

#[inline(never)]
fn looked_up(bytes: &[u8]) -> Option<&'static Anchor> {
    let [first, second] = *bytes.first_chunk()?;
    let slot = slot::of(first, second);
    let [start, end] = [slot, slot + 1].map(|slot| SLOTS.get(slot).copied().map(usize::from));
    let begin = number(bytes);
    let begins = |head: &&Head| (begin | head.case) & head.mask == head.head;
    let anchors = HEADS.get(start?..end?)?.iter().filter(begins).map(|head| usize::from(head.anchor));
    anchors.filter_map(|anchor| ANCHORS.get(anchor)).find(|anchor| self::begins(bytes, anchor))
}

/// The first eight bytes as a number; zeros stand for what is missing.
#[inline]
fn number(bytes: &[u8]) -> u64 {
    if let Some(bytes) = bytes.first_chunk() {
        return u64::from_le_bytes(*bytes);
    }
    let mut begin = [0; 8];
    begin.iter_mut().zip(bytes).for_each(|(own, byte)| *own = *byte);
    u64::from_le_bytes(begin)
}

/// Whether `bytes` begin with an anchor.
fn begins(bytes: &[u8], anchor: &Anchor) -> bool {
    let Anchor { text, any_case, .. } = *anchor;
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
