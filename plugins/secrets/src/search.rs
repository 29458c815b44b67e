use std::ops::Range;

use regex_automata::Input;
use regex_automata::dfa::Automaton;
use regex_automata::dfa::dense::DFA;

use crate::anchor::{ANCHORS, Anchor};

/// The automaton as `build.rs` wrote it, where numbers of 32 bits can be read.
#[repr(C)]
struct Aligned<Bytes: ?Sized> {
    _align: [u32; 0],
    bytes: Bytes,
}

static AUTOMATON: &Aligned<[u8]> =
    &Aligned { _align: [], bytes: *include_bytes!(concat!(env!("OUT_DIR"), "/anchors.dfa")) };

/// Every anchor in `text` and where it lies: from left to right, the longest of those that start at one place, none
/// that overlaps the one before.
pub(crate) fn anchors(text: &str) -> impl Iterator<Item = (Anchor, Range<usize>)> + '_ {
    // SAFETY: these are the bytes that this version of the library wrote for this byte order, unchanged and aligned.
    // To check them again would cost every instance more than to analyse a file.
    let automaton = unsafe { DFA::from_bytes_unchecked(&AUTOMATON.bytes) };
    let automaton = automaton.ok().map(|(automaton, _)| automaton);
    let mut input = Input::new(text);
    std::iter::from_fn(move || {
        // The automaton gives up on no byte, so its search cannot fail.
        let found = automaton.as_ref()?.try_search_fwd(&input).ok()??;
        let &(anchor, kind) = ANCHORS.get(found.pattern().as_usize())?;
        input.set_start(found.offset());
        Some((kind, found.offset() - anchor.len()..found.offset()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_automaton_is_whole() {
        DFA::from_bytes(&AUTOMATON.bytes).expect("an automaton");
    }

    #[test]
    fn finds_every_anchor_wherever_it_lies() {
        for &(text, anchor) in ANCHORS {
            for around in ["", "x", "é", "-", "Sk", "to", "passw"] {
                let text = format!("{around}{text}{around}");
                let expected = (around.len()..text.len() - around.len(), anchor);
                let found: Vec<_> = anchors(&text).map(|(anchor, at)| (at, anchor)).collect();
                assert_eq!(found, [expected], "{text}");
            }
        }
    }

    #[test]
    fn finds_neighbours_and_nothing_between() {
        let found: Vec<_> = anchors("tokentokenAPIKEY pass word ghp ghp_").map(|(_, at)| at).collect();
        assert_eq!(found, [0..5, 5..10, 10..16, 31..35]);
    }
}
