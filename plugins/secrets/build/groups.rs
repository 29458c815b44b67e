//! The search asks three bytes at once whether a text may begin there, by one bit for each group of texts. A group lets
//! pass what has the first byte of any of its texts, the second of any and the third of any, so texts that begin alike
//! belong together.

use crate::text::Text;

/// As many as a number has bits.
const GROUPS: usize = 64;

/// Texts that are told from all else by one bit.
pub(crate) struct Group {
    /// Their places among all texts, in order.
    pub texts: Vec<u16>,
    /// The bytes that one of them may have as its first, second and third.
    places: [Bytes; 3],
}

/// A set of bytes.
#[derive(Clone, Copy, PartialEq)]
struct Bytes([u128; 2]);

/// Sorts texts into groups: joins again and again the two that let pass the least more together.
pub(crate) fn of(texts: &[Text]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let places = [0, 1, 2].map(|place| Bytes::of(|byte| text.may_have(place, byte)));
        let index = u16::try_from(index).expect("there are few texts");
        match groups.iter_mut().find(|group| group.places == places) {
            Some(group) => group.texts.push(index),
            None => groups.push(Group { texts: vec![index], places }),
        }
    }
    while groups.len() > GROUPS {
        let pairs = (0..groups.len()).flat_map(|second| (0..second).map(move |first| (first, second)));
        let more = |&(first, second): &(usize, usize)| {
            let (first, second) = (&groups[first], &groups[second]);
            passed(&joined(first, second)) - passed(&first.places) - passed(&second.places)
        };
        let Some((first, second)) = pairs.min_by_key(more) else { break };
        let Group { texts, .. } = &groups[second];
        let mut all = [&groups[first].texts[..], texts].concat();
        all.sort_unstable();
        groups[first] = Group { texts: all, places: joined(&groups[first], &groups[second]) };
        groups.remove(second);
    }
    groups
}

fn joined(first: &Group, second: &Group) -> [Bytes; 3] {
    [0, 1, 2].map(|place| first.places[place].or(second.places[place]))
}

/// How many triples of bytes pass.
fn passed(places: &[Bytes; 3]) -> i64 {
    places.iter().map(|bytes| i64::from(bytes.count())).product()
}

impl Group {
    /// Whether one of the texts may have `byte` in this place.
    pub(crate) fn has(&self, place: usize, byte: u8) -> bool {
        self.places[place].has(byte)
    }
}

impl Bytes {
    fn of(has: impl Fn(u8) -> bool) -> Self {
        let half = |start: u8| (0..128).map(|bit| u128::from(has(start + bit)) << bit).sum();
        Bytes([half(0), half(128)])
    }

    fn or(self, other: Self) -> Self {
        Bytes([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }

    fn has(self, byte: u8) -> bool {
        self.0[usize::from(byte >> 7)] >> (byte & 127) & 1 == 1
    }

    fn count(self) -> u32 {
        self.0[0].count_ones() + self.0[1].count_ones()
    }
}
