//! Fingerprints of lines that are stable when other lines change.
//!
//! GitHub matches alerts by `primaryLocationLineHash`, which its `codeql-action` computes if it is missing
//! (`src/fingerprints.ts`): for each line, the polynomial hash of the 100 UTF-16 units from its start, without spaces
//! and tabs, with all line ends as line feeds and zeros after the end of the text; then a colon and the number of
//! earlier lines with the same hash.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

const BLOCK: usize = 100;
const FACTOR: u64 = 37;
/// Marks the end of the text.
const END: u16 = u16::MAX;

/// The hashes of a text's lines, by line number from 1. Only `wanted` lines, in ascending order, are included.
///
/// The sorted, disjoint spans in `hidden` are ignored like spaces: a hash that depends on a secret would reveal
/// information about it, and a replaced secret is the same finding.
pub(super) fn line_hashes(text: &str, hidden: &[Range<u32>], wanted: &[u32]) -> HashMap<u32, String> {
    let mut hashes = Hashes { wanted, ..Hashes::default() };
    let mut hidden = hidden.iter().peekable();
    let mut after_return = false;
    for (at, c) in text.char_indices() {
        while hidden.next_if(|span| span.end as usize <= at).is_some() {}
        if hidden.peek().is_some_and(|span| span.start as usize <= at) && !matches!(c, '\r' | '\n') {
            continue;
        }
        let is_second_half = std::mem::replace(&mut after_return, c == '\r') && c == '\n';
        if matches!(c, ' ' | '\t') || is_second_half {
            after_return = false;
            continue;
        }
        let mut units = [0; 2];
        for unit in if c == '\r' { '\n' } else { c }.encode_utf16(&mut units) {
            hashes.push(*unit);
        }
    }
    hashes.finish()
}

#[derive(Default)]
struct Hashes<'a> {
    wanted: &'a [u32],
    /// The characters of the block, and the lines that start at them.
    block: VecDeque<(u16, Option<u32>)>,
    hash: u64,
    line: u32,
    within_line: bool,
    seen: HashMap<u64, u32>,
    found: HashMap<u32, String>,
}

impl Hashes<'_> {
    fn push(&mut self, unit: u16) {
        let starts = (!self.within_line).then(|| {
            self.line += 1;
            self.line
        });
        self.within_line = unit != u16::from(b'\n');
        self.add(unit, starts);
    }

    fn add(&mut self, unit: u16, starts: Option<u32>) {
        if self.block.len() == BLOCK
            && let Some((first, line)) = self.block.pop_front()
        {
            if let Some(line) = line {
                let number = self.seen.entry(self.hash).or_default();
                *number += 1;
                if self.wanted.binary_search(&line).is_ok() {
                    self.found.insert(line, format!("{:x}:{number}", self.hash));
                }
            }
            self.hash =
                self.hash.wrapping_sub(FACTOR.wrapping_pow(BLOCK as u32 - 1).wrapping_mul(first.into()));
        }
        self.hash = self.hash.wrapping_mul(FACTOR).wrapping_add(unit.into());
        self.block.push_back((unit, starts));
    }

    fn finish(mut self) -> HashMap<u32, String> {
        // The block initially contains zeros, which add nothing to a hash.
        while self.block.len() < BLOCK {
            self.block.push_front((0, None));
        }
        self.push(END);
        for _ in 0..BLOCK {
            self.add(0, None);
        }
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        let lines: Vec<u32> = (1..=30).collect();
        let found = line_hashes(text, &[], &lines);
        let mut found: Vec<(u32, String)> = found.into_iter().collect();
        found.sort();
        assert!(found.iter().map(|(line, _)| *line).eq(1..=found.len() as u32));
        found.into_iter().map(|(_, hash)| hash).collect()
    }

    /// The expected values are those of `src/fingerprints.test.ts` in github/codeql-action.
    #[test]
    fn hashes_are_those_of_the_codeql_action() {
        assert_eq!(all(""), ["c129715d7a2bc9a3:1"]);
        assert_eq!(
            all(" a\nb\n  \t\tc\n d"),
            ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"]
        );
        let greetings = [
            "e9496ae3ebfced30:1",
            "fb7c023a8b9ccb3f:1",
            "ce8ba1a563dcdaca:1",
            "e20e36e16fcb0cc8:1",
            "b3edc88f2938467e:1",
            "c8e28b0b4002a3a0:1",
            "c129715d7a2bc9a3:1",
        ];
        for text in [
            " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n",
            " hello; \t\nworld!!!\r\r\r  \t\tGreetings\r End\r",
            " hello; \t\r\nworld!!!\r\n\r\n\r\n  \t\tGreetings\r\n End\r\n",
            " hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n",
        ] {
            assert_eq!(all(text), greetings, "{text:?}");
        }
        assert_eq!(
            all(&"Lorem ipsum dolor sit amet.\n".repeat(10)),
            [
                "a7f2ff13bc495cf2:1",
                "a7f2ff13bc495cf2:2",
                "a7f2ff13bc495cf2:3",
                "a7f2ff13bc495cf2:4",
                "a7f2ff13bc495cf2:5",
                "a7f2ff13bc495cf2:6",
                "a7f2ff1481e87703:1",
                "a9cf91f7bbf1862b:1",
                "55ec222b86bcae53:1",
                "cc97dc7b1d7d8f7b:1",
                "c129715d7a2bc9a3:1",
            ]
        );
    }

    #[test]
    fn what_is_hidden_does_not_count() {
        let hash = |secret: &str| {
            let text = format!("a = 1\nkey = '{secret}'\nb = 2\n");
            let start = text.find(secret).unwrap() as u32;
            let hidden = start..start + secret.len() as u32;
            line_hashes(&text, std::slice::from_ref(&hidden), &[2]).remove(&2)
        };
        assert_eq!(hash("hunter2"), hash("größer als zuvor"));
        assert_eq!(hash("hunter2"), hash("two\u{1f600}"));
        assert!(hash("hunter2").is_some());
    }
}
