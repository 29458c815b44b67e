use std::ops::Range;

use regex_automata::Input;
use regex_automata::dfa::Automaton;
use regex_automata::dfa::dense::DFA;

use crate::anchor::{Anchor, Mark};

include!(concat!(env!("OUT_DIR"), "/anchors.rs"));

/// The automaton as `build.rs` wrote it, where numbers of 32 bits can be read.
#[repr(C)]
struct Aligned<Bytes: ?Sized> {
    _align: [u32; 0],
    bytes: Bytes,
}

static AUTOMATON: &Aligned<[u8]> =
    &Aligned { _align: [], bytes: *include_bytes!(concat!(env!("OUT_DIR"), "/anchors.dfa")) };

/// Every anchor in `text` and where it lies: from left to right, the longest of those that start at one place, none
/// that overlaps a word of a name before it.
pub(crate) fn anchors(text: &str) -> impl Iterator<Item = (&'static Anchor, Range<usize>)> + '_ {
    // SAFETY: these are the bytes that this version of the library wrote for this byte order, unchanged and aligned.
    // To check them again would cost every instance more than to analyse a file.
    let automaton = unsafe { DFA::from_bytes_unchecked(&AUTOMATON.bytes) };
    let automaton = automaton.ok().map(|(automaton, _)| automaton);
    let mut input = Input::new(text);
    std::iter::from_fn(move || {
        // The automaton gives up on no byte, so its search cannot fail.
        let found = automaton.as_ref()?.try_search_fwd(&input).ok()??;
        let anchor = ANCHORS.get(found.pattern().as_usize())?;
        let start = found.offset().checked_sub(anchor.length).filter(|start| *start >= input.start())?;
        // What is only part of a key may hide the begin of a name: ` -p` of ` -password`.
        input.set_start(if anchor.keyword.is_some() { found.offset() } else { start + 1 });
        Some((anchor, start..found.offset()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::family::FAMILIES;
    use crate::keyword::KEYWORDS;

    #[test]
    fn the_automaton_is_whole() {
        DFA::from_bytes(&AUTOMATON.bytes).expect("an automaton");
    }

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
